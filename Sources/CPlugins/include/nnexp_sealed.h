// A file in memory that nobody can change.
#pragma once

#include <stddef.h>

// Creates a sealed file with these bytes and without a path. Returns its descriptor, or -1 with
// errno.
int nnexp_sealed_file(const char *name, const void *bytes, size_t count);
