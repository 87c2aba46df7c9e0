// A library for LD_PRELOAD that refuses allocations after the program has installed its handler
// of SIGABRT.
//
//     NNEXP_REFUSE="7"        the 7th allocation (from 0)
//     NNEXP_REFUSE="7 on"     this allocation and all later ones
//     NNEXP_REFUSE="count"    none; prints the number of allocations at the end
#include "at_end.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static long target = -1;
static bool goes_on, counts;
static _Atomic bool has_begun;
static _Atomic long allocations;

__attribute__((constructor)) static void configure(void) {
  const char *text = getenv("NNEXP_REFUSE");
  if (!text) return;
  counts = strcmp(text, "count") == 0;
  if (!counts) target = atol(text);
  goes_on = strstr(text, " on") != NULL;
}

static void at_end(void) {
  if (counts) fprintf(stderr, "%ld", allocations);
}

int sigaction(int number, const struct sigaction *action, struct sigaction *earlier) {
  int (*system)(int, const struct sigaction *, struct sigaction *) =
      (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
  int result = system(number, action, earlier);
  if (number == SIGABRT && action) has_begun = true;
  return result;
}

static bool is_refused(void) {
  if (!has_begun) return false;
  long index = allocations++;
  if (target < 0 || index < target || (index > target && !goes_on)) return false;
  errno = ENOMEM;
  return true;
}

void *malloc(size_t size) { return is_refused() ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
  return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  return is_refused() ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return is_refused() ? NULL : __libc_memalign(alignment, size);
}

// As in glibc, errno is set too.
int posix_memalign(void **block, size_t alignment, size_t size) {
  if (is_refused()) return ENOMEM;
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
