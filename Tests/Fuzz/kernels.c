// The kernels under libFuzzer and the address and undefined-behavior sanitizers. The input
// determines the kernel, the sizes and the numbers. Every buffer has exactly the promised
// length, and every instruction set must give the bits of the portable one (except the bits of
// NaNs). Products are of small integers, so that their sums are exact in any order.
#include "CKernels.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t *input;
static size_t left;

// A number from 0 to most.
static long pick(long most) {
  if (left < 1) return 0;
  left--;
  return *input++ % (most + 1);
}

// `count` numbers of `size` bytes, repeated from the input.
static void *numbers(long count, size_t size) {
  uint8_t *block = malloc(count * size);
  for (size_t i = 0; i < count * size; i++) block[i] = left ? input[i % left] : 0;
  return block;
}

static void *copied(const void *block, size_t bytes) {
  void *copy = malloc(bytes);
  memcpy(copy, block, bytes);
  return copy;
}

#define DRIVER(REAL, SUFFIX)                                                              \
  static void same_##SUFFIX(const REAL *a, const REAL *b, long count) {                   \
    for (long i = 0; i < count; i++)                                                      \
      if (memcmp(a + i, b + i, sizeof *a) != 0 && (a[i] == a[i] || b[i] == b[i])) abort(); \
  }                                                                                       \
                                                                                          \
  /* What a kernel makes of a copy of `start`; the caller frees it. */                    \
  struct result_##SUFFIX {                                                                \
    REAL *numbers;                                                                        \
    long count, answer;                                                                   \
  };                                                                                      \
                                                                                          \
  static struct result_##SUFFIX run_##SUFFIX(                                             \
      const struct nnexp_kernels_##SUFFIX *k, long kind, long count, double power,        \
      const struct nnexp_pooling_geometry *tiles, int p, REAL n, long rows,               \
      const struct nnexp_patch_geometry *windows, long patches, const REAL *x, const REAL *y, \
      const REAL *dy) {                                                                   \
    const long plane = tiles->plane * 2, tile = rows * tiles->windows;                    \
    const long image = windows->channels * windows->rows * windows->columns;              \
    const long sizes[] = {count, count, count, tile, tile, plane, patches, image};        \
    struct result_##SUFFIX result = {.count = sizes[kind], .answer = 0};                  \
    result.numbers = copied(y, result.count * sizeof(REAL));                              \
    REAL *out = result.numbers;                                                           \
    REAL *room = malloc(2 * tiles->columns * sizeof(REAL));                               \
    REAL *norms = NULL;                                                                   \
    switch (kind) {                                                                       \
    case 0: k->map[p](x, out, count); break;                                              \
    case 1: k->vjp[p](x, dy, dy, out, count); break;                                      \
    case 2: k->power(x, power, out, count); break;                                        \
    case 3: k->lp_pool_sums(tiles, p % 4 + 1, n, x, out, rows, room); break;              \
    case 4: result.answer = k->lp_pool_roots(p % 4 + 1, x, out, tile); break;             \
    case 5:                                                                               \
      norms = malloc(tile * sizeof(REAL));                                                \
      k->lp_pool_sums(tiles, p % 4 + 1, n, x, norms, rows, room);                         \
      result.answer = k->lp_pool_vjp(                                                     \
          tiles, p % 4 + 1, n, x, norms, dy, out, 0, rows, room);                         \
      break;                                                                              \
    case 6: k->im2col(windows, x, out); break;                                            \
    default: k->col2im(windows, x, out); break;                                           \
    }                                                                                     \
    free(norms);                                                                          \
    free(room);                                                                           \
    return result;                                                                        \
  }                                                                                       \
                                                                                          \
  static void drive_##SUFFIX(void) {                                                      \
    const long kind = pick(7), count = pick(70), p = pick(nnexp_function_count - 1);      \
    const double power = (double)pick(255) / 16 - 4;                                      \
    struct nnexp_pooling_geometry tiles = {                                               \
        .height = 1 + pick(3), .width = 1 + pick(4), .windows = 1 + pick(40),             \
        .window_rows = 1 + pick(2)};                                                      \
    tiles.columns = tiles.windows * tiles.width + pick(tiles.width - 1);                  \
    tiles.plane = (tiles.window_rows * tiles.height + pick(tiles.height - 1)) * tiles.columns; \
    const long rows = 2 * tiles.window_rows;                                              \
    const REAL n = pick(1) ? (REAL)(tiles.height * tiles.width) : 1;                      \
    struct nnexp_patch_geometry windows = {                                               \
        .channels = 1 + pick(2), .window_rows = 1 + pick(3), .window_columns = 1 + pick(3), \
        .row_dilation = 1 + pick(2), .column_dilation = 1 + pick(2),                      \
        .row_stride = 1 + pick(2), .column_stride = 1 + pick(2),                          \
        .position_rows = 1 + pick(5), .position_columns = 1 + pick(40)};                        \
    windows.rows = (windows.position_rows - 1) * windows.row_stride + 1                   \
        + (windows.window_rows - 1) * windows.row_dilation;                               \
    windows.columns = (windows.position_columns - 1) * windows.column_stride + 1          \
        + (windows.window_columns - 1) * windows.column_dilation;                         \
    const long image = windows.channels * windows.rows * windows.columns;                 \
    const long patches = windows.channels * windows.window_rows * windows.window_columns  \
        * windows.position_rows * windows.position_columns;                                     \
    const long plane = 2 * tiles.plane, tile = rows * tiles.windows;                      \
    const long inputs[] = {count, count, count, plane, tile, plane, image, patches};      \
    const long outputs[] = {count, count, count, tile, tile, plane, patches, image};      \
    const long slopes[] = {0, count, 0, 0, 0, tile, 0, 0};                                \
    REAL *x = numbers(inputs[kind], sizeof *x), *y = numbers(outputs[kind], sizeof *y);   \
    REAL *dy = numbers(slopes[kind], sizeof *dy);                                         \
    struct result_##SUFFIX first = {0};                                                   \
    for (int isa = 0; isa < nnexp_isa_count; isa++) {                                     \
      const struct nnexp_kernels *kernels = nnexp_kernels_for(isa);                       \
      if (!kernels) continue;                                                             \
      struct result_##SUFFIX result = run_##SUFFIX(                                       \
          &kernels->SUFFIX, kind, count, power, &tiles, (int)p, n, rows, &windows, patches, x, \
          y, dy);                                                                         \
      if (first.numbers) {                                                                \
        if (result.answer != first.answer) abort();                                       \
        same_##SUFFIX(first.numbers, result.numbers, first.count);                        \
        free(result.numbers);                                                             \
      } else {                                                                            \
        first = result;                                                                   \
      }                                                                                   \
    }                                                                                     \
    free(first.numbers);                                                                  \
    free(x);                                                                              \
    free(y);                                                                              \
    free(dy);                                                                             \
  }

