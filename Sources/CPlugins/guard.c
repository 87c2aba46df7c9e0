#define _GNU_SOURCE
#include "guard.h"

#include "arithmetic.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// The current call of each thread. The handlers may run at any moment, even during an
// allocation: they only read these records and write existing texts.
enum { most_threads = 256, stack_size = 1 << 16 };
struct record {
  atomic_bool is_taken;
  _Atomic(struct nnexp_callee *) callee;
  _Atomic(const char *) what;
  _Atomic(struct nnexp_callee *) last;
  uint32_t arithmetic;  // the floating-point control bits of the thread
  _Atomic uint64_t entries;
};
static struct record records[most_threads];
static atomic_int record_count;
#ifdef __ELF__
__attribute__((tls_model("initial-exec")))
#endif
static __thread struct record *mine;
static _Atomic(const char *) note;
static atomic_bool has_begun;
static pthread_key_t key;

static const int watched[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
enum { watched_count = sizeof watched / sizeof *watched };
static struct sigaction earlier[watched_count];

// The names of the loaded plugins; if there are more, the rest are not named.
enum { most_plugins = 64 };
static _Atomic(struct nnexp_callee *) plugins[most_plugins];
static atomic_int plugin_count;

void guard_write(const char *text) {
  size_t sent = 0, length = strlen(text);
  while (sent < length) {
    ssize_t count = write(guard_standard_error(), text + sent, length - sent);
    if (count <= 0) return;
    sent += (size_t)count;
  }
}

void guard_write_number(unsigned number, unsigned base) {
  char text[12] = {0};
  char *digit = text + sizeof text - 1;
  do *--digit = (char)('0' + number % base);
  while (number /= base);
  guard_write(digit);
}

void guard_write_plugins(void) {
  int count = atomic_load(&plugin_count);
  for (int i = 0; i < count && i < most_plugins; i++) {
    if (i > 0) guard_write(i + 1 < count ? ", " : " or ");
    guard_write(atomic_load(&plugins[i])->subject);
  }
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

void guard_leave_now(void) {
  const char *text = atomic_load(&note);
  if (text) {
    guard_write("note: ");
    guard_write(text);
    guard_write("\n");
  }
  guard_end_now(2);
}

// The call that caused the failure: that of this thread, otherwise any current call.
static struct record *culprit(void) {
  if (mine && atomic_load(&mine->callee)) return mine;
  int count = atomic_load(&record_count);
  for (int i = 0; i < count && i < most_threads; i++)
    if (atomic_load(&records[i].callee)) return &records[i];
  return NULL;
}

static void write_subject(const struct nnexp_callee *callee) {
  guard_write(callee->location);
  guard_write("error: ");
  guard_write(callee->subject);
}

static void blame(struct record *record, const char *verb, const char *reason) {
  write_subject(atomic_load(&record->callee));
  guard_write(verb);
  guard_write(atomic_load(&record->what));
  guard_write(reason);
}

static void die_of(int signal, const struct sigaction *action) {
  sigaction(signal, action, NULL);
  raise(signal);
}

static void at_fault(int signal) {
  // A process that a plugin forked ends by itself and does not affect others.
  if (atomic_load(&has_begun) && guard_is_copy()) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    return die_of(signal, &standard);
  }
  // errno was set by the failed allocation in this thread: Swift's runtime then aborts or reads
  // an invalid address.
  if (errno == ENOMEM) {
    guard_write("error: the system refused memory; see 'ulimit -v'\n");
    guard_end_now(3);
  }
  struct record *record = culprit();
  if (record) {
    blame(record, " crashed in ", ": ");
    guard_write(name_of(signal));
    guard_write("\n");
    guard_leave_now();
  }
  // The failure is not inside a plugin, but a plugin may have caused it earlier.
  if (mine && atomic_load(&mine->last)) {
    guard_write("nnexp crashed; it had last called a plugin:\n");
    write_subject(atomic_load(&mine->last));
    guard_write("\n");
  }
  for (int i = 0; i < watched_count; i++)
    if (watched[i] == signal) die_of(signal, &earlier[i]);
}

// This program ends by `nnexp_guard_end`. After a plugin was loaded, only a plugin can cause a
// call of this function.
static void at_exit(void) {
  if (!atomic_load(&has_begun) || guard_is_copy()) return;
  struct record *record = culprit();
  if (record) {
    blame(record, " ended the process in ", "\n");
  } else if (atomic_load(&plugin_count) > 0) {
    guard_write("error: ");
    guard_write_plugins();
    guard_write(" ended the process outside any call\n");
  } else {
    return;
  }
  guard_leave_now();
}

// Replacements of C library functions, which plugins find before the originals.
void _exit(int status) {
  at_exit();
  guard_end_now(status);
}

void _Exit(int status) { _exit(status); }

// Checks once per second whether a thread is still in the same call. Seconds in which the
// process was stopped do not count.
static void *watch(void *nothing) {
  static uint64_t seen[most_threads];
  static unsigned age[most_threads];
  for (;;) {
    struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    int count = atomic_load(&record_count);
    for (int i = 0; i < count && i < most_threads; i++) {
      uint64_t entries = atomic_load(&records[i].entries);
      struct nnexp_callee *callee = atomic_load(&records[i].callee);
      if (entries != seen[i] || !callee) {
        seen[i] = entries;
        age[i] = 0;
      } else if (++age[i] >= callee->seconds) {
        blame(&records[i], " hangs in ", ": no return after ");
        guard_write_number(callee->seconds, 10);
        guard_write(" s\n");
        guard_leave_now();
      }
    }
  }
  return nothing;
}

// Registers a thread at its first call. A handler cannot run on an overflowed stack, so that
// each thread gets a second stack.
__attribute__((noinline, cold)) static struct record *register_thread(void) {
  static struct record nobody;  // shared by threads beyond the limit, which are not watched
  mine = &nobody;
  for (int i = 0; i < most_threads; i++) {
    if (atomic_exchange(&records[i].is_taken, true)) continue;
    mine = &records[i];
    if (atomic_load(&record_count) <= i) atomic_store(&record_count, i + 1);
    break;
  }
  stack_t stack = {.ss_sp = malloc(stack_size), .ss_size = stack_size};
  if (stack.ss_sp) sigaltstack(&stack, NULL);
  mine->arithmetic = guard_arithmetic();
  pthread_setspecific(key, mine);
  return mine;
}

// Called when a thread ends.
static void unregister_thread(void *record) {
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
  guard_begin_copies();
  atomic_store(&has_begun, true);
  pthread_key_create(&key, unregister_thread);
  atexit(at_exit);
#ifndef __APPLE__  // which has no quick_exit
  at_quick_exit(at_exit);
#endif
  // The watching thread does not handle the signals that request the end of a run.
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

void nnexp_guard_load(struct nnexp_callee *plugin) {
  nnexp_guard_begin();
  guard_watch_process();
  int index = atomic_fetch_add(&plugin_count, 1);
  if (index < most_plugins) atomic_store(&plugins[index], plugin);
  else atomic_store(&plugin_count, most_plugins);
}

static inline struct nnexp_call enter(
    struct record *record, struct nnexp_callee *callee, const char *what) {
  struct nnexp_call previous = {
      atomic_load_explicit(&record->callee, memory_order_relaxed),
      atomic_load_explicit(&record->what, memory_order_relaxed)};
  atomic_store_explicit(&record->what, what, memory_order_relaxed);
  atomic_store_explicit(&record->callee, callee, memory_order_release);
  uint64_t entries = atomic_load_explicit(&record->entries, memory_order_relaxed);
  atomic_store_explicit(&record->entries, entries + 1, memory_order_relaxed);
  return previous;
}

// The first call of a thread, or in a copy of the process.
__attribute__((noinline, cold)) static struct nnexp_call enter_first(
    struct nnexp_callee *callee, const char *what) {
  if (!mine) register_thread();
  // A copy that this program itself has forked counts as an original from here on.
  if (*guard_original == 0 && !atomic_load(&mine->callee)) *guard_original = getpid();
  return enter(mine, callee, what);
}

struct nnexp_call nnexp_guard_enter(struct nnexp_callee *callee, const char *what) {
  struct record *record = mine;
  if (__builtin_expect(!record || *guard_original == 0, false)) return enter_first(callee, what);
  return enter(record, callee, what);
}

// The current call of this thread.
static struct nnexp_call current(void) {
  return (struct nnexp_call){atomic_load(&mine->callee), atomic_load(&mine->what)};
}

static inline void leave(struct record *record, struct nnexp_call previous) {
  struct nnexp_callee *callee = atomic_load_explicit(&record->callee, memory_order_relaxed);
  atomic_store_explicit(&record->last, callee, memory_order_relaxed);
  atomic_store_explicit(&record->what, previous.what, memory_order_relaxed);
  atomic_store_explicit(&record->callee, previous.callee, memory_order_release);
}

// The end of a call that changed something, or that is the first since a check.
__attribute__((noinline, cold)) static void leave_checked(
    struct nnexp_call previous, unsigned pass) {
  struct nnexp_call call = current();
  if (*guard_original == 0) guard_end_copy(call);
  uint32_t arithmetic = guard_arithmetic();
  if (arithmetic != mine->arithmetic) {
    write_subject(call.callee);
    guard_write(" changed ");
    guard_write(guard_arithmetic_change(arithmetic ^ mine->arithmetic));
    guard_write(" in ");
    guard_write(call.what);
    guard_write("\n");
    guard_leave_now();
  }
  guard_mark(call.callee);
  if (!(__atomic_load_n(&call.callee->done, __ATOMIC_RELAXED) & pass)) {
    __atomic_fetch_or(&call.callee->done, pass, __ATOMIC_RELAXED);
    nnexp_guard_check();
  }
  leave(mine, previous);
}

// A call takes 7 ns, of which reading the control register takes 5 ns.
void nnexp_guard_leave(struct nnexp_call previous, unsigned pass) {
  struct record *record = mine;
  struct nnexp_callee *callee = atomic_load_explicit(&record->callee, memory_order_relaxed);
  unsigned wanted = (pass ? pass : GUARD_NEVER) | guard_called;
  unsigned missing = wanted & ~__atomic_load_n(&callee->done, __ATOMIC_RELAXED);
  uint32_t changed = guard_arithmetic() ^ record->arithmetic;
  if (__builtin_expect(changed | missing | (*guard_original == 0), false))
    return leave_checked(previous, pass);
  leave(record, previous);
}

struct nnexp_call guard_mark_calls(void) {
  int count = atomic_load(&record_count);
  for (int i = 0; i < count && i < most_threads; i++) {
    struct nnexp_callee *callee = atomic_load(&records[i].callee);
    if (callee) guard_mark(callee);
  }
  return mine ? current() : (struct nnexp_call){NULL, NULL};
}

void nnexp_guard_end(int status) {
  nnexp_guard_check();
  // A plugin's thread that never releases the stream must not block the end.
#ifdef __APPLE__
  if (ftrylockfile(stdout) == 0) fflush(stdout);
#else
  if (ftrylockfile(stdout) == 0) fflush_unlocked(stdout);
#endif
  guard_end_now(status);
}

void nnexp_guard_note(const char *text) { atomic_store(&note, text); }
