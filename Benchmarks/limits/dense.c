// dense FOLDER SAMPLES BATCH EPOCHS THREADS RATE: W2 at its limit, 784-128-10 (or -DHIDDEN=n) with fixed sizes.
//
//   h = σ(V x + a),  z = W h + b,  L = −ln softmax(z)[t]
//   δ = (softmax(z) − e_t) / n,  γ = Wᵀδ h (1 − h),  V ← V − η γ xᵀ, …
//
// Large products by a library on one thread (-DONEDNN: oneDNN, else OpenBLAS); each thread
// computes some samples in the forward pass and some units in the backward pass, so that the gradient of V is never stored.
//
// In W2 and W3, most of nnexp's time above this limit is that of matrix products. nnexp's
// kernel (Products.h) is about as fast as oneDNN's sgemm at W3's shapes and 5 to 15% faster than OpenBLAS
// 0.3.21. oneDNN is not used: it generates its code in the first call (57 ms), needs two more libraries, and
// has no float64. OpenBLAS is used for large products without AVX-512, and without AVX2; by itself, 0.3.21
// uses the kernels for Haswell on newer processors and runs at half the speed.
#include <math.h>
#include <omp.h>
#include "measure.h"
#ifdef ONEDNN
#include <dnnl.h>
#else
#include <cblas.h>
void openblas_set_num_threads(int);
#undef I  // complex.h names the imaginary unit so
#endif

#ifndef HIDDEN
#define HIDDEN 128
#endif
enum { I = 784, H = HIDDEN, O = 10, B = 64 };

static float h[B][H], delta[B][O], gamma_[B][H];
static float *V, *a, *W, *b;

// C = αAB + βC, row-major; A or B transposed.
static void product(char ta, char tb, int m, int n, int k, float alpha, const float *A, int lda,
                    const float *C, int ldb, float beta, float *D, int ldd) {
#ifdef ONEDNN
  dnnl_sgemm(ta, tb, m, n, k, alpha, A, lda, C, ldb, beta, D, ldd);
#else
  cblas_sgemm(CblasRowMajor, ta == 'T' ? CblasTrans : CblasNoTrans,
              tb == 'T' ? CblasTrans : CblasNoTrans, m, n, k, alpha, A, lda, C, ldb, beta, D, ldd);
#endif
}

// Computes the samples [from, to) of the batch. Returns the sum of their losses.
static double forward(const float *x, const int *t, int from, int to, int n) {
  double loss = 0;
  product('N', 'T', to - from, H, I, 1, x + (size_t)from * I, I, V, I, 0, h[from], H);
  for (int s = from; s < to; s++) {
    for (int j = 0; j < H; j++) h[s][j] = 1 / (1 + expf(-(h[s][j] + a[j])));
    float z[O], most = -INFINITY, sum = 0;
    for (int o = 0; o < O; o++) {
      float dot = b[o];
      for (int j = 0; j < H; j++) dot += W[o * H + j] * h[s][j];
      z[o] = dot;
      most = fmaxf(most, dot);
    }
    for (int o = 0; o < O; o++) sum += delta[s][o] = expf(z[o] - most);
    loss += logf(sum) - (z[t[s]] - most);
    for (int o = 0; o < O; o++) delta[s][o] = (delta[s][o] / sum - (o == t[s])) / n;
    for (int j = 0; j < H; j++) {
      float back = 0;
      for (int o = 0; o < O; o++) back += W[o * H + j] * delta[s][o];
      gamma_[s][j] = back * h[s][j] * (1 - h[s][j]);
    }
  }
  return loss;
}

// Updates the units [from, to) of the hidden layer.
static void update(const float *x, int n, int from, int to, float rate) {
  product('T', 'N', to - from, I, n, -rate, &gamma_[0][from], H, x, I, 1, V + (size_t)from * I, I);
  for (int s = 0; s < n; s++)
    for (int j = from; j < to; j++) a[j] -= rate * gamma_[s][j];
  for (int s = 0; s < n; s++)
    for (int o = 0; o < O; o++)
      for (int j = from; j < to; j++) W[o * H + j] -= rate * delta[s][o] * h[s][j];
}

int main(int count, char **arguments) {
  if (count < 7) return 2;
  const char *folder = arguments[1];
  int samples = atoi(arguments[2]), threads = atoi(arguments[5]);
  float rate = atof(arguments[6]), *x = read_npy(folder, "x.npy");
  int *t = read_npy(folder, "t.npy");
  V = read_npy(folder, "weight_0.npy"), a = read_npy(folder, "bias_0.npy");
  W = read_npy(folder, "weight_1.npy"), b = read_npy(folder, "bias_1.npy");
#ifndef ONEDNN
  openblas_set_num_threads(1);
#endif
  double total = 0, start = now();
#pragma omp parallel num_threads(threads) reduction(+ : total)
  {
    int me = omp_get_thread_num();
    for (int first = 0; first < samples; first += B) {
      int n = samples - first < B ? samples - first : B;
      const float *rows = x + (size_t)first * I;
      total += forward(rows, t + first, n * me / threads, n * (me + 1) / threads, n);
#pragma omp barrier
      update(rows, n, H * me / threads, H * (me + 1) / threads, rate);
      if (me == 0)
        for (int s = 0; s < n; s++)
          for (int o = 0; o < O; o++) b[o] -= rate * delta[s][o];
#pragma omp barrier
    }
  }
  return answer(now() - start, total / samples);
}
