/// Loops over vectors of numbers, compiled once for each instruction set.
///
/// Every kernel is written once, on vectors of any processor (clang's `ext_vector_type`), and,
/// except for the sums of products, without fused multiply-add: a number's result has the same
/// bits on every instruction set, at every position and in every lane. The last digits of
/// `conv_forward`, `conv_weight_gradient` and `add_row_sums` differ between instruction sets,
/// as with a BLAS.

#ifndef NNEXP_CKERNELS_H
#define NNEXP_CKERNELS_H

/// Integers of 64 bits: `long` if it has so many, because clang compares vectors of float64 to
/// vectors of `long` then, otherwise `long long`.
#if __SIZEOF_LONG__ == 8
typedef long nnexp_int64;
typedef unsigned long nnexp_uint64;
#else
typedef long long nnexp_int64;
typedef unsigned long long nnexp_uint64;
#endif

/// A function of one number, in the order of
/// `Sources/NNExp/Numerics/ElementwiseFunction.swift`.
enum nnexp_function {
  nnexp_exp,
  nnexp_expm1,
  nnexp_log,
  nnexp_log1p,
  nnexp_tanh,
  nnexp_logistic,
  nnexp_gelu,
  nnexp_gelu_tanh,
  nnexp_function_count
};

/// Pooling windows that do not overlap: their size and the layout of the planes that they
/// cover.
struct nnexp_pooling_geometry {
  /// The rows and columns of a window.
  long height, width;
  /// The numbers in a row and in a plane of x; windows need not cover all of them.
  long columns, plane;
  /// The windows in a row, and the rows of windows in a plane.
  long windows, window_rows;
};

/// Any pooling windows over planes of `rows` × `columns`.
struct nnexp_window_geometry {
  long rows, columns;
  /// The extents of a window, the distances between windows and between their entries, and the
  /// empty positions before a plane's first row and column, and after its last.
  long window_rows, window_columns, row_stride, column_stride, row_dilation, column_dilation;
  long row_padding, column_padding, row_padding_after, column_padding_after;
  /// The windows along each axis.
  long position_rows, position_columns;
  /// The numbers in the scratch memory for one row: columns + the padding + column_stride + 40.
  long row_room;
};

/// The p of an Lp norm, its mean in place of its sum, and the limits of the norms that float64 computes
/// without underflow.
struct nnexp_lp {
  double p;
  /// 1/p less its rounded value.
  double inverse_low;
  double least, most;
  int normalizes;
};

/// One step of Adam: d = g + decay·w; m ← mean_kept·m + mean_added·d; v ← square_kept·v +
/// square_added·d²; w ← shrinkage·w − rate·m/(√v·correction + epsilon). The constants are rounded to the
/// precision of w.
struct nnexp_adam {
  double decay, shrinkage, mean_kept, mean_added, square_kept, square_added, rate, correction, epsilon;
};

/// The windows of a convolution, all of them inside x.
struct nnexp_patch_geometry {
  /// The extents of x.
  long channels, rows, columns;
  /// The extents of a window, and the distance from one of its entries to the next.
  long window_rows, window_columns, row_dilation, column_dilation;
  /// The distance from one window to the next.
  long row_stride, column_stride;
  /// The number of positions of the window.
  long position_rows, position_columns;
};

/// A matrix whose rows overlap: row (g, u, v) has `count` numbers, starting at position
/// g·group_step + u·row_step + v·column_step.
struct nnexp_sliding_matrix {
  long groups, rows, columns;
  long group_step, row_step, column_step;
  long count;
  /// The numbers of a row that need not be 0: `span` of them, starting at u·span_step.
  long span, span_step;
  /// The distance between the rows of the product, or of the other factor.
  long pitch;
};

/// A matrix within a tensor: its row m is the pair (m / inner_rows, m mod inner_rows); its
/// columns are pairs in the same way.
struct nnexp_strided_matrix {
  long rows, inner_rows, outer_row_step, inner_row_step;
  long outer_columns, inner_columns, outer_column_step, inner_column_step;
};

/// A convolution at every position over planes of `rows` × `columns` with empty positions around
/// them. Its windows consist of row_parts × column_parts windows of 3 × 3.
struct nnexp_winograd {
  long channels, rows, columns, row_padding, column_padding, position_rows, position_columns;
  long row_parts, column_parts;
};

/// Filters of rows × columns adjacent taps, one for each unit and channel, and the distances between
/// them. With `flips`, the taps are in the opposite order.
struct nnexp_filters {
  long units, channels, unit_step, channel_step, rows, columns;
  int flips;
};

