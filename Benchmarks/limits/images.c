// images FOLDER SAMPLES BATCH EPOCHS THREADS RATE P: W4 at its limit, with fixed sizes.
//
//   1×28×28 → convolution 5×5 to 8 → sigmoid → Lp pooling 2×2 → convolution 5×5 to 16 → sigmoid
//   → Lp pooling 2×2 → dense 10 → cross-entropy; SGD with momentum 0.9
//
// Sixteen samples are the lanes of a register, so that every product is a weight times a register;
// convolutions are direct, their bias and sigmoid applied in registers. Threads share a batch by
// groups of sixteen.
//
// What separates nnexp from this limit in W4.
//
// Convolutions. They were products with a matrix of windows, which took as long to write and to add
// back as to multiply. Now the input is copied once per column of the window, not once per entry
// (plugins/Standard/Kernels/DirectConvolution.swift), and a tile of eight channels by three registers
// of positions is summed from there (Sources/CKernels/Convolution.h): 95 to 107 billion multiply-adds
// per second, of 124 that the core can do. Microseconds per sample, matrix of windows through
// OpenBLAS → direct, minima of 300 turns each in a stand-alone program around the same kernels (one
// thread; OpenBLAS's kernels SkylakeX and Haswell):
//
//                             AVX-512         AVX2
//     first layer, output     1.85 → 1.18     3.81 → 2.17
//     first layer, weights    1.74 → 1.27     4.73 → 2.21
//     second layer, output    2.40 → 1.92     5.14 → 3.84
//     second layer, weights   3.39 → 2.24     5.08 → 3.84
//     second layer, input     2.84 → 2.62     5.20 → 4.77
//
// Of 29 geometries with 1 to 256 channels, the three direct passes together were slower than the
// matrix only if there were more than 512 times as many weights as positions; nnexp uses the matrix
// there. An earlier direct kernel without FMA, with the same bits on every instruction set, was slower
// everywhere; the sums of this one differ in the last digits, as OpenBLAS's do. Computing ∂x as a
// correlation of δ with flipped weights would take 1.5 to 2.25 times the multiply-adds, and was not
// written; five copies are added back, not 25. For the weights, lanes are added up once per eight
// samples if there are few positions (64 positions: 2.67 µs for four samples at once, 2.32 for
// eight). With 576 positions, one sample fills the nearest cache, and four at once took longer.
//
// Pooling took 2.84 µs per sample and now takes 1.45: the divisions per row were removed, and the last
// half register of a row is stored without a mask, for which the load of the next row had waited.
//
// The sigmoid took 2.42 µs and now takes 1.65: four registers are computed together, because one
// chain of operations leaves the processor waiting.
//
// As a whole, on a busy machine, one thread, nine interleaved rounds of `nnexp run` on W4's folder
// before and after, and of this program: minima 0.236, 0.163 and 0.123 s, medians 0.249, 0.180 and
// 0.130, so that 1.9 times the limit became 1.3 to 1.4 times. The remaining distance: this program
// holds sixteen samples in a register and applies bias, sigmoid and slopes there, for this one
// network. In nnexp the sigmoid follows sample by sample, on numbers in the nearest cache, which was
// no faster than a separate pass over a shard (1,000 samples, one thread, minima of five in turns:
// 21.7 and 21.8 ms), and the gradients δ are zeroed first.
#include <math.h>
#include <omp.h>
#include "measure.h"

enum { L = 16, K = 5, C1 = 8, C2 = 16, N = 256, O = 10 };
enum { W1 = 0, B1 = W1 + C1 * K * K, W2 = B1 + C1, B2 = W2 + C2 * C1 * K * K, W3 = B2 + C2,
       B3 = W3 + O * N, P = B3 + O };
typedef float lanes __attribute__((vector_size(4 * L)));

// The memory for one group of sixteen samples; one per thread.
typedef struct {
  lanes x[28 * 28], h1[C1][24][24], y1[C1][12][12], h2[C2][8][8], y2[C2][4][4], q[O];
  lanes d2[C2][8][8 + 2 * (K - 1)], dy1[C1][12][12], d1[C1][24][24], dy2[N];
  float gradient[P];
} Room;

static float parameters[P], velocity[P];

static inline lanes sigmoid(lanes z) {
#pragma omp simd
  for (int s = 0; s < L; s++) z[s] = expf(-z[s]);
  return 1 / (1 + z);
}

static inline lanes root(lanes sum, int p) {
#pragma omp simd
  for (int s = 0; s < L; s++) sum[s] = p == 2 ? sqrtf(sum[s]) : powf(sum[s], 1.0f / 3);
  return sum;
}

static inline float total(lanes a) {
  float sum = 0;
  for (int s = 0; s < L; s++) sum += a[s];
  return sum;
}

