// differences FOLDER SAMPLES BATCH EPOCHS THREADS RATE: W5 at its limit. Plain central differences
// in float64 of all 2,410 parameters of 64-32-10 (sigmoid, cross-entropy) on eight samples, which
// are the lanes of a register, against the gradient by the chain rule. The result is Σ|g|.
//
// What separates nnexp from this limit in W5: a bound takes about seven evaluations of the loss per
// derivative, and plain differences take two. When one weight changes, nnexp recomputes one unit, the
// numbers of the sigmoid that depend on it, and the whole second product. PyTorch 2.15 checks all
// derivatives in 0.14 to 0.18 s here, not in 1.33 s, so that 40 times faster than PyTorch would be
// below this limit.
#include <math.h>
#include <omp.h>
#include "measure.h"

enum { I = 64, H = 32, O = 10, B = 8, P = H * I + H + O * H + O };
typedef double lanes __attribute__((vector_size(8 * B)));

static inline lanes exponential(lanes z) {
#pragma omp simd
  for (int s = 0; s < B; s++) z[s] = exp(z[s]);
  return z;
}

// All parameters as one vector: V, a, W, b.
typedef struct {
  double v[H][I], a[H], w[O][H], b[O];
} Network;

static lanes x[I], hot[O];  // hot[o] is 1 where o is the sample's class

// Returns the loss; stores h and softmax(z).
static double evaluate(const Network *net, lanes *h, lanes *q) {
  lanes most = x[0] * 0 - 1e300, sum = {0}, picked = {0};
  for (int j = 0; j < H; j++) {
    lanes z[4] = {{0}};
    for (int i = 0; i < I; i += 4)
      for (int k = 0; k < 4; k++) z[k] += net->v[j][i + k] * x[i + k];
    h[j] = 1 / (1 + exponential(-((z[0] + z[1]) + (z[2] + z[3]) + net->a[j])));
  }
  for (int o = 0; o < O; o++) {
    lanes z[4] = {{0}};
    for (int j = 0; j < H; j += 4)
      for (int k = 0; k < 4; k++) z[k] += net->w[o][j + k] * h[j + k];
    q[o] = (z[0] + z[1]) + (z[2] + z[3]) + net->b[o];
    for (int s = 0; s < B; s++) most[s] = q[o][s] > most[s] ? q[o][s] : most[s];
    picked += hot[o] * q[o];
  }
  for (int o = 0; o < O; o++) sum += q[o] = exponential(q[o] - most);
  double loss = 0;
  for (int s = 0; s < B; s++) loss += log(sum[s]) + most[s] - picked[s];
  for (int o = 0; o < O; o++) q[o] /= sum;
  return loss / B;
}

static void gradient(const Network *net, Network *g) {
  lanes h[H], q[O];
  evaluate(net, h, q);
  memset(g, 0, sizeof *g);
  for (int s = 0; s < B; s++) {
    double back[H] = {0};
    for (int o = 0; o < O; o++) {
      double delta = (q[o][s] - hot[o][s]) / B;
      g->b[o] += delta;
      for (int j = 0; j < H; j++) {
        g->w[o][j] += delta * h[j][s];
        back[j] += delta * net->w[o][j];
      }
    }
    for (int j = 0; j < H; j++) {
      double gamma = back[j] * h[j][s] * (1 - h[j][s]);
      g->a[j] += gamma;
      for (int i = 0; i < I; i++) g->v[j][i] += gamma * x[i][s];
    }
  }
}

int main(int count, char **arguments) {
  if (count < 7) return 2;
  const char *folder = arguments[1];
  int threads = atoi(arguments[5]);
  Network net, g;
  double *data = read_npy(folder, "x.npy");
  int *t = read_npy(folder, "t.npy");
  for (int s = 0; s < B; s++) {
    for (int i = 0; i < I; i++) x[i][s] = data[s * I + i];
    for (int o = 0; o < O; o++) hot[o][s] = o == t[s];
  }
  memcpy(net.v, read_npy(folder, "weight_0.npy"), sizeof net.v);
  memcpy(net.a, read_npy(folder, "bias_0.npy"), sizeof net.a);
  memcpy(net.w, read_npy(folder, "weight_1.npy"), sizeof net.w);
  memcpy(net.b, read_npy(folder, "bias_1.npy"), sizeof net.b);
  const double step = 1e-5;
  double start = now(), total = 0;
  int wrong = 0;
  gradient(&net, &g);
#pragma omp parallel num_threads(threads) reduction(+ : total, wrong)
  {
    Network own = net;
    lanes h[H], q[O];
#pragma omp for schedule(static)
    for (int i = 0; i < P; i++) {
      double *w = (double *)&own + i, kept = *w, analytic = ((double *)&g)[i];
      *w = kept + step;
      double above = evaluate(&own, h, q);
      *w = kept - step;
      double numeric = (above - evaluate(&own, h, q)) / (2 * step);
      *w = kept;
      wrong += !(fabs(numeric - analytic) < 1e-6);
      total += fabs(analytic);
    }
  }
  double seconds = now() - start;
  return wrong ? 1 : answer(seconds, total);
}
