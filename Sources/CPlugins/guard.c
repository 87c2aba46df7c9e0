#define _GNU_SOURCE
#include "nnexp_guard.h"

#include <stdint.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// What each thread is doing. The handlers run at any moment, even in the middle
// of an allocation: they read these and write texts that are there already.
enum { most_threads = 256, stack_size = 1 << 16 };
struct record {
  atomic_bool is_taken;
  _Atomic(const struct nnexp_callee *) callee;
  _Atomic(const char *) what;
  _Atomic(const struct nnexp_callee *) last;
  _Atomic uint64_t entries;
};
static struct record records[most_threads];
static atomic_int record_count;
static __thread struct record *mine;
static _Atomic(const char *) note;
static pthread_key_t key;

static const int watched[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
enum { watched_count = sizeof watched / sizeof *watched };
static struct sigaction earlier[watched_count];

static void say(const char *text) {
  size_t sent = 0, length = strlen(text);
  while (sent < length) {
    ssize_t count = write(2, text + sent, length - sent);
    if (count <= 0) return;
    sent += (size_t)count;
  }
}

static void say_number(unsigned number) {
  char text[12] = {0};
  char *digit = text + sizeof text - 1;
  do *--digit = (char)('0' + number % 10);
  while (number /= 10);
  say(digit);
}

static const char *name_of(int signal) {
  switch (signal) {
    case SIGSEGV: return "an access to memory that is not its own (SIGSEGV)";
    case SIGBUS: return "an access to memory that is not there (SIGBUS)";
    case SIGILL: case SIGTRAP: return "a failed check, such as an index out of range";
    case SIGFPE: return "an integer division by zero (SIGFPE)";
    default: return "it aborted (SIGABRT)";
  }
}

// Ends the process: bad input, for a plugin is input. Nothing else may run.
static void leave_now(void) {
  const char *text = atomic_load(&note);
  if (text) {
    say("note: ");
    say(text);
    say("\n");
  }
  syscall(SYS_exit_group, 2);
}

// The call that is to blame: this thread's, or any that is under way.
static struct record *culprit(void) {
  if (mine && atomic_load(&mine->callee)) return mine;
  int count = atomic_load(&record_count);
  for (int i = 0; i < count && i < most_threads; i++)
    if (atomic_load(&records[i].callee)) return &records[i];
  return NULL;
}

static void blame(struct record *record, const char *verb, const char *reason) {
  say(atomic_load(&record->callee)->who);
  say(verb);
  say(atomic_load(&record->what));
  say(reason);
}

static void at_fault(int signal) {
  // Left there by the allocation that failed, in the thread that failed for it:
  // Swift's runtime aborts then, or reads from nowhere.
  if (errno == ENOMEM) {
    say("error: the system refused memory; see 'ulimit -v'\n");
    syscall(SYS_exit_group, 3);
  }
  struct record *record = culprit();
  if (record) {
    blame(record, " crashed in ", ": ");
    say(name_of(signal));
    say("\n");
    leave_now();
  }
  // Not within a plugin; but a plugin may have spoilt what failed now.
  if (mine && atomic_load(&mine->last)) {
    say("nnexp crashed; it had last called a plugin:\n");
    say(atomic_load(&mine->last)->who);
    say("\n");
  }
  for (int i = 0; i < watched_count; i++)
    if (watched[i] == signal) sigaction(signal, &earlier[i], NULL);
  raise(signal);
}

static void at_exit(void) {
  struct record *record = culprit();
  if (!record) return;
  blame(record, " ended the process in ", "\n");
  leave_now();
}

// A plugin that calls `_exit` finds this one before the C library's.
void _exit(int status) {
  at_exit();
  for (;;) syscall(SYS_exit_group, status);
}

// Looks once a second whether a call is still the one that it was. Seconds in
// which the process was stopped do not count.
static void *watch(void *nothing) {
  static uint64_t seen[most_threads];
  static unsigned age[most_threads];
  for (;;) {
    struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    int count = atomic_load(&record_count);
    for (int i = 0; i < count && i < most_threads; i++) {
      uint64_t entries = atomic_load(&records[i].entries);
      const struct nnexp_callee *callee = atomic_load(&records[i].callee);
      if (entries != seen[i] || !callee) {
        seen[i] = entries;
        age[i] = 0;
      } else if (++age[i] >= callee->seconds) {
        blame(&records[i], " hangs in ", ": no return after ");
        say_number(callee->seconds);
        say(" s\n");
        leave_now();
      }
    }
  }
  return nothing;
}

// A thread's first call. A stack that ran over cannot serve the handler, so that
// each thread has one more.
static struct record *enlist(void) {
  static struct record nobody;  // what threads beyond the most share, unwatched
  mine = &nobody;
  for (int i = 0; i < most_threads; i++) {
    if (atomic_exchange(&records[i].is_taken, true)) continue;
    mine = &records[i];
    if (atomic_load(&record_count) <= i) atomic_store(&record_count, i + 1);
    break;
  }
  stack_t stack = {.ss_sp = malloc(stack_size), .ss_size = stack_size};
  if (stack.ss_sp) sigaltstack(&stack, NULL);
  pthread_setspecific(key, mine);
  return mine;
}

// A thread ends.
static void discharge(void *record) {
  stack_t none = {.ss_flags = SS_DISABLE}, stack;
  if (sigaltstack(&none, &stack) == 0 && !(stack.ss_flags & SS_DISABLE)) free(stack.ss_sp);
  atomic_store(&((struct record *)record)->is_taken, false);
}

static void handle_faults(void) {
  struct sigaction action = {.sa_handler = at_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  for (int i = 0; i < watched_count; i++) sigaction(watched[i], &action, &earlier[i]);
}

void nnexp_guard_memory(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, handle_faults);
}

static void begin(void) {
  nnexp_guard_memory();
  pthread_key_create(&key, discharge);
  atexit(at_exit);
  at_quick_exit(at_exit);
  // The watchman takes none of the signals that ask a run to end.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void nnexp_guard_begin(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, begin);
}

struct nnexp_call nnexp_guard_enter(const struct nnexp_callee *callee, const char *what) {
  struct record *record = mine ? mine : enlist();
  struct nnexp_call previous = {
      atomic_load_explicit(&record->callee, memory_order_relaxed),
      atomic_load_explicit(&record->what, memory_order_relaxed)};
  atomic_store_explicit(&record->what, what, memory_order_relaxed);
  atomic_store_explicit(&record->callee, callee, memory_order_release);
  uint64_t entries = atomic_load_explicit(&record->entries, memory_order_relaxed);
  atomic_store_explicit(&record->entries, entries + 1, memory_order_relaxed);
  return previous;
}

void nnexp_guard_leave(struct nnexp_call previous) {
  const struct nnexp_callee *callee = atomic_load_explicit(&mine->callee, memory_order_relaxed);
  atomic_store_explicit(&mine->last, callee, memory_order_relaxed);
  atomic_store_explicit(&mine->what, previous.what, memory_order_relaxed);
  atomic_store_explicit(&mine->callee, previous.callee, memory_order_release);
}

void nnexp_guard_note(const char *text) { atomic_store(&note, text); }
