// The build for any x86-64, which has sixteen registers.

#if defined(__x86_64__)
#define TABLE nnexp_kernels_x86_64
#define VECTOR_BYTES 32
#define TILE_ROWS 2
#define TILE_VECTORS 2
#include "Kernels.h"
#endif
