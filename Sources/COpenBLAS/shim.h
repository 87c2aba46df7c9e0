// The six entries that nnexp uses, declared here so that a plugin compiles
// without OpenBLAS's headers. The signatures are those of the reference CBLAS.
#pragma once

enum nnexp_cblas_order { nnexp_cblas_row_major = 101 };
enum nnexp_cblas_transpose { nnexp_cblas_no_transpose = 111, nnexp_cblas_transpose = 112 };

void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
void cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                 const double *a, int lda, const double *b, int ldb, double beta, double *c,
                 int ldc);
void openblas_set_num_threads(int count);
// 0: built without threads, and not to be called from two at a time.
int openblas_get_parallel(void);
char *openblas_get_config(void);
char *openblas_get_corename(void);
