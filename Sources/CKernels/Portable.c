// The build for any processor.

#define TABLE nnexp_kernels_portable
#define VECTOR_BYTES 16
#define TILE_ROWS 4
#define TILE_VECTORS 2
#include "Kernels.h"
