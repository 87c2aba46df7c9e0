// Declarations that the files of the guard share.
#pragma once

#include "nnexp_guard.h"

#include <stdbool.h>
#include <sys/types.h>

// Bits of `nnexp_callee.done` in addition to those of passes: called since the last check;
// never called.
enum { guard_called = 1 << 30 };
#define GUARD_NEVER (1U << 31)

// An exported name would replace a function of a plugin with the same name.
#pragma GCC visibility push(hidden)

// guard.c

// Writes to the original standard error of the process.
void guard_write(const char *text);
void guard_write_number(unsigned number, unsigned base);

// Ends the process with the exit code for bad input, without running other code.
_Noreturn void guard_leave_now(void);

// Marks the current calls as called since the last check. Returns that of this thread, or null.
struct nnexp_call guard_mark_calls(void);

// Writes the names of the loaded plugins: "the plugin 'A.swift' or the plugin 'B.swift'".
void guard_write_plugins(void);

// changes.c

// Records the state of the process, once.
void guard_watch_process(void);

// Marks a callee as called since the last check.
void guard_mark(struct nnexp_callee *callee);

// The descriptor of the original standard error of the process.
int guard_standard_error(void);

// copies.c

void guard_begin_copies(void);

// A number that is not 0, but reads as 0 in a copy of the process.
extern volatile pid_t *guard_original;

// True if this process is a copy that was not forked by this program.
bool guard_is_copy(void);

// Ends the process without running other code.
_Noreturn void guard_end_now(int status);

// Ends the copy. The first copy that returned from a call prints a warning.
_Noreturn void guard_end_copy(struct nnexp_call call);

#pragma GCC visibility pop
