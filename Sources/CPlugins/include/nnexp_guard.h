// Names the plugin at fault where a process that runs plugins dies or hangs.
#pragma once

// What a thread is doing on a plugin's behalf. Both texts stay valid while the
// call lasts.
struct nnexp_call {
  const char *who;   // "x.yaml:3:5: error: 'hidden' (maxout, of the plugin 'Maxout.swift')"
  const char *what;  // "its forward pass"
};

// Begins to watch: signals that a fault raises, exits, and calls that last longer
// than `seconds`. Once a process; later calls change nothing.
void nnexp_guard_begin(unsigned seconds);

// The thread enters a plugin; returns what it was doing before, for `leave`.
struct nnexp_call nnexp_guard_enter(const char *who, const char *what);

// The thread is back.
void nnexp_guard_leave(struct nnexp_call previous);

