// A file in memory that nobody can change; on macOS, a temporary file.
#pragma once

#include <stddef.h>

// Creates a sealed file with these bytes and without a path on Linux. Returns its descriptor, or -1 with
// errno.
int nnexp_sealed_file(const char *name, const void *bytes, size_t count);
