// A file in memory that nobody can change.
#pragma once

#include <stddef.h>

// The descriptor of a file with these bytes, without a path, sealed; -1 with errno.
int nnexp_sealed_file(const char *name, const void *bytes, size_t count);
