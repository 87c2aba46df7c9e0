// Swish with a learned slope, in C; the same file serves as C++.
//
//     y    = x σ(βx),                 σ(u) = 1 / (1 + e^−u),  s = σ(βx)
//     ∂x  += ∂y (s + βx s (1 − s))
//     ∂β  += Σ ∂y x² s (1 − s)        one β for all
//
// Shape: any → the same. Source: Ramachandran, Zoph, Le 2017, "Searching for
// activation functions".
#include "nnexp_plugin.h"

#include <math.h>

NNEXP_PLUGIN_STAMP

typedef struct {
  double beta;
} swish;

static void read_options(void *self, nnexp_options *options) {
  ((swish *)self)->beta =
      options->number(options, "beta", 1, -INFINITY, INFINITY, "initial slope");
}

static const char *plan(const void *self, int32_t count, const nnexp_shape *inputs,
                        nnexp_plan *plan) {
  (void)count;
  plan->output = inputs[0];
  for (int i = 0; i < inputs[0].rank; i++)
    if (inputs[0].extents[i] == 0) return "the input has no numbers";
  plan->parameter_count = 1;
  plan->parameters[0].name = "beta";
  plan->parameters[0].shape.rank = 1;
  plan->parameters[0].shape.extents[0] = 1;
  plan->parameters[0].constant = ((const swish *)self)->beta;
  return 0;
}

// Both passes for numbers of type T.
#define PASSES(T, EXP, FORWARD, BACKWARD)                                 \
  static void FORWARD(const void *self, const nnexp_forward *pass) {      \
    (void)self;                                                           \
    const T *x = (const T *)pass->inputs[0].start;                        \
    const T beta = *(const T *)pass->parameters[0].start;                 \
    T *y = (T *)pass->y.start;                                            \
    for (int64_t i = 0; i < pass->y.count; i++)                           \
      y[i] = x[i] / (1 + EXP(-beta * x[i]));                              \
  }                                                                       \
  static void BACKWARD(const void *self, const nnexp_backward *pass) {    \
    (void)self;                                                           \
    const T *x = (const T *)pass->inputs[0].start;                        \
    const T *dy = (const T *)pass->dy.start;                              \
    const T beta = *(const T *)pass->parameters[0].start;                 \
    T *dx = (T *)pass->d_inputs[0].start;                                 \
    T *d_beta = (T *)pass->gradients[0].start;                            \
    for (int64_t i = 0; i < pass->y.count; i++) {                         \
      const T s = 1 / (1 + EXP(-beta * x[i]));                            \
      dx[i] += dy[i] * (s + beta * x[i] * s * (1 - s));                   \
      *d_beta += dy[i] * x[i] * x[i] * s * (1 - s);                       \
    }                                                                     \
  }
PASSES(float, expf, forward_float, backward_float)
PASSES(double, exp, forward_double, backward_double)

static const nnexp_example examples[] = {
    {0, {{0, 0}}, 1, {{1, {4}}}},
    {1, {{"beta", 0.5}}, 1, {{3, {2, 3, 3}}}},
};

static const nnexp_layer layers[] = {{
    "swish", "x times its own sigmoid, with a learned slope", "y = x / (1 + e^(-beta x))", 1, 1,
    sizeof(swish), read_options, plan, forward_float, forward_double, backward_float,
    backward_double, examples, 2,
}};

const nnexp_plugin_table nnexp_plugin = {NNEXP_PLUGIN_VERSION, 1, layers};
