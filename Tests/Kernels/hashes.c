// Prints a hash of the results of every kernel for each instruction set that the processor has:
// `instruction set, precision, kernel, hash`. The inputs come from a seed and contain zeros,
// infinities, NaN, denormal and huge numbers. All NaNs have the same hash, because processors
// give different signs to a new NaN.
#include "CKernels.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static uint64_t state;

static uint64_t bits(void) {
  state += 0x9e3779b97f4a7c15u;
  uint64_t z = state;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

// From −1 to 1.
static double uniform(void) { return (double)(int64_t)bits() * 0x1p-63; }

enum { most = 4096 };

#define DRIVER(REAL, SUFFIX, UINT, LEAST, GREATEST)                                        \
  static REAL x_##SUFFIX[most], y_##SUFFIX[most], dy_##SUFFIX[most], out_##SUFFIX[most];   \
  static REAL room_##SUFFIX[4 * most], second_##SUFFIX[most], third_##SUFFIX[most];        \
                                                                                           \
  /* Ordinary numbers, or with `is_hostile` every kind of number. */                       \
  static void fill_##SUFFIX(REAL *to, int is_hostile) {                                    \
    static const REAL hostile[] = {                                                        \
        0, -(REAL)0, 1, -1, LEAST, -LEAST, GREATEST, -GREATEST, __builtin_inf(),           \
        -__builtin_inf(), __builtin_nan(""), (REAL)1e5, (REAL)-1e30, (REAL)1e-30};         \
    for (int i = 0; i < most; i++) {                                                       \
      const uint64_t kind = bits() % 64;                                                   \
      to[i] = (REAL)(uniform() * (kind < 32 ? 2 : 30));                                    \
      if (is_hostile && kind < sizeof hostile / sizeof *hostile) to[i] = hostile[kind];    \
    }                                                                                      \
  }                                                                                        \
                                                                                           \
  static uint64_t hash_##SUFFIX(uint64_t hash, const REAL *block, long count) {            \
    for (long i = 0; i < count; i++) {                                                     \
      UINT number = 0;                                                                     \
      if (block[i] == block[i]) memcpy(&number, block + i, sizeof number);                 \
      hash = (hash ^ number) * 0x100000001b3u;                                             \
      hash ^= hash >> 29;                                                                  \
    }                                                                                      \
    return hash;                                                                           \
  }                                                                                        \
                                                                                           \
  static void start_##SUFFIX(uint64_t seed, int is_hostile) {                              \
    state = seed;                                                                          \
    fill_##SUFFIX(x_##SUFFIX, is_hostile);                                                 \
    fill_##SUFFIX(y_##SUFFIX, is_hostile);                                                 \
    fill_##SUFFIX(dy_##SUFFIX, is_hostile);                                                \
    fill_##SUFFIX(out_##SUFFIX, 0);                                                        \
    fill_##SUFFIX(second_##SUFFIX, 0);                                                     \
    fill_##SUFFIX(third_##SUFFIX, 0);                                                      \
  }                                                                                        \
                                                                                           \
  static void run_##SUFFIX(const char *isa, const struct nnexp_kernels_##SUFFIX *k) {      \
    REAL *x = x_##SUFFIX, *y = y_##SUFFIX, *dy = dy_##SUFFIX, *out = out_##SUFFIX;         \
    REAL *room = room_##SUFFIX, *second = second_##SUFFIX, *third = third_##SUFFIX;        \
    uint64_t hash = 1;                                                                     \
    KERNELS(REAL, SUFFIX)                                                                  \
  }

