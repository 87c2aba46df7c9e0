// The functions of OpenBLAS that nnexp calls, as function types, because the library is loaded
// when it is first needed. The signatures are those of the reference CBLAS.
#pragma once

typedef void (*nnexp_sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            float alpha, const float *a, int lda, const float *b, int ldb,
                            float beta, float *c, int ldc);
typedef void (*nnexp_dgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            double alpha, const double *a, int lda, const double *b, int ldb,
                            double beta, double *c, int ldc);

// openblas_get_config: a description of the library's build.
typedef const char *(*nnexp_config)(void);

// openblas_get_parallel: 0 if the library was built without threads.
typedef int (*nnexp_parallel)(void);

// blas_memory_alloc, blas_memory_free: the buffer of a thread that calls the library.
typedef void *(*nnexp_allocate_buffer)(int);
typedef void (*nnexp_free_buffer)(void *);