// `rows` of `columns` small integers, `step` apart.
#define MATRICES(REAL, SUFFIX)                                                            \
  static REAL *integers_##SUFFIX(long rows, long columns, long step) {                    \
    const long count = (rows - 1) * step + columns;                                       \
    REAL *x = malloc(count * sizeof *x);                                                  \
    for (long i = 0; i < count; i++)                                                      \
      x[i] = left ? (REAL)(input[i % left] % 16) - 8 : (REAL)(i % 5);                     \
    return x;                                                                             \
  }                                                                                       \
                                                                                          \
  /* C ← A·B, or C + A·B, by three kernels. */                                            \
  static void multiply_##SUFFIX(void) {                                                   \
    const long rows = 1 + pick(40), columns = 1 + pick(100), terms = 1 + pick(255) * (1 + pick(2)); \
    const int a_turned = (int)pick(1), b_turned = (int)pick(1), adds = (int)pick(1);      \
    const long a_rows = a_turned ? terms : rows, a_columns = a_turned ? rows : terms;     \
    const long b_rows = b_turned ? columns : terms, b_columns = b_turned ? terms : columns; \
    const long a_step = a_columns + pick(3), b_step = b_columns + pick(3), c_step = columns + pick(3); \
    REAL *a = integers_##SUFFIX(a_rows, a_columns, a_step);                               \
    REAL *b = integers_##SUFFIX(b_rows, b_columns, b_step);                               \
    REAL *c = integers_##SUFFIX(rows, columns, c_step);                                   \
    const long size = (rows - 1) * c_step + columns;                                      \
    REAL *expected = copied(c, size * sizeof *c);                                         \
    for (long m = 0; m < rows; m++)                                                       \
      for (long n = 0; n < columns; n++) {                                                \
        REAL sum = adds ? c[m * c_step + n] : 0;                                          \
        for (long k = 0; k < terms; k++)                                                  \
          sum += (a_turned ? a[k * a_step + m] : a[m * a_step + k])                       \
              * (b_turned ? b[n * b_step + k] : b[k * b_step + n]);                       \
        expected[m * c_step + n] = sum;                                                   \
      }                                                                                   \
    for (int isa = 0; isa < nnexp_isa_count; isa++) {                                     \
      const struct nnexp_kernels *kernels = nnexp_kernels_for(isa);                       \
      if (!kernels || !kernels->SUFFIX.products) continue;                                \
      for (int kind = a_turned || !b_turned ? 1 : 0; kind < 3; kind++) {                  \
        REAL *y = copied(c, size * sizeof *c);                                            \
        const int answer = kind == 0                                                      \
            ? kernels->SUFFIX.row_products(                                               \
                  rows, columns, terms, a, a_step, b, b_step, y, c_step, adds)            \
            : (kind == 1 ? kernels->SUFFIX.products : kernels->SUFFIX.direct_products)(   \
                  rows, columns, terms, a, a_step, a_turned, b, b_step, b_turned, y, c_step, adds); \
        if (answer)                                                                       \
          for (long i = 0; i < size; i++)                                                 \
            if (y[i] != expected[i]) abort();                                             \
        free(y);                                                                          \
      }                                                                                   \
    }                                                                                     \
    free(a), free(b), free(c), free(expected);                                            \
  }                                                                                       \
                                                                                          \
  /* Sums over the entries of samples, and back, with rows in the order of their first entries. */ \
  static void sum_entries_##SUFFIX(void) {                                                \
    const long samples = 1 + pick(5), entries = pick(6), units = 1 + pick(80), step = units + pick(3); \
    int *rows = malloc(samples * entries * sizeof *rows);                                 \
    long count = 0;                                                                       \
    for (long e = 0; e < samples * entries; e++) {                                        \
      rows[e] = (int)pick(count < 20 ? count : 19);                                       \
      if (rows[e] == count) count++;                                                      \
    }                                                                                     \
    REAL *values = integers_##SUFFIX(1, samples * entries, 0);                            \
    REAL *w = integers_##SUFFIX(count + 1, units, step), *bias = integers_##SUFFIX(1, units, 0); \
    REAL *dy = integers_##SUFFIX(samples, units, step);                                   \
    const long size = (samples - 1) * step + units, weights = count * step + units;       \
    for (int isa = 0; isa < nnexp_isa_count; isa++) {                                     \
      const struct nnexp_kernels *kernels = nnexp_kernels_for(isa);                       \
      if (!kernels) continue;                                                             \
      REAL *y = copied(dy, size * sizeof *y), *g = copied(w, weights * sizeof *g);        \
      kernels->SUFFIX.entry_sums(samples, entries, units, step, values, rows, w, bias, y); \
      kernels->SUFFIX.entry_gradients(samples, entries, units, step, values, rows, dy, g); \
      for (long s = 0; s < samples; s++)                                                  \
        for (long u = 0; u < units; u++) {                                                \
          REAL sum = bias[u];                                                             \
          for (long e = s * entries; e < (s + 1) * entries; e++)                          \
            sum += values[e] * w[rows[e] * step + u];                                     \
          if (y[s * step + u] != sum) abort();                                            \
        }                                                                                 \
      for (long row = 0; row <= count; row++)                                             \
        for (long u = 0; u < units; u++) {                                                \
          REAL sum = row == count ? w[row * step + u] : 0;                                \
          for (long e = 0; e < samples * entries; e++)                                    \
            if (rows[e] == row) sum += values[e] * dy[e / entries * step + u];            \
          if (g[row * step + u] != sum) abort();                                          \
        }                                                                                 \
      free(y), free(g);                                                                   \
    }                                                                                     \
    free(rows), free(values), free(w), free(bias), free(dy);                              \
  }

DRIVER(float, f32)
DRIVER(double, f64)
MATRICES(float, f32)
MATRICES(double, f64)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  input = bytes;
  left = count;
  static void (*const drivers[])(void) = {
      drive_f32, drive_f64, multiply_f32, multiply_f64, sum_entries_f32, sum_entries_f64};
  drivers[pick(5)]();
  return 0;
}
