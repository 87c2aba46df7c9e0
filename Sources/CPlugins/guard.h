// Declarations that the parts of the guard share.
#pragma once

#include "nnexp_guard.h"

#include <stdbool.h>
#include <sys/types.h>

// Bits of `nnexp_callee.done` beside those of passes: called since the last check; never.
enum { guard_called = 1 << 30 };
#define GUARD_NEVER (1U << 31)

// Exported, a name would take the place of a plugin's own function of that name.
#pragma GCC visibility push(hidden)

// guard.c

// Writes to the standard error that the process began with.
void guard_say(const char *text);
void guard_say_number(unsigned number, unsigned base);

// Ends the process: bad input, for a plugin is input. Nothing else may run.
_Noreturn void guard_leave_now(void);

// Marks the calls under way as called since the last check; the thread's own, or null.
struct nnexp_call guard_mark_calls(void);

// Writes the plugins that were loaded: "the plugin 'A.swift' or the plugin 'B.swift'".
void guard_say_plugins(void);

// changes.c

// Notes the process as it is now, once.
void guard_watch_process(void);

// Marks it as called since the last check.
void guard_mark(struct nnexp_callee *callee);

// The descriptor of the standard error that the process began with.
int guard_standard_error(void);

// copies.c

void guard_begin_copies(void);

// A number that is not 0, and reads as 0 in a copy of the process.
extern volatile pid_t *guard_original;

// Whether this process is a copy that something other than this program forked.
bool guard_is_copy(void);

// Ends the copy; the first that came back from a call warns.
_Noreturn void guard_end_copy(struct nnexp_call call);

#pragma GCC visibility pop
