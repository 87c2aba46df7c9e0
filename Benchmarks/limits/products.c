// The kernels of matrix products compared with OpenBLAS, in turns, on one thread.
//
//     make bench-products
//
// For each shape and order of the operands: nanoseconds of the kernel, and its time divided by
// OpenBLAS's as the median of the rounds. Ends with exit code 1 if a product differs.
#include "CKernels.h"
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "measure.h"

enum { rounds = 15 };

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, rounds, sizeof *values, ascending);
  return values[rounds / 2];
}

static float *numbers(long count, int seed) {
  float *x = malloc((size_t)count * sizeof *x);
  for (long i = 0; i < count; i++) x[i] = sinf((float)(i * 7 + seed));
  return x;
}

typedef int kernel(
    long rows, long columns, long terms, const float *a, long a_step, int a_turned, const float *b,
    long b_step, int b_turned, float *c, long c_step, int adds);

// Prints one shape in the orders A·B, A·Bᵀ and Aᵀ·B.
static int compare(kernel *multiply, int m, int n, int k) {
  float *a = numbers((long)m * k, 1), *b = numbers((long)n * k, 2);
  float *c = numbers((long)m * n, 3), *d = numbers((long)m * n, 3);
  const int repeats = 1 + (int)(2e5 / ((double)m * n * k + 500));
  int differs = 0;
  printf("%5d %5d %5d", m, n, k);
  for (int order = 0; order < 3; order++) {
    const int a_turned = order == 2, b_turned = order == 1;
    const int a_step = a_turned ? m : k, b_step = b_turned ? k : n;
    double ours[rounds], ratios[rounds];
    for (int round = 0; round < rounds; round++) {
      const double start = now();
      for (int i = 0; i < repeats; i++)
        multiply(m, n, k, a, a_step, a_turned, b, b_step, b_turned, c, n, 0);
      const double middle = now();
      for (int i = 0; i < repeats; i++)
        cblas_sgemm(
            CblasRowMajor, a_turned ? CblasTrans : CblasNoTrans, b_turned ? CblasTrans : CblasNoTrans,
            m, n, k, 1, a, a_step, b, b_step, 0, d, n);
      ours[round] = (middle - start) / repeats;
      ratios[round] = (middle - start) / (now() - middle);
    }
    for (long i = 0; i < (long)m * n; i++) differs |= fabsf(c[i] - d[i]) > 1e-5f * (float)k;
    printf("  %10.0f %5.2f", 1e9 * median(ours), median(ratios));
  }
  printf(differs ? "  DIFFERS\n" : "\n");
  free(a), free(b), free(c), free(d);
  return differs;
}

int main(int count, char **arguments) {
  const int isAVX2 = count > 1 && !strcmp(arguments[1], "avx2");
  const struct nnexp_kernels *kernels = nnexp_kernels_for(isAVX2 ? nnexp_isa_avx2 : nnexp_isa_avx512);
  if (!kernels) return puts("the processor lacks these instructions"), 0;
  // Rows, columns and terms: layers of few units, layers of W2, and small batches.
  static const int small[][3] = {
      {32, 16, 4}, {32, 3, 16}, {3, 16, 32}, {100, 3, 10}, {64, 10, 128}, {10, 128, 64}, {64, 128, 10},
      {64, 64, 64}, {8, 128, 784}, {90, 100, 110}, {1, 10, 64}, {1, 100, 300}, {4, 64, 64},
      {128, 784, 1}, {64, 256, 60}, {100, 5, 2000}, {2000, 5, 100}};
  // With few rows or columns.
  static const int narrow[][3] = {
      {512, 10, 1024}, {5000, 10, 784}, {1024, 32, 1024}, {10, 1024, 512}, {1, 4096, 1024}, {7, 2048, 784},
      {512, 3, 1000}, {20000, 16, 27}};
  // W2, W3 and W9.
  static const int large[][3] = {
      {64, 128, 784}, {128, 784, 64}, {128, 1024, 784}, {128, 1024, 1024}, {1024, 1024, 128},
      {128, 2048, 2048}, {2048, 2048, 128}, {128, 512, 2048}};
  printf("%5s %5s %5s  %16s  %16s  %16s\n", "rows", "cols", "terms", "A·B: ns, ratio", "A·Bᵀ", "Aᵀ·B");
  int differs = 0;
  for (size_t i = 0; i < sizeof small / sizeof *small; i++)
    differs |= compare(kernels->f32.direct_products, small[i][0], small[i][1], small[i][2]);
  for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
    differs |= compare(kernels->f32.direct_products, narrow[i][0], narrow[i][1], narrow[i][2]);
  for (size_t i = 0; i < sizeof large / sizeof *large; i++)
    differs |= compare(kernels->f32.products, large[i][0], large[i][1], large[i][2]);
  return differs;
}