/// An operation of a formula, in the order of `Sources/NNExp/Numerics/StripStep.swift`.
enum nnexp_strip_operation {
  nnexp_strip_copy, nnexp_strip_negate, nnexp_strip_abs, nnexp_strip_sign, nnexp_strip_square,
  nnexp_strip_sqrt, nnexp_strip_exp, nnexp_strip_expm1, nnexp_strip_log, nnexp_strip_log1p,
  nnexp_strip_tanh, nnexp_strip_logistic, nnexp_strip_gaussian, nnexp_strip_erf,
  nnexp_strip_erfc, nnexp_strip_sin, nnexp_strip_cos, nnexp_strip_floor,
  nnexp_strip_add, nnexp_strip_subtract, nnexp_strip_multiply, nnexp_strip_divide,
  nnexp_strip_power, nnexp_strip_min, nnexp_strip_max, nnexp_strip_less,
  nnexp_strip_less_or_equal, nnexp_strip_equal, nnexp_strip_select,
  nnexp_strip_sum, nnexp_strip_product, nnexp_strip_largest, nnexp_strip_smallest,
  nnexp_strip_product_of_others, nnexp_strip_first,
  nnexp_strip_multiply_add, nnexp_strip_multiply_subtract, nnexp_strip_subtract_product,
  nnexp_strip_multiply_multiply, nnexp_strip_add_multiply, nnexp_strip_subtract_multiply,
  nnexp_strip_add_add, nnexp_strip_subtract_add, nnexp_strip_select_add,
  nnexp_strip_logistic_slope, nnexp_strip_tanh_slope, nnexp_strip_share,
  nnexp_strip_multiply_logistic_slope, nnexp_strip_multiply_tanh_slope,
  nnexp_strip_add_logistic_slope, nnexp_strip_add_tanh_slope,
  nnexp_strip_column_sum, nnexp_strip_column_product, nnexp_strip_column_largest,
  nnexp_strip_column_smallest,
};

/// The place of a strip's numbers: a pointer that the caller passes, or registers after `groups`
/// registers of one row and `entries` registers of one row per entry. The rows of a pointer follow
/// each other without a gap.
struct nnexp_strip_operand {
  /// −1 for a register.
  short external;
  short groups, entries;
  /// 1 if there is a row per entry, 0 if there is one for the group, 2 if the numbers of that row
  /// are all the same.
  short has_rows;
};

/// The longest chain of steps.
enum { nnexp_chain_limit = 64 };

/// y ← operation(a, b, c), on a whole strip. Operands that an operation lacks repeat `a`.
struct nnexp_strip_step {
  int operation;
  /// 1 if `a` is the result of the step before, which no other step reads and nothing stores.
  int continues;
  struct nnexp_strip_operand a, b, c, y;
};

/// x = nπ/2 + parts[0] + parts[1] for any finite x; returns n mod 4.
long nnexp_reduce_angle(double x, double *parts);

/// The bytes of a copy of rows, and the terms that are added before a sum is stored; see Products.h.
#define NNEXP_PRODUCT_ROOM (512 << 10)
#define NNEXP_PRODUCT_TERMS 384
/// The memory of the calling thread for copies of rows and columns, allocated by the first call; NULL if there is none.
void *nnexp_product_room(void);

