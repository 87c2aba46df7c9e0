// All kernels, for the instruction set that the including file has chosen.

#include "CKernels.h"

// a·b + c rounds twice: with FMA and without must agree, but in Correlation.h.
#pragma STDC FP_CONTRACT OFF

// Vectors are passed to what is inlined alone: how a call would pass them is nobody's concern.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))

#if defined(NARROWER)
extern const struct nnexp_kernels NARROWER;
#endif

#define JOINED(x, precision) x##_##precision
#include "Float32.h"
#include "WideFunctions.h"
#include "Functions.h"
#include "Maps.h"
#include "Tiles.h"
#include "LargestTiles.h"
#include "Windows.h"
#include "Correlation.h"
#include "End.h"

#include "Float64.h"
#include "WideFunctions.h"
#include "Functions.h"
#include "Maps.h"
#include "Tiles.h"
#include "LargestTiles.h"
#include "Windows.h"
#include "Correlation.h"
#include "Power.h"
#include "End.h"

/// In the order of `enum nnexp_function`.
#define EACH(loop, precision)                                                      \
  { loop##_exp_##precision,  loop##_expm1_##precision, loop##_log_##precision,     \
    loop##_log1p_##precision, loop##_tanh_##precision, loop##_logistic_##precision }
#define TILES(precision)                                                           \
  .add_tiles = add_tiles_##precision, .tile_roots = tile_roots_##precision,        \
  .pull_tiles = pull_tiles_##precision, .largest_tiles = largest_tiles_##precision, \
  .pull_largest_tiles = pull_largest_tiles_##precision
#define WINDOWS(precision) .gather = gather_##precision, .scatter = scatter_##precision
#define CORRELATION(precision)                                                     \
  .pack = pack_##precision, .correlate = correlate_##precision,                    \
  .relate = relate_##precision, .add_rows_up = add_rows_up_##precision

const struct nnexp_kernels TABLE = {
  .f32 = {.map = EACH(map, f32), .pull = EACH(pull, f32), .power = powers_f32,
          TILES(f32), WINDOWS(f32), CORRELATION(f32)},
  .f64 = {.map = EACH(map, f64), .pull = EACH(pull, f64), .power = powers_f64,
          TILES(f64), WINDOWS(f64), CORRELATION(f64)},
};