// h = sigmoid(w ∗ x + b): four channels of four columns at a time.
static inline __attribute__((always_inline)) void convolve(
    const lanes *x, const float *w, const float *b, lanes *h, int in, int out, int size, int wide) {
  for (int o = 0; o < out; o += 4)
    for (int r = 0; r < size; r++)
      for (int c = 0; c < size; c += 4) {
        lanes z[4][4];
        for (int k = 0; k < 4; k++)
          for (int l = 0; l < 4; l++) z[k][l] = (lanes){0} + b[o + k];
        for (int i = 0; i < in; i++)
          for (int u = 0; u < K; u++)
#pragma GCC unroll 5
            for (int v = 0; v < K; v++)
#pragma GCC unroll 4
              for (int k = 0; k < 4; k++)
#pragma GCC unroll 4
                for (int l = 0; l < 4; l++)
                  z[k][l] += w[(((o + k) * in + i) * K + u) * K + v] *
                             x[(i * wide + r + u) * wide + c + v + l];
        for (int k = 0; k < 4; k++)
          for (int l = 0; l < 4; l++) h[((o + k) * size + r) * size + c + l] = sigmoid(z[k][l]);
      }
}

// ∂w and ∂b from d, ∂L/∂ of the convolution's output, whose rows are `pitch` apart.
static inline __attribute__((always_inline)) void weigh(
    const lanes *x, const lanes *d, float *dw, float *db, int in, int out, int size, int wide,
    int pitch) {
  for (int o = 0; o < out; o += 4)
    for (int i = 0; i < in; i++)
      for (int u = 0; u < K; u++) {
        lanes sum[4][K] = {{{0}}};
        for (int r = 0; r < size; r++)
          for (int c = 0; c < size; c++)
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++)
#pragma GCC unroll 5
              for (int v = 0; v < K; v++)
                sum[k][v] += d[((o + k) * size + r) * pitch + c] *
                             x[(i * wide + r + u) * wide + c + v];
        for (int k = 0; k < 4; k++)
          for (int v = 0; v < K; v++)
            dw[(((o + k) * in + i) * K + u) * K + v] += total(sum[k][v]);
      }
  for (int o = 0; o < out; o++) {
    lanes sum = {0};
    for (int r = 0; r < size; r++)
      for (int c = 0; c < size; c++) sum += d[(o * size + r) * pitch + c];
    db[o] += total(sum);
  }
}

// ∂y1 from d2: the zeros next to every row are the positions outside.
static void spread(Room *room) {
  for (int i = 0; i < C1; i += 4)
    for (int r = 0; r < 12; r++)
      for (int c = 0; c < 12; c += 4) {
        lanes sum[4][4] = {{{0}}};
        int first = r < 8 ? 0 : r - 7, last = r < K ? r : K - 1;
        for (int o = 0; o < C2; o++)
          for (int u = first; u <= last; u++)
#pragma GCC unroll 5
            for (int v = 0; v < K; v++)
#pragma GCC unroll 4
              for (int k = 0; k < 4; k++)
#pragma GCC unroll 4
                for (int l = 0; l < 4; l++)
                  sum[k][l] += parameters[W2 + ((o * C1 + i + k) * K + u) * K + v] *
                               room->d2[o][r - u][K - 1 + c + l - v];
        for (int k = 0; k < 4; k++)
          for (int l = 0; l < 4; l++) room->dy1[i + k][r][c + l] = sum[k][l];
      }
}

static inline lanes power(lanes a, int p) { return p == 2 ? a * a : a * a * a; }

// y = (Σ h^p)^(1/p) over 2 × 2.
static inline __attribute__((always_inline)) void pool(
    const lanes *h, lanes *y, int channels, int size, int p) {
  for (int r = 0; r < channels * size / 2; r++)
    for (int c = 0; c < size / 2; c++) {
      const lanes *at = h + 2 * r * size + 2 * c;
      y[r * (size / 2) + c] =
          root(power(at[0], p) + power(at[1], p) + power(at[size], p) + power(at[size + 1], p), p);
    }
}

// d = ∂y (h/y)^(p−1) h (1 − h): the backward passes of pooling and sigmoid combined.
static inline __attribute__((always_inline)) void unpool(
    const lanes *h, const lanes *y, const lanes *dy, lanes *d, int channels, int size, int p,
    int pitch, int start) {
  for (int r = 0; r < channels * size / 2; r++)
    for (int c = 0; c < size / 2; c++) {
      lanes top = y[r * (size / 2) + c];
      lanes scale = dy[r * (size / 2) + c] / (p == 2 ? top : top * top);
      for (int u = 0; u < 2; u++)
        for (int v = 0; v < 2; v++) {
          lanes a = h[(2 * r + u) * size + 2 * c + v];
          d[(2 * r + u) * pitch + start + 2 * c + v] =
              scale * (p == 2 ? a : a * a) * a * (1 - a);
        }
    }
}