/// The kernels for one precision; functions are at the index of their `nnexp_function`.
#define NNEXP_KERNELS(REAL)                                                        \
  /* y ← f(x); x and y may be the same. */                                         \
  void (*map[nnexp_function_count])(const REAL *x, REAL *y, long count);           \
  /* dx ← dx + dy·f′(x), where y = f(x). */                                        \
  void (*vjp[nnexp_function_count])(                                               \
      const REAL *x, const REAL *y, const REAL *dy, REAL *dx, long count);         \
  /* y ← xᵖ for x ≥ 0, NaN elsewhere; x and y may be the same. */                  \
  void (*power)(const REAL *x, double p, REAL *y, long count);                     \
  /* A formula on a strip; see Strips.h. */                                        \
  void (*run_strip)(                                                               \
      const struct nnexp_strip_step *steps, long count, REAL *registers, REAL *const *external, \
      long entries, long width, long columns);                                     \
  /* Lp pooling over tiles: the sums, their roots, the gradients; see LpPooling.h. */ \
  void (*lp_pool_sums)(                                                            \
      const struct nnexp_pooling_geometry *geometry, int p, REAL n, const REAL *x, REAL *y, long rows, \
      REAL *room);                                                                 \
  int (*lp_pool_roots)(int p, const REAL *s, REAL *y, long count);                 \
  long (*lp_pool_vjp)(                                                             \
      const struct nnexp_pooling_geometry *geometry, int p, REAL n, const REAL *x, const REAL *y, \
      const REAL *dy, REAL *dx, long row, long rows, REAL *room);                  \
  /* Pooling over any windows; see Windows.h. */                                    \
  void (*window_sums)(                                                             \
      const struct nnexp_window_geometry *w, const REAL *x, REAL *y, long planes, REAL *row); \
  void (*window_spread)(                                                           \
      const struct nnexp_window_geometry *w, const REAL *dy, REAL *dx, long planes, REAL *row); \
  void (*window_counts)(                                                           \
      const struct nnexp_window_geometry *w, int with_padding, REAL *counts);      \
  void (*window_maxima)(                                                           \
      const struct nnexp_window_geometry *w, int is_absolute, const REAL *x, REAL *y, \
      REAL *positions, long planes, REAL *row);                                    \
  void (*window_maxima_vjp)(                                                       \
      const struct nnexp_window_geometry *w, int is_absolute, const REAL *x, const REAL *positions, \
      const REAL *dy, REAL *dx, long planes);                                      \
  /* Lp pooling over any windows; see LpWindows.h. */                              \
  int (*lp_window_pool)(                                                           \
      const struct nnexp_window_geometry *w, const struct nnexp_lp *lp, const REAL *x, REAL *y, \
      long planes, double *room);                                                  \
  int (*lp_window_vjp)(                                                            \
      const struct nnexp_window_geometry *w, const struct nnexp_lp *lp, const REAL *x, const REAL *y, \
      const REAL *dy, REAL *dx, long planes, double *dp, double *room);            \
  /* Normalization of [samples, channels, positions]; see Normalization.h. shift may be NULL. */ \
  void (*norm_moments)(                                                            \
      long samples, long channels, long positions, long step, const REAL *x, REAL *mean, \
      REAL *variance);                                                             \
  void (*norm_apply)(                                                              \
      long samples, long channels, long positions, long step, const REAL *x, const REAL *mean, \
      const REAL *scale, const REAL *shift, REAL *y, int rectifies);               \
  void (*norm_sums)(                                                               \
      long samples, long channels, long positions, long step, const REAL *x, const REAL *shift, \
      const REAL *dy, const REAL *mean, const REAL *inverse, const REAL *weight, REAL *sum, \
      REAL *product);                                                              \
  void (*norm_vjp)(                                                                \
      long samples, long channels, long positions, long step, const REAL *x, const REAL *shift, \
      const REAL *dy, const REAL *mean, const REAL *inverse, const REAL *weight, const REAL *a, \
      const REAL *b, REAL *dx, int adds);                                          \
  void (*entry_norm_apply)(                                                        \
      long samples, long count, const REAL *x, const REAL *mean, const REAL *inverse, \
      const REAL *weight, const REAL *bias, REAL *y);                              \
  void (*entry_norm_vjp)(                                                          \
      long samples, long count, const REAL *x, const REAL *dy, const REAL *mean,   \
      const REAL *inverse, const REAL *weight, REAL *dweight, REAL *dbias, REAL *dx); \
  /* Products of matrices with few rows, large, and small; see Products.h. NULL without FMA. */ \
  int (*row_products)(                                                             \
      long rows, long columns, long terms, const REAL *a, long a_step, const REAL *b, long b_step, \
      REAL *c, long c_step, int adds);                                             \
  int (*products)(                                                                 \
      long rows, long columns, long terms, const REAL *a, long a_step, int a_turned, \
      const REAL *b, long b_step, int b_turned, REAL *c, long c_step, int adds);   \
  int (*direct_products)(                                                          \
      long rows, long columns, long terms, const REAL *a, long a_step, int a_turned, \
      const REAL *b, long b_step, int b_turned, REAL *c, long c_step, int adds);   \
  /* Softmax, or its logarithm, along lines of [outer, length, inner]; see Softmax.h. */ \
  void (*softmax)(                                                                 \
      long outer, long length, long inner, int is_log, const REAL *x, REAL *y);    \
  void (*softmax_vjp)(                                                             \
      long outer, long length, long inner, int is_log, const REAL *x, const REAL *y, \
      const REAL *dy, REAL *dx);                                                   \
  /* A mask that is 0 where the 53 bits at a position are below `limit`; see Random.h. */ \
  void (*dropout)(                                                                 \
      nnexp_uint64 key, nnexp_int64 first, nnexp_int64 limit, REAL kept, const REAL *x, REAL *y, REAL *mask, \
      long count);                                                                 \
  /* y + deviation·n with a normal distribution; see Random.h. */                  \
  void (*add_noise)(                                                               \
      nnexp_uint64 key, nnexp_int64 first, double deviation, REAL *y, long count); \
  /* A step of Adam, with √ of the largest v so far unless `largest` is NULL; see Optimizers.h. */ \
  void (*adam)(                                                                    \
      const struct nnexp_adam *o, REAL *w, const REAL *g, REAL *m, REAL *v, REAL *largest, long count); \
  /* Exchanges rows and columns, and adds the result with `adds`; see Transposition.h. */ \
  void (*transposed)(                                                              \
      long rows, long columns, const REAL *x, long x_step, REAL *y, long y_step, int adds); \
  /* Products with samples of which few entries are not 0; see Entries.h. */       \
  void (*entry_sums)(                                                              \
      long samples, long entries, long units, long step, const REAL *values, const int *rows, \
      const REAL *w, const REAL *b, REAL *y);                                      \
  void (*entry_gradients)(                                                         \
      long samples, long entries, long units, long step, const REAL *values, const int *rows, \
      const REAL *dy, REAL *g);                                                    \
  void (*transfer_rows)(long count, long units, const int *rows, REAL *x, REAL *y, int stores); \
  /* Windows as the columns of a matrix, and added back; see Im2col.h. */          \
  void (*im2col)(const struct nnexp_patch_geometry *geometry, const REAL *x, REAL *patches); \
  void (*col2im)(const struct nnexp_patch_geometry *geometry, const REAL *patches, REAL *x); \
  /* Products with a matrix whose rows overlap; see Convolution.h. */              \
  void (*pack)(const struct nnexp_strided_matrix *a_layout, const REAL *a, REAL *packed); \
  void (*conv_forward)(                                                            \
      const struct nnexp_sliding_matrix *b_rows, long height, const REAL *packed, const REAL *c, \
      const REAL *b, REAL *y);                                                     \
  void (*conv_weight_gradient)(                                                    \
      const struct nnexp_sliding_matrix *b_rows, long height, long samples, const REAL *d, \
      long d_step, const REAL *b, long b_step, REAL *w);                           \
  void (*add_row_sums)(                                                            \
      long height, long count, long samples, const REAL *d, long d_step, REAL *sums); \
  /* Convolutions with fewer products; see Winograd.h. */                          \
  void (*winograd_filters)(                                                        \
      const struct nnexp_filters *f, const REAL *a, REAL *filters, long step);     \
  void (*winograd_input)(                                                          \
      const struct nnexp_winograd *w, const REAL *x, long first, long count, REAL *values, long step,\
      REAL *room);                                                                 \
  void (*winograd_slopes)(                                                         \
      const struct nnexp_winograd *w, long units, const REAL *dy, long first, long count,\
      REAL *slopes, long step, REAL *room);                                        \
  void (*winograd_output)(                                                         \
      const struct nnexp_winograd *w, long units, const REAL *products, long step, const REAL *c,\
      int adds, REAL *y, long first, long count, REAL *room);                      \
  void (*winograd_products)(                                                       \
      long tiles, long channels, long units, const REAL *values, long value_step,  \
      const REAL *filters, long filter_step, REAL *products, long product_step);   \
  void (*winograd_sums)(                                                           \
      long tiles, long channels, long units, const REAL *values, long value_step,  \
      const REAL *slopes, long slope_step, REAL *sums, long sum_step);             \
  void (*winograd_filter_gradient)(                                                \
      const struct nnexp_filters *f, const REAL *sums, long step, REAL *g);

