// The build for x86-64 since Haswell (2013) and Excavator (2015).

#if defined(__x86_64__)
#define TABLE nnexp_kernels_avx2
#define VECTOR_BYTES 32
#define HAS_FMA 1
#define TILE_ROWS 4
#define TILE_VECTORS 2
#define NARROWER nnexp_kernels_portable
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "Kernels.h"
#pragma clang attribute pop
#endif