// Processes one group: adds its gradient to that in `room` and returns the sum of its losses.
static inline __attribute__((always_inline)) double group(
    Room *room, const float *x, const int *t, int count, float scale, int p) {
  const float *w = parameters;
  float *g = room->gradient;
  for (int i = 0; i < 784; i++)
    for (int s = 0; s < L; s++) room->x[i][s] = x[(s < count ? s : 0) * 784 + i];
  convolve(room->x, w + W1, w + B1, room->h1[0][0], 1, C1, 24, 28);
  pool(room->h1[0][0], room->y1[0][0], C1, 24, p);
  convolve(room->y1[0][0], w + W2, w + B2, room->h2[0][0], C1, C2, 8, 12);
  pool(room->h2[0][0], room->y2[0][0], C2, 8, p);
  const lanes *y = room->y2[0][0];
  for (int o = 0; o < O; o++) {
    lanes z[4] = {{0}};
    for (int i = 0; i < N; i += 4)
      for (int k = 0; k < 4; k++) z[k] += w[W3 + o * N + i + k] * y[i + k];
    room->q[o] = (z[0] + z[1]) + (z[2] + z[3]) + w[B3 + o];
  }
  double loss = 0;
  for (int s = 0; s < L; s++) {
    float most = room->q[0][s], sum = 0, picked = room->q[t[s < count ? s : 0]][s];
    for (int o = 1; o < O; o++) most = fmaxf(most, room->q[o][s]);
    for (int o = 0; o < O; o++) sum += room->q[o][s] = expf(room->q[o][s] - most);
    for (int o = 0; o < O; o++)
      room->q[o][s] = s < count ? (room->q[o][s] / sum - (o == t[s])) * scale : 0;
    if (s < count) loss += logf(sum) + most - picked;
  }
  for (int i = 0; i < N; i++) {
    lanes sum = {0};
    for (int o = 0; o < O; o++) {
      sum += w[W3 + o * N + i] * room->q[o];
      g[W3 + o * N + i] += total(room->q[o] * y[i]);
    }
    room->dy2[i] = sum;
  }
  for (int o = 0; o < O; o++) g[B3 + o] += total(room->q[o]);
  unpool(room->h2[0][0], y, room->dy2, room->d2[0][0], C2, 8, p, 16, K - 1);
  weigh(room->y1[0][0], room->d2[0][0] + K - 1, g + W2, g + B2, C1, C2, 8, 12, 16);
  spread(room);
  unpool(room->h1[0][0], room->y1[0][0], room->dy1[0][0], room->d1[0][0], C1, 24, p, 24, 0);
  weigh(room->x, room->d1[0][0], g + W1, g + B1, 1, C1, 24, 28, 24);
  return loss;
}

static void read_parameters(const char *folder) {
  static const struct {
    const char *name;
    int start, end;
  } parts[] = {{"weight_0.npy", W1, B1}, {"bias_0.npy", B1, W2},   {"weight_1.npy", W2, B2},
               {"bias_1.npy", B2, W3},   {"weight_2.npy", W3, B3}, {"bias_2.npy", B3, P}};
  for (int i = 0; i < 6; i++)
    memcpy(parameters + parts[i].start, read_npy(folder, parts[i].name),
           sizeof(float) * (parts[i].end - parts[i].start));
}

int main(int count, char **arguments) {
  if (count < 8) return 2;
  const char *folder = arguments[1];
  int samples = atoi(arguments[2]), batch = atoi(arguments[3]), threads = atoi(arguments[5]);
  int p = atoi(arguments[7]);
  float rate = atof(arguments[6]), *x = read_npy(folder, "x.npy");
  int *t = read_npy(folder, "t.npy");
  read_parameters(folder);
  Room *rooms = aligned_alloc(64, sizeof(Room) * threads);
  memset(rooms, 0, sizeof(Room) * threads);
  double sum = 0, start = now();
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  {
    Room *room = rooms + omp_get_thread_num();
    for (int first = 0; first < samples; first += batch) {
      int n = samples - first < batch ? samples - first : batch;
      memset(room->gradient, 0, sizeof room->gradient);
#pragma omp for schedule(static)
      for (int s = 0; s < n; s += L) {
        const float *rows = x + (size_t)(first + s) * 784;
        const int *classes = t + first + s;
        int some = n - s < L ? n - s : L;
        sum += p == 2 ? group(room, rows, classes, some, 1.0f / n, 2)
                      : group(room, rows, classes, some, 1.0f / n, 3);
      }
#pragma omp for schedule(static)
      for (int i = 0; i < P; i++) {
        float g = 0;
        for (int k = 0; k < threads; k++) g += rooms[k].gradient[i];
        velocity[i] = 0.9f * velocity[i] + g;
        parameters[i] -= rate * velocity[i];
      }
    }
  }
  return answer(now() - start, sum / samples);
}
