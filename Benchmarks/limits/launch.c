// launch COMMAND…: runs the command, and prints its wall time in seconds, its peak of memory in KiB and its
// exit status on one line of standard error. This program is small, so that the peak is that of the
// command: a child process begins with the memory of its parent.
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  double start = now();
  pid_t child = vfork();
  if (child == 0) {
    execvp(arguments[1], arguments + 1);
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) return 3;
  double seconds = now() - start;
  fprintf(stderr, "%.6f %ld %d\n", seconds, usage.ru_maxrss,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
