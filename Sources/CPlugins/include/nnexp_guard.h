// Names the plugin that ends the process or changes its state.
#pragma once

// A use of a plugin's type, or a plugin. Never freed, because a handler may read it at any
// moment.
struct nnexp_callee {
  const char *location; // "x.yaml:3:5: ", or ""
  const char *subject;  // "'hidden' (maxout, of the plugin 'Maxout.swift')"
  unsigned seconds;     // the time limit of a call

  // Used by the guard; zero at first.
  unsigned done;              // the passes after which the process has been checked
  struct nnexp_callee *next;  // the next one that was called since the last check
};

// The current call of a plugin in a thread. All of it must stay valid during the call.
struct nnexp_call {
  struct nnexp_callee *callee;  // null outside calls
  const char *what;             // "its forward pass"
};

// Begins to watch for signals that faults raise, for exits, and for calls that do not return.
// Only the first call has an effect.
void nnexp_guard_begin(void);

// Ends the process with code 3 if it fails because memory is refused. `nnexp_guard_begin`
// includes this.
void nnexp_guard_memory(void);

// Called when the thread enters a plugin. Returns the previous call, for `nnexp_guard_leave`.
struct nnexp_call nnexp_guard_enter(struct nnexp_callee *callee, const char *what);

// Called when the thread returns from a plugin. Ends the process if its floating-point control
// registers have changed; ends it silently if it is a copy that the plugin forked.
//
// `pass` is one of the lower 30 bits for a pass that is repeated: the process is only checked
// after its first call. If it is 0, the process is checked after every call.
void nnexp_guard_leave(struct nnexp_call previous, unsigned pass);

// Called before a plugin is loaded. Records the state of the process (current folder, umask,
// descriptors 0 to 2, signal handlers), with which later checks compare.
void nnexp_guard_load(struct nnexp_callee *plugin);

// Ends the process with code 2 and names the plugin if one has changed the process. Has no
// effect before the first `nnexp_guard_load`.
//
// A signal handler that this program installed is not a change.
void nnexp_guard_check(void);

// Checks the process, flushes standard output, and ends the process without calling exit
// handlers.
_Noreturn void nnexp_guard_end(int status);

// Sets a text that messages contain from now on. It must stay valid until the next call. Null
// for none.
void nnexp_guard_note(const char *text);