struct nnexp_kernels_f32 {
  NNEXP_KERNELS(float)
};
struct nnexp_kernels_f64 {
  NNEXP_KERNELS(double)
};

/// All kernels for one instruction set.
struct nnexp_kernels {
  struct nnexp_kernels_f32 f32;
  struct nnexp_kernels_f64 f64;
  /* The most rows of A·Bᵀ, terms of large products and operations of small ones for which Products.h is
     used in place of a BLAS. */
  int product_rows, product_terms, product_work;
};

/// An instruction set for which the kernels are compiled.
enum nnexp_isa {
  /// The set that every processor of the architecture has, with one register of 128 bits at a
  /// time: SSE2 on x86-64, NEON on arm64.
  nnexp_isa_portable,
  /// SSE2 with four registers at a time.
  nnexp_isa_x86_64,
  nnexp_isa_avx2,
  nnexp_isa_avx512,
  nnexp_isa_count
};

/// The kernels for `isa`; NULL if this processor does not support it.
const struct nnexp_kernels *nnexp_kernels_for(enum nnexp_isa isa);

/// The instruction set in use on this thread; by default, the best of the processor.
enum nnexp_isa nnexp_current_isa(void);

/// Selects `isa` for the whole process. The processor must support it.
void nnexp_use_isa(enum nnexp_isa isa);

/// The kernels in use. Set before `main`, so that reading the pointer costs one load.
extern const struct nnexp_kernels *_Atomic nnexp_kernels_in_use;

/// Selects `isa` on this thread only. `nnexp_isa_count` restores the selection of the process.
void nnexp_use_isa_here(enum nnexp_isa isa);

/// The kernels of this thread, or NULL. Defined in the executable, so that an access needs two
/// loads and no call.
extern _Thread_local const struct nnexp_kernels *nnexp_kernels_here
    __attribute__((tls_model("initial-exec")));

