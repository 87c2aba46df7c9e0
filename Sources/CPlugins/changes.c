// The state of the process that a plugin must not change: the current folder, the umask,
// descriptors 0 to 2 and signal handlers, recorded before the first plugin was loaded.
#define _GNU_SOURCE
#include "guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { signal_count = 32 };

// A standard stream: its file and its access mode.
struct stream {
  bool is_open;
  int access;
  dev_t device, kind;
  ino_t number;
};

static dev_t folder_device;
static ino_t folder_number;
static mode_t file_mask;
static struct stream streams[3];
static struct sigaction actions[signal_count];
static int standard_error = 2;
static atomic_bool is_watched;
static pthread_mutex_t check_lock = PTHREAD_MUTEX_INITIALIZER;

// A linked list of the callees since the last check.
static struct nnexp_callee *called;

int guard_standard_error(void) {
  return fcntl(standard_error, F_GETFD) >= 0 ? standard_error : 2;
}

static struct stream stream(int descriptor) {
  struct stat status;
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fstat(descriptor, &status) != 0) return (struct stream){.is_open = false};
  return (struct stream){true, flags & O_ACCMODE, status.st_dev, status.st_rdev, status.st_ino};
}

static bool is_same(struct stream a, struct stream b) {
  return a.is_open == b.is_open && a.access == b.access && a.device == b.device &&
         a.kind == b.kind && a.number == b.number;
}

// The umask can only be read by setting it. The temporary value denies others access to a file
// that another thread creates meanwhile.
static mode_t present_mask(void) {
  mode_t mask = umask(077);
  umask(mask);
  return mask;
}

// The handlers of these two cannot be set. Signals from 32 on are real-time signals, or belong
// to the C library.
static bool is_checked(int signal) { return signal != SIGKILL && signal != SIGSTOP; }

static void note_process(void) {
  struct stat status;
  if (stat(".", &status) == 0) {
    folder_device = status.st_dev;
    folder_number = status.st_ino;
  }
  file_mask = present_mask();
  for (int i = 0; i < 3; i++) streams[i] = stream(i);
  for (int i = 1; i < signal_count; i++)
    if (is_checked(i)) sigaction(i, NULL, &actions[i]);
  // A copy for messages: a plugin may close 2, and a file that it opens then has that number.
  int copy = fcntl(2, F_DUPFD_CLOEXEC, 64);
  if (copy >= 0) standard_error = copy;
  atomic_store(&is_watched, true);
}

void guard_watch_process(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, note_process);
}

void guard_mark(struct nnexp_callee *callee) {
  if (__atomic_fetch_or(&callee->done, guard_called, __ATOMIC_ACQ_REL) & guard_called) return;
  struct nnexp_callee *head = __atomic_load_n(&called, __ATOMIC_RELAXED);
  do callee->next = head;
  while (!__atomic_compare_exchange_n(&called, &head, callee, true, __ATOMIC_RELEASE,
                                      __ATOMIC_RELAXED));
}

// True if a handler is code of this program, not of a plugin.
static bool is_own(const struct sigaction *action) {
  Dl_info handler, own;
  return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN &&
         dladdr((void *)action->sa_handler, &handler) &&
         dladdr((void *)nnexp_guard_check, &own) && handler.dli_fbase == own.dli_fbase;
}

// The flag with which the C library sets handlers.
#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif

// True if the signal is handled as before, or if this program changed it: by setting its own
// handler, by a handler that is used once, or by ignoring SIGXFSZ.
static bool is_handled(int signal) {
  struct sigaction found, *before = &actions[signal];
  if (sigaction(signal, NULL, &found) != 0) return true;
  bool has_same_flags = !((found.sa_flags ^ before->sa_flags) & ~SA_RESTORER);
  if (found.sa_handler == before->sa_handler && has_same_flags) return true;
  bool has_served = found.sa_handler == SIG_DFL && before->sa_flags & (int)SA_RESETHAND;
  bool is_size = signal == SIGXFSZ && found.sa_handler == SIG_IGN;
  if (!has_served && !is_size && !is_own(&found)) return false;
  *before = found;
  return true;
}

// Describes the change, as the words after "it"; null if there is none.
static const char *change(void) {
  static char text[128];
  static const char *const names[] = {"standard input", "standard output", "standard error"};
  struct stat status;
  if (stat(".", &status) != 0 || status.st_dev != folder_device || status.st_ino != folder_number)
    return "changed the current folder";
  mode_t mask = present_mask();
  if (mask != file_mask) {
    snprintf(text, sizeof text, "changed the umask from %03o to %03o", file_mask, mask);
    return text;
  }
  for (int i = 0; i < 3; i++) {
    struct stream found = stream(i);
    if (is_same(found, streams[i])) continue;
    snprintf(text, sizeof text, "%s %s (descriptor %d)", found.is_open ? "replaced" : "closed",
             names[i], i);
    return text;
  }
  for (int i = 1; i < signal_count; i++) {
    if (!is_checked(i) || is_handled(i)) continue;
    snprintf(text, sizeof text, "changed the handler of signal %d (%s)", i, strsignal(i));
    return text;
  }
  return NULL;
}

_Noreturn static void report(const char *change, struct nnexp_call call,
                             const struct nnexp_callee *called) {
  bool is_one = called && !called->next;
  if (is_one) {
    guard_write(called->location);
    guard_write("error: ");
    guard_write(called->subject);
  } else {
    guard_write("error: ");
    guard_write_plugins();
  }
  guard_write(" ");
  guard_write(change);
  if (is_one && call.callee == called) {
    guard_write(" in ");
    guard_write(call.what);
  }
  guard_write("\n");
  for (; !is_one && called; called = called->next) {
    guard_write("note: ");
    guard_write(called->location);
    guard_write(called->subject);
    guard_write(" was called since the last check\n");
  }
  guard_leave_now();
}

void nnexp_guard_check(void) {
  if (!atomic_load_explicit(&is_watched, memory_order_acquire)) return;
  pthread_mutex_lock(&check_lock);
  const char *found = change();
  struct nnexp_call call = {NULL, NULL};
  if (found) call = guard_mark_calls();
  struct nnexp_callee *list = __atomic_exchange_n(&called, NULL, __ATOMIC_ACQUIRE);
  if (found) report(found, call, list);
  while (list) {
    struct nnexp_callee *next = list->next;
    __atomic_fetch_and(&list->done, ~guard_called, __ATOMIC_RELEASE);
    list = next;
  }
  pthread_mutex_unlock(&check_lock);
}
