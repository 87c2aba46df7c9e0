// A library for LD_PRELOAD that makes one of a program's file operations fail, or kills the
// program there.
//
//     NNEXP_FAULT="before 7"      killed instead of the 7th operation (from 0)
//     NNEXP_FAULT="midway 7"      killed when half of its bytes are written
//     NNEXP_FAULT="after 7"       killed directly after it
//     NNEXP_FAULT="fail 7 28"     only this operation fails, with error 28
//     NNEXP_FAULT="fails 7 28"    this operation and all later ones fail
//     NNEXP_FAULT="count"         prints the number of operations at the end
//
//     NNEXP_FAULT_ON="fsync"      counts only operations with this name
//
// Only operations that change files count, except those on standard streams.
#include "at_end.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { none, before, midway, after, fail, fails, count };

static int mode = none;
static long target = -1;
static int code;
static const char *only;
static _Atomic long operations;

__attribute__((constructor)) static void configure(void) {
  static const char *const names[] = {"none", "before", "midway", "after", "fail", "fails", "count"};
  const char *text = getenv("NNEXP_FAULT");
  char word[16];
  only = getenv("NNEXP_FAULT_ON");
  if (!text || sscanf(text, "%15s %ld %d", word, &target, &code) < 1) return;
  for (int i = before; i <= count; i++) {
    if (strcmp(word, names[i]) == 0) mode = i;
  }
}

static void at_end(void) {
  if (mode == count) fprintf(stderr, "%ld", operations);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Returns true if the current operation must fail; does not return if it must be the last.
static int strikes(const char *name, int *is_target) {
  *is_target = 0;
  if (only && strcmp(only, name) != 0) return 0;
  long index = operations++;
  *is_target = index == target;
  if (index == target && (mode == before || mode == midway)) die();
  if ((index == target && mode == fail) || (index >= target && mode == fails)) {
    errno = code;
    return 1;
  }
  return 0;
}

#define CALL(type, name, parameters, arguments)                     \
  type name parameters {                                            \
    static type(*real) parameters;                                  \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);  \
    int is_target;                                                  \
    if (strikes(#name, &is_target)) return -1;                      \
    type result = real arguments;                                   \
    if (is_target && mode == after) die();                          \
    return result;                                                  \
  }

CALL(int, fsync, (int descriptor), (descriptor))
CALL(int, ftruncate, (int descriptor, off_t length), (descriptor, length))
CALL(int, renameat, (int from, const char *name, int to, const char *other), (from, name, to, other))
CALL(int, unlinkat, (int folder, const char *name, int flags), (folder, name, flags))
CALL(int, mkdirat, (int folder, const char *name, mode_t bits), (folder, name, bits))
CALL(int, symlinkat, (const char *to, int folder, const char *name), (to, folder, name))

ssize_t write(int descriptor, const void *bytes, size_t length) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (descriptor <= 2) return real(descriptor, bytes, length);
  if (mode == midway && operations == target) real(descriptor, bytes, length / 2);
  int is_target;
  if (strikes("write", &is_target)) return -1;
  ssize_t result = real(descriptor, bytes, length);
  if (is_target && mode == after) die();
  return result;
}

int openat(int folder, const char *name, int flags, ...) {
  static int (*real)(int, const char *, int, ...);
  if (!real) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
  va_list rest;
  va_start(rest, flags);
  mode_t bits = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (!(flags & O_CREAT)) return real(folder, name, flags);
  int is_target;
  if (strikes("openat", &is_target)) return -1;
  int result = real(folder, name, flags, bits);
  if (is_target && mode == after) die();
  return result;
}