static inline const struct nnexp_kernels *nnexp_kernels(void) {
  const struct nnexp_kernels *here = nnexp_kernels_here;
  return here ? here : __c11_atomic_load(&nnexp_kernels_in_use, __ATOMIC_RELAXED);
}

// Calls of the kernels in use, one per kernel.
static inline void nnexp_map_f32(
    enum nnexp_function f, const float *x, float *y, long count) {
  nnexp_kernels()->f32.map[f](x, y, count);
}
static inline void nnexp_map_f64(
    enum nnexp_function f, const double *x, double *y, long count) {
  nnexp_kernels()->f64.map[f](x, y, count);
}
static inline void nnexp_vjp_f32(
    enum nnexp_function f, const float *x, const float *y, const float *dy, float *dx,
    long count) {
  nnexp_kernels()->f32.vjp[f](x, y, dy, dx, count);
}
static inline void nnexp_vjp_f64(
    enum nnexp_function f, const double *x, const double *y, const double *dy, double *dx,
    long count) {
  nnexp_kernels()->f64.vjp[f](x, y, dy, dx, count);
}

static inline void nnexp_power_f32(const float *x, double p, float *y, long count) {
  nnexp_kernels()->f32.power(x, p, y, count);
}
static inline void nnexp_power_f64(const double *x, double p, double *y, long count) {
  nnexp_kernels()->f64.power(x, p, y, count);
}

static inline void nnexp_run_strip_f32(
    const struct nnexp_strip_step *steps, long count, float *registers, float *const *external,
    long entries, long width, long columns) {
  nnexp_kernels()->f32.run_strip(steps, count, registers, external, entries, width, columns);
}
static inline void nnexp_run_strip_f64(
    const struct nnexp_strip_step *steps, long count, double *registers, double *const *external,
    long entries, long width, long columns) {
  nnexp_kernels()->f64.run_strip(steps, count, registers, external, entries, width, columns);
}

// `room` is scratch memory for two rows of x.
static inline void nnexp_lp_pool_sums_f32(
    const struct nnexp_pooling_geometry *geometry, int p, float n, const float *x, float *y, long rows,
    float *room) {
  nnexp_kernels()->f32.lp_pool_sums(geometry, p, n, x, y, rows, room);
}
static inline int nnexp_lp_pool_roots_f32(int p, const float *s, float *y, long count) {
  return nnexp_kernels()->f32.lp_pool_roots(p, s, y, count);
}
static inline long nnexp_lp_pool_vjp_f32(
    const struct nnexp_pooling_geometry *geometry, int p, float n, const float *x, const float *y,
    const float *dy, float *dx, long row, long rows, float *room) {
  return nnexp_kernels()->f32.lp_pool_vjp(geometry, p, n, x, y, dy, dx, row, rows, room);
}
static inline void nnexp_lp_pool_sums_f64(
    const struct nnexp_pooling_geometry *geometry, int p, double n, const double *x, double *y, long rows,
    double *room) {
  nnexp_kernels()->f64.lp_pool_sums(geometry, p, n, x, y, rows, room);
}
static inline int nnexp_lp_pool_roots_f64(int p, const double *s, double *y, long count) {
  return nnexp_kernels()->f64.lp_pool_roots(p, s, y, count);
}
static inline long nnexp_lp_pool_vjp_f64(
    const struct nnexp_pooling_geometry *geometry, int p, double n, const double *x, const double *y,
    const double *dy, double *dx, long row, long rows, double *room) {
  return nnexp_kernels()->f64.lp_pool_vjp(geometry, p, n, x, y, dy, dx, row, rows, room);
}

