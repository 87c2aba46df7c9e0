// All kernels, for the instruction set that the including file has chosen.

#include "CKernels.h"

// a·b + c rounds twice everywhere: with FMA and without must agree.
#pragma STDC FP_CONTRACT OFF

// Vectors are passed to what is inlined alone: how a call would pass them is nobody's concern.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))

#include "Float32.h"
#include "Functions.h"
#include "Maps.h"
#include "End.h"

#include "Float64.h"
#include "Functions.h"
#include "Maps.h"
#include "End.h"

const struct nnexp_kernels TABLE = {.f32 = maps_f32, .f64 = maps_f64};
