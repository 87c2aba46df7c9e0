// Names the plugin at fault where a process that runs plugins dies or hangs.
#pragma once

// One use of a plugin's type.
struct nnexp_callee {
  const char *who;   // "x.yaml:3:5: error: 'hidden' (maxout, of the plugin 'Maxout.swift')"
  unsigned seconds;  // the longest that a call may take
};

// What a thread is doing on a plugin's behalf. All of it stays valid while the
// call lasts.
struct nnexp_call {
  const struct nnexp_callee *callee;  // null while it does its own work
  const char *what;                   // "its forward pass"
};

// Begins to watch: signals that a fault raises, exits, and calls that do not
// return. Once a process; later calls change nothing.
void nnexp_guard_begin(void);

// Ends the process with 3 where it fails for want of memory. The watch does so, too.
void nnexp_guard_memory(void);

// The thread enters a plugin; returns what it was doing before, for `leave`.
struct nnexp_call nnexp_guard_enter(const struct nnexp_callee *callee, const char *what);

// The thread is back.
void nnexp_guard_leave(struct nnexp_call previous);

// What messages say besides, from now on; valid until the next call. Null for
// nothing.
void nnexp_guard_note(const char *text);