#define NNEXP_CALLS(REAL, SUFFIX)                                                  \
  static inline void nnexp_window_sums_##SUFFIX(                                   \
      const struct nnexp_window_geometry *w, const REAL *x, REAL *y, long planes, REAL *row) { \
    nnexp_kernels()->SUFFIX.window_sums(w, x, y, planes, row);                     \
  }                                                                                \
  static inline void nnexp_window_spread_##SUFFIX(                                 \
      const struct nnexp_window_geometry *w, const REAL *dy, REAL *dx, long planes, REAL *row) { \
    nnexp_kernels()->SUFFIX.window_spread(w, dy, dx, planes, row);                 \
  }                                                                                \
  static inline void nnexp_window_counts_##SUFFIX(                                 \
      const struct nnexp_window_geometry *w, int with_padding, REAL *counts) {     \
    nnexp_kernels()->SUFFIX.window_counts(w, with_padding, counts);                \
  }                                                                                \
  static inline void nnexp_window_maxima_##SUFFIX(                                 \
      const struct nnexp_window_geometry *w, int is_absolute, const REAL *x, REAL *y, \
      REAL *positions, long planes, REAL *row) {                                   \
    nnexp_kernels()->SUFFIX.window_maxima(w, is_absolute, x, y, positions, planes, row); \
  }                                                                                \
  static inline void nnexp_window_maxima_vjp_##SUFFIX(                             \
      const struct nnexp_window_geometry *w, int is_absolute, const REAL *x, const REAL *positions, \
      const REAL *dy, REAL *dx, long planes) {                                     \
    nnexp_kernels()->SUFFIX.window_maxima_vjp(w, is_absolute, x, positions, dy, dx, planes); \
  }                                                                                \
  static inline int nnexp_lp_window_pool_##SUFFIX(                                 \
      const struct nnexp_window_geometry *w, const struct nnexp_lp *lp, const REAL *x, REAL *y, \
      long planes, double *room) {                                                 \
    return nnexp_kernels()->SUFFIX.lp_window_pool(w, lp, x, y, planes, room);      \
  }                                                                                \
  static inline int nnexp_lp_window_vjp_##SUFFIX(                                  \
      const struct nnexp_window_geometry *w, const struct nnexp_lp *lp, const REAL *x, const REAL *y, \
      const REAL *dy, REAL *dx, long planes, double *dp, double *room) {           \
    return nnexp_kernels()->SUFFIX.lp_window_vjp(w, lp, x, y, dy, dx, planes, dp, room); \
  }                                                                                \
  static inline void nnexp_norm_moments_##SUFFIX(                                  \
      long samples, long channels, long positions, long step, const REAL *x, REAL *mean,\
      REAL *variance) {                                                            \
    nnexp_kernels()->SUFFIX.norm_moments(samples, channels, positions, step, x, mean, variance);\
  }                                                                                \
  static inline void nnexp_norm_apply_##SUFFIX(                                    \
      long samples, long channels, long positions, long step, const REAL *x, const REAL *mean,\
      const REAL *scale, const REAL *shift, REAL *y, int rectifies) {              \
    nnexp_kernels()->SUFFIX.norm_apply(                                            \
        samples, channels, positions, step, x, mean, scale, shift, y, rectifies);  \
  }                                                                                \
  static inline void nnexp_norm_sums_##SUFFIX(                                     \
      long samples, long channels, long positions, long step, const REAL *x, const REAL *shift,\
      const REAL *dy, const REAL *mean, const REAL *inverse, const REAL *weight, REAL *sum,\
      REAL *product) {                                                             \
    nnexp_kernels()->SUFFIX.norm_sums(                                             \
        samples, channels, positions, step, x, shift, dy, mean, inverse, weight, sum, product);\
  }                                                                                \
  static inline void nnexp_norm_vjp_##SUFFIX(                                      \
      long samples, long channels, long positions, long step, const REAL *x, const REAL *shift,\
      const REAL *dy, const REAL *mean, const REAL *inverse, const REAL *weight, const REAL *a,\
      const REAL *b, REAL *dx, int adds) {                                         \
    nnexp_kernels()->SUFFIX.norm_vjp(                                              \
        samples, channels, positions, step, x, shift, dy, mean, inverse, weight, a, b, dx, adds);\
  }                                                                                \
  static inline void nnexp_entry_norm_apply_##SUFFIX(                              \
      long samples, long count, const REAL *x, const REAL *mean, const REAL *inverse, \
      const REAL *weight, const REAL *bias, REAL *y) {                             \
    nnexp_kernels()->SUFFIX.entry_norm_apply(samples, count, x, mean, inverse, weight, bias, y); \
  }                                                                                \
  static inline void nnexp_entry_norm_vjp_##SUFFIX(                                \
      long samples, long count, const REAL *x, const REAL *dy, const REAL *mean,   \
      const REAL *inverse, const REAL *weight, REAL *dweight, REAL *dbias, REAL *dx) { \
    nnexp_kernels()->SUFFIX.entry_norm_vjp(                                        \
        samples, count, x, dy, mean, inverse, weight, dweight, dbias, dx);         \
  }                                                                                \
  static inline int nnexp_products_##SUFFIX(                                       \
      long rows, long columns, long terms, const REAL *a, long a_step, int a_turned, \
      const REAL *b, long b_step, int b_turned, REAL *c, long c_step, int adds) {  \
    return nnexp_kernels()->SUFFIX.products                                        \
        && nnexp_kernels()->SUFFIX.products(                                       \
            rows, columns, terms, a, a_step, a_turned, b, b_step, b_turned, c, c_step, adds); \
  }                                                                                \
  static inline int nnexp_direct_products_##SUFFIX(                                \
      long rows, long columns, long terms, const REAL *a, long a_step, int a_turned, \
      const REAL *b, long b_step, int b_turned, REAL *c, long c_step, int adds) {  \
    return nnexp_kernels()->SUFFIX.direct_products                                 \
        && nnexp_kernels()->SUFFIX.direct_products(                                \
            rows, columns, terms, a, a_step, a_turned, b, b_step, b_turned, c, c_step, adds); \
  }                                                                                \
  static inline int nnexp_row_products_##SUFFIX(                                   \
      long rows, long columns, long terms, const REAL *a, long a_step, const REAL *b, long b_step, \
      REAL *c, long c_step, int adds) {                                            \
    return nnexp_kernels()->SUFFIX.row_products                                    \
        && nnexp_kernels()->SUFFIX.row_products(                                   \
            rows, columns, terms, a, a_step, b, b_step, c, c_step, adds);          \
  }                                                                                \
  static inline void nnexp_softmax_##SUFFIX(                                       \
      long outer, long length, long inner, int is_log, const REAL *x, REAL *y) {   \
    nnexp_kernels()->SUFFIX.softmax(outer, length, inner, is_log, x, y);           \
  }                                                                                \
  static inline void nnexp_softmax_vjp_##SUFFIX(                                   \
      long outer, long length, long inner, int is_log, const REAL *x, const REAL *y, \
      const REAL *dy, REAL *dx) {                                                  \
    nnexp_kernels()->SUFFIX.softmax_vjp(outer, length, inner, is_log, x, y, dy, dx); \
  }                                                                                \
  static inline void nnexp_dropout_##SUFFIX(                                       \
      nnexp_uint64 key, nnexp_int64 first, nnexp_int64 limit, REAL kept, const REAL *x, REAL *y, REAL *mask, \
      long count) {                                                                \
    nnexp_kernels()->SUFFIX.dropout(key, first, limit, kept, x, y, mask, count);   \
  }                                                                                \
  static inline void nnexp_add_noise_##SUFFIX(                                     \
      nnexp_uint64 key, nnexp_int64 first, double deviation, REAL *y, long count) { \
    nnexp_kernels()->SUFFIX.add_noise(key, first, deviation, y, count);            \
  }                                                                                \
  static inline void nnexp_adam_##SUFFIX(                                          \
      const struct nnexp_adam *o, REAL *w, const REAL *g, REAL *m, REAL *v, REAL *largest, long count) { \
    nnexp_kernels()->SUFFIX.adam(o, w, g, m, v, largest, count);                   \
  }                                                                                \
  static inline void nnexp_transposed_##SUFFIX(                                    \
      long rows, long columns, const REAL *x, long x_step, REAL *y, long y_step, int adds) { \
    nnexp_kernels()->SUFFIX.transposed(rows, columns, x, x_step, y, y_step, adds); \
  }                                                                                \
  static inline void nnexp_entry_sums_##SUFFIX(                                    \
      long samples, long entries, long units, long step, const REAL *values, const int *rows, \
      const REAL *w, const REAL *b, REAL *y) {                                     \
    nnexp_kernels()->SUFFIX.entry_sums(samples, entries, units, step, values, rows, w, b, y); \
  }                                                                                \
  static inline void nnexp_entry_gradients_##SUFFIX(                               \
      long samples, long entries, long units, long step, const REAL *values, const int *rows, \
      const REAL *dy, REAL *g) {                                                   \
    nnexp_kernels()->SUFFIX.entry_gradients(samples, entries, units, step, values, rows, dy, g); \
  }                                                                                \
  static inline void nnexp_transfer_rows_##SUFFIX(                                 \
      long count, long units, const int *rows, REAL *x, REAL *y, int stores) {     \
    nnexp_kernels()->SUFFIX.transfer_rows(count, units, rows, x, y, stores);           \
  }
