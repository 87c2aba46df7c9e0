// All kernels, for the instruction set that the including file has selected.

#include "CKernels.h"
#include <limits.h>
#include <string.h>

// a·b + c rounds twice, so that results with and without FMA agree; Convolution.h is an
// exception.
#pragma STDC FP_CONTRACT OFF

// Vectors are only passed to inlined functions, so that the calling convention for vectors does
// not matter.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))

#if defined(HAS_MASKS)
#define MASKS 1
#else
#define MASKS 0
#endif

#if defined(NARROWER)
extern const struct nnexp_kernels NARROWER;
#endif

#define JOINED(x, precision) x##_##precision
#include "Float32.h"
#include "WideFunctions.h"
#include "Functions.h"
#include "Gelu.h"
#include "Maps.h"
#include "LpPooling.h"
#include "Windows.h"
#include "Normalization.h"
#include "Softmax.h"
#include "Strips.h"
#include "Im2col.h"
#include "Convolution.h"
#include "Transposition.h"
#include "Entries.h"
#include "Products.h"
#include "DirectProducts.h"
#include "Winograd.h"
#include "Optimizers.h"
#include "End.h"

#include "Float64.h"
#include "WideFunctions.h"
#include "Functions.h"
#include "Gelu.h"
#include "Maps.h"
#include "LpPooling.h"
#include "Windows.h"
#include "Normalization.h"
#include "Softmax.h"
#include "Strips.h"
#include "Im2col.h"
#include "Convolution.h"
#include "Transposition.h"
#include "Entries.h"
#include "Products.h"
#include "DirectProducts.h"
#include "Winograd.h"
#include "Optimizers.h"
#include "Power.h"
#include "Trigonometry.h"
#include "LpWindows.h"
#include "Random.h"
#include "End.h"

/// In the order of `enum nnexp_function`.
#define EACH(loop, precision)                                                      \
  { loop##_exp_##precision,  loop##_expm1_##precision, loop##_log_##precision,     \
    loop##_log1p_##precision, loop##_tanh_##precision, loop##_logistic_##precision,   \
    loop##_gelu_##precision, loop##_gelu_tanh_##precision }
#define POOLING(precision)                                                         \
  .lp_pool_sums = lp_pool_sums_##precision, .lp_pool_roots = lp_pool_roots_##precision, \
  .lp_pool_vjp = lp_pool_vjp_##precision, .window_sums = window_sums_##precision,  \
  .window_spread = window_spread_##precision, .window_counts = window_counts_##precision, \
  .window_maxima = window_maxima_##precision, .window_maxima_vjp = window_maxima_vjp_##precision, \
  .lp_window_pool = lp_window_pool_##precision, .lp_window_vjp = lp_window_vjp_##precision
#define NORMALIZATION(precision)                                                   \
  .norm_moments = norm_moments_##precision, .norm_apply = norm_apply_##precision,  \
  .norm_sums = norm_sums_##precision, .norm_vjp = norm_vjp_##precision,            \
  .entry_norm_apply = entry_norm_apply_##precision, .entry_norm_vjp = entry_norm_vjp_##precision, \
  .softmax = softmax_##precision, .softmax_vjp = softmax_vjp_##precision,          \
  .dropout = dropout_##precision, .add_noise = add_noise_##precision, \
  .adam = adam_##precision
#define COPIES(precision)                                                          \
  .transposed = transposed_##precision, .im2col = im2col_##precision, .col2im = col2im_##precision, \
  .entry_sums = entry_sums_##precision, .entry_gradients = entry_gradients_##precision, \
  .transfer_rows = transfer_rows_##precision
#define CONVOLUTION(precision)                                                     \
  .pack = pack_##precision, .conv_forward = conv_forward_##precision,              \
  .conv_weight_gradient = conv_weight_gradient_##precision, .add_row_sums = add_row_sums_##precision, \
  .winograd_filters = winograd_filters_##precision, .winograd_input = winograd_input_##precision, \
  .winograd_output = winograd_output_##precision, .winograd_slopes = winograd_slopes_##precision, \
  .winograd_filter_gradient = winograd_filter_gradient_##precision, \
  .winograd_products = winograd_products_##precision, .winograd_sums = winograd_sums_##precision

#if defined(HAS_FMA)
#define PRODUCTS(precision)                                                        \
  .row_products = row_products_##precision, .products = products_##precision,      \
  .direct_products = direct_products_##precision
// Measured; with 16 registers, OpenBLAS is faster beyond.
#define MOST_ROWS (TILE_ROWS == 8 ? 64 : 32)
#define MOST_TERMS (TILE_ROWS == 8 ? INT_MAX : 32)
#define MOST_WORK 1000000
#else
#define MOST_ROWS 0
#define MOST_TERMS 0
#define MOST_WORK 0
#define PRODUCTS(precision) .row_products = 0, .products = 0, .direct_products = 0
#endif

const struct nnexp_kernels TABLE = {
  .f32 = {.map = EACH(map, f32), .vjp = EACH(vjp, f32), .power = powers_f32, .run_strip = run_strip_f32,
          POOLING(f32), NORMALIZATION(f32), COPIES(f32), CONVOLUTION(f32), PRODUCTS(f32)},
  .f64 = {.map = EACH(map, f64), .vjp = EACH(vjp, f64), .power = powers_f64, .run_strip = run_strip_f64,
          POOLING(f64), NORMALIZATION(f64), COPIES(f64), CONVOLUTION(f64), PRODUCTS(f64)},
  .product_rows = MOST_ROWS, .product_terms = MOST_TERMS, .product_work = MOST_WORK,
};
