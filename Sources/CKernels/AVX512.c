// The build for x86-64 since Skylake-SP (2017) and Zen 4 (2022).

#if defined(__x86_64__)
#include <immintrin.h>
#define TABLE nnexp_kernels_avx512
#define VECTOR_BYTES 64
#define HAS_FMA 1
#define TILE_ROWS 8
#define TILE_VECTORS 3
#define HAS_MASKS 1
#define NARROWER nnexp_kernels_avx2
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma"))), apply_to = function)
#include "Kernels.h"
#pragma clang attribute pop
#endif