NNEXP_CALLS(float, f32)
NNEXP_CALLS(double, f64)
#undef NNEXP_CALLS
#define NNEXP_CALLS(REAL, SUFFIX)                                                  \
  static inline void nnexp_winograd_filters_##SUFFIX(                              \
      const struct nnexp_filters *f, const REAL *a, REAL *filters, long step) {    \
    nnexp_kernels()->SUFFIX.winograd_filters(                                      \
        f, a, filters, step);                                                      \
  }                                                                                \
  static inline void nnexp_winograd_input_##SUFFIX(                                \
      const struct nnexp_winograd *w, const REAL *x, long first, long count, REAL *values, long step,\
      REAL *room) {                                                                \
    nnexp_kernels()->SUFFIX.winograd_input(                                        \
        w, x, first, count, values, step, room);                                   \
  }                                                                                \
  static inline void nnexp_winograd_slopes_##SUFFIX(                               \
      const struct nnexp_winograd *w, long units, const REAL *dy, long first, long count,\
      REAL *slopes, long step, REAL *room) {                                       \
    nnexp_kernels()->SUFFIX.winograd_slopes(                                       \
        w, units, dy, first, count, slopes, step, room);                           \
  }                                                                                \
  static inline void nnexp_winograd_output_##SUFFIX(                               \
      const struct nnexp_winograd *w, long units, const REAL *products, long step, const REAL *c,\
      int adds, REAL *y, long first, long count, REAL *room) {                     \
    nnexp_kernels()->SUFFIX.winograd_output(                                       \
        w, units, products, step, c, adds, y, first, count, room);                 \
  }                                                                                \
  static inline void nnexp_winograd_products_##SUFFIX(                             \
      long tiles, long channels, long units, const REAL *values, long value_step,  \
      const REAL *filters, long filter_step, REAL *products, long product_step) {  \
    nnexp_kernels()->SUFFIX.winograd_products(                                     \
        tiles, channels, units, values, value_step, filters, filter_step, products, product_step);\
  }                                                                                \
  static inline void nnexp_winograd_sums_##SUFFIX(                                 \
      long tiles, long channels, long units, const REAL *values, long value_step,  \
      const REAL *slopes, long slope_step, REAL *sums, long sum_step) {            \
    nnexp_kernels()->SUFFIX.winograd_sums(                                         \
        tiles, channels, units, values, value_step, slopes, slope_step, sums, sum_step);\
  }                                                                                \
  static inline void nnexp_winograd_filter_gradient_##SUFFIX(                      \
      const struct nnexp_filters *f, const REAL *sums, long step, REAL *g) {       \
    nnexp_kernels()->SUFFIX.winograd_filter_gradient(                              \
        f, sums, step, g);                                                         \
  }
