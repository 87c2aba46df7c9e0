// W1 at its limit: 2-2-1 with sigmoids, squared error, plain gradient descent.
//
//   h = σ(V x + a),  y = σ(w h + b),  L = (1/n) Σ (y − t)²
//   δ = (2/n) (y − t) y (1 − y),  γ = δ w h (1 − h)
//
// The four samples are the lanes of one register (W1), or each step uses one sample in turn, with
// the hidden units as lanes (W1b).
//
// The difference between nnexp and this limit in W1 and W1b. W1 takes 2,024 instructions per step
// of four samples (2,385 and 3,400 in earlier versions): the difference between 15,000 and 5,000
// steps under `NNEXP_ISA=avx2 valgrind --tool=callgrind nnexp run`, divided by 10,000. In time, W1
// takes 109 ns per step (the version before: 119), W1b 96 (107), W1-float64 137 (138): minima of six
// runs of 200,000 steps, alternating, from `timing.csv` (AMD EPYC, 2026-11-30).
//
// - Half of the instructions compute the network. A quarter visit the nodes and the optimizer behind
//   `any Layer`. The rest are the loop, its clock and its rows: 100 rows take 0.09 ms of W1's
//   10,000 steps.
// - What helped: the sigmoid is fused into the dense layer before it, which saves two calls and
//   their checks. Passes are passed by reference; copies of them took 400 instructions. Dense
//   rows are computed unit by unit, with weights and sums in registers. Slopes of up to eight numbers
//   are computed in place, without waiting for the store before them (5%). Loops that LLVM vectorized
//   for two numbers took 600 instructions, one count of references 45, and Swift's checks of
//   exclusive access 126 where variables of a class held the learning rate.
// - Now the processor waits for results: fewer instructions save nothing (a loop in place of a call
//   that clears the gradients took away 40 and no time). About a quarter of the time is the logistic
//   function, two calls, one after the other. In float64, rounded once, each takes 15 ns instead of
//   20, because nothing compensates for rounding errors, and has an error of 0.53 units in the last
//   place instead of 1.96 (every 37th number; a C program, AVX2). With 4,096
//   numbers it takes 0.96 of the time before (AVX-512), 0.90 (AVX2), 0.73 (SSE2). Up to four numbers
//   use registers of four, up to eight those of eight. The rest is a dozen results that one layer
//   stores and the next loads, 2 to 4 ns each, which only code without layers would avoid.
// - FANN's result differs, because it clips the sigmoid's slope.
// - In five whole runs, W1 took 1.13, 1.79, 1.17, 1.16 and 1.13 times as long as JAX's scan, and W1b
//   1.42, 1.59, 1.37, 1.42 and 1.38 times; in others 0.89 to 1.22 and 1.16 to 1.70 (`--only W1,W1b`).
//   With the logistic function in float64, 1.05 and 1.15 in a whole run, and 1.04 to 1.07 and 1.24 to
//   1.27 in three others (`--only`, 9 to 15 rounds).
#pragma once
#include <stdint.h>
#include "measure.h"

#ifdef FLOAT64
typedef double real;
typedef int64_t whole;
#else
typedef float real;
typedef int32_t whole;
#endif

typedef real four __attribute__((vector_size(4 * sizeof(real))));
typedef whole four_whole __attribute__((vector_size(4 * sizeof(real))));

// The parameters of the network: V, a, w, b.
typedef struct {
  real v[2][2], a[2], w[2], b;
} Network;

// e^x = 2^n e^r with |r| ≤ ln 2 / 2: e^r by its series, to the precision of the type.
static inline four exponential(four x) {
  const real ln2 = 0.693147180559945309417232121458;
  four_whole n = __builtin_convertvector(x * (real)1.44269504088896340735992468100 +
                                             (four)((x > 0) & (four_whole)((four){1, 1, 1, 1})) -
                                             (real)0.5,
                                         four_whole);
  four r = x - __builtin_convertvector(n, four) * ln2;
#ifdef FLOAT64
  four sum = r * (real)(1.0 / 479001600) + (real)(1.0 / 39916800);
  static const real terms[] = {1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                               1.0 / 120,     1.0 / 24,     1.0 / 6,     0.5,        1,
                               1};
#else
  four sum = r * (real)(1.0 / 5040) + (real)(1.0 / 720);
  static const real terms[] = {1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1};
#endif
  for (unsigned i = 0; i < sizeof terms / sizeof *terms; i++) sum = sum * r + terms[i];
#ifdef FLOAT64
  four_whole power = (n + 1023) << 52;
#else
  four_whole power = (n + 127) << 23;
#endif
  return sum * (four)power;
}

static inline four sigmoid(four x) { return 1 / (1 + exponential(-x)); }

static inline real total(four x) { return (x[0] + x[1]) + (x[2] + x[3]); }

static inline Network read_network(const char *folder) {
  Network net;
  memcpy(net.v, read_npy(folder, "weight_0.npy"), sizeof net.v);
  memcpy(net.a, read_npy(folder, "bias_0.npy"), sizeof net.a);
  memcpy(net.w, read_npy(folder, "weight_1.npy"), sizeof net.w);
  memcpy(&net.b, read_npy(folder, "bias_1.npy"), sizeof net.b);
  return net;
}

static const four x0 = {0, 0, 1, 1}, x1 = {0, 1, 0, 1}, t = {0, 1, 1, 0};

// Performs one step on all four samples. Returns the loss before it.
static inline real full_step(Network *net, real rate) {
  four h0 = sigmoid(net->v[0][0] * x0 + net->v[0][1] * x1 + net->a[0]);
  four h1 = sigmoid(net->v[1][0] * x0 + net->v[1][1] * x1 + net->a[1]);
  four y = sigmoid(net->w[0] * h0 + net->w[1] * h1 + net->b);
  four off = y - t;
  four delta = (real)0.5 * off * y * (1 - y);
  four g0 = delta * net->w[0] * h0 * (1 - h0);
  four g1 = delta * net->w[1] * h1 * (1 - h1);
  net->w[0] -= rate * total(delta * h0);
  net->w[1] -= rate * total(delta * h1);
  net->b -= rate * total(delta);
  net->v[0][0] -= rate * total(g0 * x0);
  net->v[0][1] -= rate * total(g0 * x1);
  net->a[0] -= rate * total(g0);
  net->v[1][0] -= rate * total(g1 * x0);
  net->v[1][1] -= rate * total(g1 * x1);
  net->a[1] -= rate * total(g1);
  return total(off * off) / 4;
}

// Performs one step on sample i. Returns its loss before the step.
static inline real single_step(Network *net, int i, real rate) {
  real p = x0[i], q = x1[i];
  four z = {net->v[0][0] * p + net->v[0][1] * q + net->a[0],
            net->v[1][0] * p + net->v[1][1] * q + net->a[1]};
  four h = sigmoid(z);
  four out = {net->w[0] * h[0] + net->w[1] * h[1] + net->b};
  real y = sigmoid(out)[0];
  real off = y - t[i];
  real delta = 2 * off * y * (1 - y);
  four w = {net->w[0], net->w[1]};
  four g = delta * w * h * (1 - h);
  for (int j = 0; j < 2; j++) {
    net->w[j] -= rate * delta * h[j];
    net->v[j][0] -= rate * g[j] * p;
    net->v[j][1] -= rate * g[j] * q;
    net->a[j] -= rate * g[j];
  }
  net->b -= rate * delta;
  return off * off;
}
