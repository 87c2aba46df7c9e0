// Names the plugin at fault when it ends a process, or changes what the process relies on.
#pragma once

// One use of a plugin's type, or one plugin. Never freed: a handler may read it at any
// moment.
struct nnexp_callee {
  const char *location; // "x.yaml:3:5: ", or ""
  const char *subject;  // "'hidden' (maxout, of the plugin 'Maxout.swift')"
  unsigned seconds;     // the longest that a call may take

  // The guard's own; zero at first.
  unsigned done;              // the passes after which the process was checked
  struct nnexp_callee *next;  // that was called since the last check
};

// What a thread is doing on a plugin's behalf. All of it stays valid while the
// call lasts.
struct nnexp_call {
  struct nnexp_callee *callee;  // null while it does its own work
  const char *what;             // "its forward pass"
};

// Begins to watch: signals that a fault raises, exits, and calls that do not
// return. Once a process; later calls change nothing.
void nnexp_guard_begin(void);

// Ends the process with 3 if it fails for want of memory. The watch does so, too.
void nnexp_guard_memory(void);

// The thread enters a plugin; returns what it was doing before, for `leave`.
struct nnexp_call nnexp_guard_enter(struct nnexp_callee *callee, const char *what);

// The thread is back. Ends the process if its floating-point control registers have
// changed, and silently if this is a copy of the process that the plugin forked.
//
// `pass` is one of the lower 30 bits for a pass that is repeated: the process is checked
// the first time. 0: it is checked every time.
void nnexp_guard_leave(struct nnexp_call previous, unsigned pass);

// A plugin is about to be loaded: the process as it is now (current folder, umask,
// descriptors 0 to 2, signal handlers) is what later checks compare with.
void nnexp_guard_load(struct nnexp_callee *plugin);

// Ends the process with 2, and names the plugin, if one has changed the process. Does
// nothing before the first `nnexp_guard_load`.
//
// A signal handler that this program itself installed is no change.
void nnexp_guard_check(void);

// Checks, flushes standard output, and ends the process without running exit handlers.
_Noreturn void nnexp_guard_end(int status);

// What messages say besides, from now on; valid until the next call. Null for
// nothing.
void nnexp_guard_note(const char *text);