NNEXP_CALLS(float, f32)
NNEXP_CALLS(double, f64)

static inline void nnexp_im2col_f32(
    const struct nnexp_patch_geometry *geometry, const float *x, float *patches) {
  nnexp_kernels()->f32.im2col(geometry, x, patches);
}
static inline void nnexp_col2im_f32(
    const struct nnexp_patch_geometry *geometry, const float *patches, float *x) {
  nnexp_kernels()->f32.col2im(geometry, patches, x);
}
static inline void nnexp_im2col_f64(
    const struct nnexp_patch_geometry *geometry, const double *x, double *patches) {
  nnexp_kernels()->f64.im2col(geometry, x, patches);
}
static inline void nnexp_col2im_f64(
    const struct nnexp_patch_geometry *geometry, const double *patches, double *x) {
  nnexp_kernels()->f64.col2im(geometry, patches, x);
}

static inline void nnexp_pack_f32(
    const struct nnexp_strided_matrix *a_layout, const float *a, float *packed) {
  nnexp_kernels()->f32.pack(a_layout, a, packed);
}
static inline void nnexp_conv_forward_f32(
    const struct nnexp_sliding_matrix *b_rows, long height, const float *packed, const float *c,
    const float *b, float *y) {
  nnexp_kernels()->f32.conv_forward(b_rows, height, packed, c, b, y);
}
static inline void nnexp_conv_weight_gradient_f32(
    const struct nnexp_sliding_matrix *b_rows, long height, long samples, const float *d, long d_step,
    const float *b, long b_step, float *w) {
  nnexp_kernels()->f32.conv_weight_gradient(b_rows, height, samples, d, d_step, b, b_step, w);
}
static inline void nnexp_add_row_sums_f32(
    long height, long count, long samples, const float *d, long d_step, float *sums) {
  nnexp_kernels()->f32.add_row_sums(height, count, samples, d, d_step, sums);
}
static inline void nnexp_pack_f64(
    const struct nnexp_strided_matrix *a_layout, const double *a, double *packed) {
  nnexp_kernels()->f64.pack(a_layout, a, packed);
}
static inline void nnexp_conv_forward_f64(
    const struct nnexp_sliding_matrix *b_rows, long height, const double *packed, const double *c,
    const double *b, double *y) {
  nnexp_kernels()->f64.conv_forward(b_rows, height, packed, c, b, y);
}
static inline void nnexp_conv_weight_gradient_f64(
    const struct nnexp_sliding_matrix *b_rows, long height, long samples, const double *d, long d_step,
    const double *b, long b_step, double *w) {
  nnexp_kernels()->f64.conv_weight_gradient(b_rows, height, samples, d, d_step, b, b_step, w);
}
static inline void nnexp_add_row_sums_f64(
    long height, long count, long samples, const double *d, long d_step, double *sums) {
  nnexp_kernels()->f64.add_row_sums(height, count, samples, d, d_step, sums);
}

static inline int nnexp_most_product_rows(void) { return nnexp_kernels()->product_rows; }
static inline int nnexp_most_product_terms(void) { return nnexp_kernels()->product_terms; }
static inline int nnexp_most_product_work(void) { return nnexp_kernels()->product_work; }

#endif
