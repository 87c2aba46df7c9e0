// A library for LD_PRELOAD that prints a program's peak memory in kB at the end.
#include "at_end.h"

#include <stdio.h>
#include <string.h>

static void at_end(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, "VmHWM:", 6) == 0) {
      long kilobytes = 0;
      sscanf(line + 6, "%ld", &kilobytes);
      fprintf(stderr, "%ld", kilobytes);
    }
  if (file) fclose(file);
}
