// A library for LD_PRELOAD that gives a program other clocks.
//
//     NNEXP_CLOCK_JUMPS="86400"   the date alternates between that many seconds ahead and
//                                 that many behind
//     NNEXP_CLOCK_SPEED="1000"    the monotonic clock runs that many times as fast
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long jump;
static double speed = 1;
static double start;
static _Atomic long looks;

static double monotonic(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((constructor)) static void configure(void) {
  const char *text = getenv("NNEXP_CLOCK_JUMPS");
  if (text) jump = atol(text);
  text = getenv("NNEXP_CLOCK_SPEED");
  if (text) speed = atof(text);
  start = monotonic();
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (clock == CLOCK_MONOTONIC) {
    double seconds = start + (monotonic() - start) * speed;
    now->tv_sec = (time_t)seconds;
    now->tv_nsec = (long)((seconds - (double)now->tv_sec) * 1e9);
    return 0;
  }
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += looks++ % 2 ? jump : -jump;
  return result;
}
