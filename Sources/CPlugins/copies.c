// Copies of the process that a plugin forks. A copy that returned from the plugin's call would
// continue the training and write the same rows to the same files.
#define _GNU_SOURCE
#include "guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/syscall.h>
#else
#include <dlfcn.h>
#endif
#include <unistd.h>

static volatile pid_t unwatched = 1;
volatile pid_t *guard_original = &unwatched;

// Shared with all copies: true if one has printed the warning.
static _Atomic bool *has_warned;

static void *page(int flags) {
  void *start = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

static void clear(void) { *guard_original = 0; }

void guard_begin_copies(void) {
  has_warned = page(MAP_SHARED);
  volatile pid_t *original = page(MAP_PRIVATE);
  if (original) guard_original = original;
  *guard_original = getpid();
  // The kernel clears this page in every copy, whichever system call creates it. Before Linux
  // 4.14, the C library does.
#ifdef MADV_WIPEONFORK
  if (original && madvise((void *)original, 4096, MADV_WIPEONFORK) == 0) return;
#endif
  pthread_atfork(NULL, NULL, clear);
}

#ifdef __linux__

// Both call the system directly: vfork shares the page, and `_exit` is replaced.
bool guard_is_copy(void) { return *guard_original != syscall(SYS_getpid); }

_Noreturn void guard_end_now(int status) {
  for (;;) syscall(SYS_exit_group, status);
}

#else

bool guard_is_copy(void) { return *guard_original != getpid(); }

// The C library's `_exit` itself, which a plugin's call does not reach.
_Noreturn void guard_end_now(int status) {
  void (*end)(int) = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
  for (;;) end(status);
}

#endif

void guard_end_copy(struct nnexp_call call) {
  if (!has_warned || !atomic_exchange(has_warned, true)) {
    guard_write(call.callee->location);
    guard_write("warning: ");
    guard_write(call.callee->subject);
    guard_write(" forked the process in ");
    guard_write(call.what);
    guard_write(", and the copy returned from it; copies that return are ended\n");
  }
  guard_end_now(2);
}
