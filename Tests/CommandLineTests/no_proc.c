// A library for LD_PRELOAD that simulates a system without /proc.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int is_hidden(const char *path) {
  return strcmp(path, "/proc") == 0 || strncmp(path, "/proc/", 6) == 0;
}

#define HIDE(path, nothing) \
  if (is_hidden(path)) {    \
    errno = ENOENT;         \
    return nothing;         \
  }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                          \
  int name(const char *path, int flags, ...) {              \
    HIDE(path, -1)                                          \
    va_list rest;                                           \
    va_start(rest, flags);                                  \
    mode_t mode = va_arg(rest, mode_t);                     \
    va_end(rest);                                           \
    return REAL(name)(path, flags, mode);                   \
  }                                                         \
  int name##at(int folder, const char *path, int flags, ...) { \
    HIDE(path, -1)                                          \
    va_list rest;                                           \
    va_start(rest, flags);                                  \
    mode_t mode = va_arg(rest, mode_t);                     \
    va_end(rest);                                           \
    return REAL(name##at)(folder, path, flags, mode);       \
  }

OPEN(open)

int open64(const char *path, int flags, ...) {
  HIDE(path, -1)
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return REAL(open64)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
  HIDE(path, NULL)
  return REAL(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  HIDE(path, NULL)
  return REAL(fopen64)(path, mode);
}

char *realpath(const char *path, char *resolved) {
  HIDE(path, NULL)
  return REAL(realpath)(path, resolved);
}

ssize_t readlink(const char *path, char *text, size_t size) {
  HIDE(path, -1)
  return REAL(readlink)(path, text, size);
}