// Starts a kernel's case with fresh inputs, and adds its outputs to the hash.
#define BEGIN(SUFFIX, hostile) start_##SUFFIX(++seed, hostile);
#define ADD(SUFFIX, block, count) hash = hash_##SUFFIX(hash, block, count);
#define PRINT(SUFFIX, name)                                                                \
  printf("%-9s %s %-24s %016llx\n", isa, #SUFFIX, name, (unsigned long long)hash);         \
  hash = 1;

#define KERNELS(REAL, SUFFIX)                                                              \
  uint64_t seed = 0;                                                                       \
  char name[40];                                                                           \
  for (int f = 0; f < nnexp_function_count; f++) {                                         \
    BEGIN(SUFFIX, 1)                                                                       \
    k->map[f](x, y, most - 1);                                                             \
    ADD(SUFFIX, y, most)                                                                   \
    snprintf(name, sizeof name, "map %d", f);                                              \
    PRINT(SUFFIX, name)                                                                    \
    k->vjp[f](x, y, dy, out, most - 1);                                                    \
    ADD(SUFFIX, out, most)                                                                 \
    snprintf(name, sizeof name, "vjp %d", f);                                              \
    PRINT(SUFFIX, name)                                                                    \
  }                                                                                        \
  for (double p = -3.5; p < 5; p += 0.75) {                                                \
    BEGIN(SUFFIX, 1)                                                                       \
    k->power(x, p, y, most - 1);                                                           \
    ADD(SUFFIX, y, most)                                                                   \
  }                                                                                        \
  PRINT(SUFFIX, "power")                                                                   \
  for (int o = 0; o <= nnexp_strip_column_smallest; o++) {                                 \
    BEGIN(SUFFIX, 1)                                                                       \
    enum { entries = 3, columns = 77 };                                                    \
    REAL *external[] = {x, y, dy, out};                                                    \
    struct nnexp_strip_step step = {                                                       \
        .operation = o, .a = {0, 0, 0, 1}, .b = {1, 0, 0, 1}, .c = {2, 0, 0, 1},           \
        .y = {3, 0, 0, 1}};                                                                \
    if (o >= nnexp_strip_sum && o <= nnexp_strip_smallest) step.y.has_rows = 0;            \
    if (o >= nnexp_strip_column_sum) step.y.has_rows = 0;                                  \
    if (o == nnexp_strip_first) step.b.has_rows = 0;                                       \
    k->run_strip(&step, 1, room, external, entries, columns, columns);                     \
    ADD(SUFFIX, out, most)                                                                 \
    snprintf(name, sizeof name, "strip %d", o);                                            \
    PRINT(SUFFIX, name)                                                                    \
  }                                                                                        \
  for (double p = -1.5; p < 5; p += 1.25) {                                                \
    BEGIN(SUFFIX, 1)                                                                       \
    enum { columns = 77 };                                                                 \
    REAL *external[] = {x, y, out};                                                        \
    struct nnexp_strip_step step = {                                                       \
        .operation = nnexp_strip_power, .a = {0, 0, 0, 1}, .b = {1, 0, 0, 1},              \
        .y = {2, 0, 0, 1}};                                                                \
    for (int i = 0; i < columns; i++) y[i] = (REAL)p;                                      \
    k->run_strip(&step, 1, room, external, 1, columns, columns);                           \
    ADD(SUFFIX, out, columns)                                                              \
    memcpy(second, out, sizeof *out * columns);                                            \
    y[columns - 1] = 7;                                                                    \
    k->run_strip(&step, 1, room, external, 1, columns, columns);                           \
    if (memcmp(second, out, sizeof *out * (columns - 1))) {                                \
      fprintf(stderr, "powers with one p and with several differ\n");                      \
      exit(1);                                                                             \
    }                                                                                      \
  }                                                                                        \
  PRINT(SUFFIX, "power of rows")                                                           \
  for (int p = 1; p <= 4; p++) {                                                           \
    const struct nnexp_pooling_geometry tiles = {                                          \
        .height = 2, .width = 3, .windows = 11, .window_rows = 4, .columns = 35,           \
        .plane = 35 * 9};                                                                  \
    BEGIN(SUFFIX, p % 2)                                                                   \
    k->lp_pool_sums(&tiles, p, 6, x, y, 8, room);                                          \
    ADD(SUFFIX, y, 88)                                                                     \
    hash += (uint64_t)k->lp_pool_roots(p, y, second, 88);                                  \
    ADD(SUFFIX, second, 88)                                                                \
    PRINT(SUFFIX, "lp_pool")                                                               \
    hash += (uint64_t)k->lp_pool_vjp(&tiles, p, 6, x, second, dy, out, 0, 8, room);        \
    ADD(SUFFIX, out, most)                                                                 \
    PRINT(SUFFIX, "lp_pool_vjp")                                                           \
  }                                                                                        \
  struct nnexp_window_geometry w = {                                                       \
      .rows = 13, .columns = 22, .window_rows = 3, .window_columns = 4, .row_stride = 2,   \
      .column_stride = 3, .row_dilation = 2, .column_dilation = 1, .row_padding = 2,       \
      .column_padding = 1, .position_rows = 7, .position_columns = 7,                      \
      .row_room = 22 + 2 + 3 + 40};                                                        \
  const long planes = 3, plane = 13 * 22, windows = 49;                                    \
  for (int hostile = 0; hostile < 2; hostile++) {                                          \
    BEGIN(SUFFIX, hostile)                                                                 \
    k->window_sums(&w, x, y, planes, room);                                                \
    ADD(SUFFIX, y, most)                                                                   \
    PRINT(SUFFIX, "window_sums")                                                           \
    k->window_spread(&w, dy, out, planes, room);                                           \
    ADD(SUFFIX, out, most)                                                                 \
    PRINT(SUFFIX, "window_spread")                                                         \
    k->window_counts(&w, hostile, y);                                                      \
    ADD(SUFFIX, y, windows)                                                                \
    PRINT(SUFFIX, "window_counts")                                                         \
    k->window_maxima(&w, hostile, x, y, second, planes, room);                             \
    ADD(SUFFIX, y, most)                                                                   \
    PRINT(SUFFIX, "window_maxima")                                                         \
    k->window_maxima_vjp(&w, hostile, x, second, dy, out, planes);                         \
    ADD(SUFFIX, out, most)                                                                 \
    PRINT(SUFFIX, "window_maxima_vjp")                                                     \
    for (double p = 1; p < 6; p += 0.5) {                                                  \
      static double wide[8 * most];                                                        \
      const struct nnexp_lp lp = {                                                         \
          .p = p, .inverse_low = p * 0x1p-60, .least = 0x1p-120,                           \
          .most = 0x1p120, .normalizes = hostile};                                         \
      double dp = 0;                                                                       \
      BEGIN(SUFFIX, hostile)                                                               \
      hash += (uint64_t)k->lp_window_pool(&w, &lp, x, y, planes, wide);                    \
      ADD(SUFFIX, y, planes * windows)                                                     \
      hash += (uint64_t)k->lp_window_vjp(&w, &lp, x, y, dy, out, planes, &dp, wide);       \
      ADD(SUFFIX, out, planes * plane)                                                     \
      hash = hash_f64(hash, &dp, 1);                                                       \
    }                                                                                      \
    PRINT(SUFFIX, "lp_window")                                                             \
  }                                                                                        \
  for (long positions = 1; positions < 90; positions += 44) {                              \
    const long samples = 5, channels = 7, step = channels * positions, total = samples * step;\
    BEGIN(SUFFIX, 0)                                                                       \
    for (int i = 0; i < most; i++) third[i] = third[i] * third[i] + 1;                     \
    k->norm_moments(samples, channels, positions, step, x, second, y);                     \
    ADD(SUFFIX, second, channels)                                                          \
    ADD(SUFFIX, y, channels)                                                               \
    for (int rectifies = 0; rectifies < 2; rectifies++) {                                  \
      REAL *shift = rectifies ? dy : 0;                                                    \
      k->norm_apply(samples, channels, positions, step, x, second, third, dy, y, rectifies);\
      ADD(SUFFIX, y, total)                                                                \
      k->norm_sums(                                                                        \
          samples, channels, positions, step, x, shift, dy, second, third, third, room, room + most);\
      ADD(SUFFIX, room, channels)                                                          \
      ADD(SUFFIX, room + most, channels)                                                   \
      k->norm_vjp(                                                                         \
          samples, channels, positions, step, x, shift, dy, second, third, third, room, room + most,\
          out, rectifies);                                                                 \
      ADD(SUFFIX, out, total)                                                              \
    }                                                                                      \
    PRINT(SUFFIX, "norm")                                                                  \
    k->entry_norm_apply(samples, channels * positions, x, second, third, dy, y, out);      \
    ADD(SUFFIX, out, total)                                                                \
    memset(room, 0, 2 * most * sizeof *room);                                              \
    k->entry_norm_vjp(                                                                     \
        samples, channels * positions, x, dy, second, third, y, room, room + most, out);   \
    ADD(SUFFIX, room, 2 * most)                                                            \
    ADD(SUFFIX, out, total)                                                                \
    PRINT(SUFFIX, "entry_norm")                                                            \
  }                                                                                        \
  for (long inner = 1; inner < 40; inner += 32) {                                          \
    const long outer = 3, length = 41, total = outer * length * inner;                     \
    for (int is_log = 0; is_log < 2; is_log++) {                                           \
      BEGIN(SUFFIX, 1)                                                                     \
      k->softmax(outer, length, inner, is_log, x, y);                                      \
      ADD(SUFFIX, y, total)                                                                \
      k->softmax_vjp(outer, length, inner, is_log, x, y, dy, out);                         \
      ADD(SUFFIX, out, total)                                                              \
      PRINT(SUFFIX, "softmax")                                                             \
    }                                                                                      \
  }                                                                                        \
  BEGIN(SUFFIX, 1)                                                                         \
  k->dropout(                                                                              \
      0xfedcba9876543210u, (nnexp_int64)0x123456789abc, (nnexp_int64)1 << 51,              \
      (REAL)1.25, x, y, second, most - 1);                                                 \
  ADD(SUFFIX, y, most)                                                                     \
  ADD(SUFFIX, second, most)                                                                \
  PRINT(SUFFIX, "dropout")                                                                 \
  BEGIN(SUFFIX, 1)                                                                         \
  k->add_noise(                                                                            \
      0xfedcba9876543210u, (nnexp_int64)0x123456789abc, 0.75, y, most - 1);                \
  ADD(SUFFIX, y, most)                                                                     \
  PRINT(SUFFIX, "add_noise")                                                               \
  for (int isLargest = 0; isLargest < 2; isLargest++) {                                    \
    const struct nnexp_adam o = {0.01, 0.999, 0.9, 0.1, 0.999, 0.001, 0.02, 1.5, 1e-8};    \
    BEGIN(SUFFIX, 1)                                                                       \
    k->adam(&o, x, y, dy, out, isLargest ? second : NULL, most - 1);                       \
    ADD(SUFFIX, x, most)                                                                   \
    ADD(SUFFIX, dy, most)                                                                  \
    ADD(SUFFIX, out, most)                                                                 \
    ADD(SUFFIX, second, most)                                                              \
    PRINT(SUFFIX, "adam")                                                                  \
  }                                                                                        \
  for (int adds = 0; adds < 2; adds++) {                                                   \
    BEGIN(SUFFIX, 1)                                                                       \
    k->transposed(21, 43, x, 47, out, 25, adds);                                           \
    ADD(SUFFIX, out, most)                                                                 \
    k->transposed(43, 2, x, 2, out, 47, adds);                                             \
    ADD(SUFFIX, out, most)                                                                 \
    k->transposed(2, 43, x, 47, out, 2, adds);                                             \
    ADD(SUFFIX, out, most)                                                                 \
    PRINT(SUFFIX, "transposed")                                                            \
  }                                                                                        \
  for (long units = 3; units < 120; units += 57) {                                         \
    const long samples = 5, entries = 7;                                                   \
    int rows[35];                                                                          \
    for (int e = 0; e < 35; e++) rows[e] = e % 4 ? e / 3 : e % 3;                          \
    BEGIN(SUFFIX, 0)                                                                       \
    k->transfer_rows(12, units, rows + 9, x, y, 0);                                        \
    ADD(SUFFIX, y, 12 * units)                                                             \
    k->entry_sums(samples, entries, units, units, dy, rows, x, second, y);                 \
    ADD(SUFFIX, y, samples * units)                                                        \
    int next = 0;                                                                          \
    for (int e = 0; e < 35; e++) rows[e] = e % 3 && next ? e % next : next++;              \
    k->entry_gradients(samples, entries, units, units, x, rows, dy, out);                  \
    ADD(SUFFIX, out, next * units)                                                         \
    k->transfer_rows(next, units, rows, out, y, 1);                                        \
    ADD(SUFFIX, out, next * units)                                                         \
    PRINT(SUFFIX, "entries")                                                               \
  }                                                                                        \
  const struct nnexp_patch_geometry patches = {                                            \
      .channels = 2, .rows = 11, .columns = 26, .window_rows = 3, .window_columns = 2,     \
      .row_dilation = 2, .column_dilation = 3, .row_stride = 2, .column_stride = 1,        \
      .position_rows = 4, .position_columns = 23};                                         \
  BEGIN(SUFFIX, 1)                                                                         \
  k->im2col(&patches, x, y);                                                               \
  ADD(SUFFIX, y, most)                                                                     \
  k->col2im(&patches, dy, out);                                                            \
  ADD(SUFFIX, out, most)                                                                   \
  PRINT(SUFFIX, "im2col")                                                                  \
  for (long height = 1; height < 12; height += 5) {                                        \
    const struct nnexp_sliding_matrix b = {                                                \
        .groups = 2, .rows = 3, .columns = 3, .group_step = 600, .row_step = 40,           \
        .column_step = 1, .count = 117, .span = 117, .span_step = 1, .pitch = 117};        \
    const struct nnexp_strided_matrix a = {                                                \
        .rows = height, .inner_rows = height, .outer_row_step = 0, .inner_row_step = 18,   \
        .outer_columns = 1, .inner_columns = 18, .outer_column_step = 0,                   \
        .inner_column_step = 1};                                                           \
    BEGIN(SUFFIX, 0)                                                                       \
    k->pack(&a, dy, room);                                                                 \
    k->conv_forward(&b, height, room, second, x, y);                                       \
    ADD(SUFFIX, y, height * 117)                                                           \
    PRINT(SUFFIX, "conv_forward")                                                          \
    k->conv_weight_gradient(&b, height, 2, dy, 117 * height, x, 1500, out);                \
    ADD(SUFFIX, out, height * 18)                                                          \
    PRINT(SUFFIX, "conv_weight_gradient")                                                  \
    k->add_row_sums(height, 117, 2, dy, 117 * height, second);                             \
    ADD(SUFFIX, second, height)                                                            \
    PRINT(SUFFIX, "add_row_sums")                                                          \
  }

DRIVER(double, f64, uint64_t, 0x1p-1074, 0x1.fffffffffffffp1023)
DRIVER(float, f32, uint32_t, 0x1p-149f, 0x1.fffffep127f)

int main(void) {
  static const char *const names[] = {"portable", "x86-64", "avx2", "avx512"};
  for (int isa = 0; isa < nnexp_isa_count; isa++) {
    const struct nnexp_kernels *kernels = nnexp_kernels_for(isa);
    if (!kernels) continue;
    run_f64(names[isa], &kernels->f64);
    run_f32(names[isa], &kernels->f32);
  }
  // Angles of every size.
  uint64_t hash = 1;
  state = 1;
  for (int i = 0; i < 20000; i++) {
    const uint64_t number = bits();
    double x, parts[2];
    memcpy(&x, &number, sizeof x);
    hash += (uint64_t)nnexp_reduce_angle(x, parts);
    hash = hash_f64(hash, parts, 2);
  }
  printf("%-9s %s %-24s %016llx\n", "portable", "f64", "reduce_angle", (unsigned long long)hash);
  return 0;
}
