#include "nnexp_arguments.h"

static int argument_count;
static char *const *arguments;

// The C library also passes the arguments of `main` to constructors.
__attribute__((constructor)) static void keep(int count, char **words) {
  argument_count = count;
  arguments = words;
}

int nnexp_argument_count(void) { return argument_count; }

char *const *nnexp_arguments(void) { return arguments; }
