// Products with a matrix whose rows overlap, like windows that slide over rows of numbers.
//
// Row k = (g, u, v) of the matrix B consists of the numbers in b from
//
//     position(k) = g·group_step + u·row_step + v·column_step
//
// on. One copy for each v is enough. A tile of the result stays in registers until its sums are
// complete: TILE_ROWS rows by TILE_VECTORS vectors, which uses all registers. Other kernels
// give the same bits on every instruction set; these use fused multiply-add if the instruction
// set has it (HAS_FMA), which is twice as fast.

/// a·b + c
INLINE V NAME(add_product)(V a, V b, V c) {
#if defined(HAS_FMA)
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// The height of the next block of rows if `left` rows are left: a power of two.
INLINE long NAME(block)(long left) {
  long height = TILE_ROWS;
  while (height > left) height /= 2;
  return height;
}

/// Calls `f(height, …)` with a height that is a compile-time constant.
#if TILE_ROWS == 8
#define FOR_HEIGHT(height, f, ...)                                                 \
  switch (height) {                                                                \
  case 8: NAME(f##_8)(__VA_ARGS__); break;                                         \
  case 4: NAME(f##_4)(__VA_ARGS__); break;                                         \
  case 2: NAME(f##_2)(__VA_ARGS__); break;                                         \
  default: NAME(f##_1)(__VA_ARGS__); break;                                        \
  }
#define EACH_HEIGHT(define) define(1) define(2) define(4) define(8)
#elif TILE_ROWS == 4
#define FOR_HEIGHT(height, f, ...)                                                 \
  switch (height) {                                                                \
  case 4: NAME(f##_4)(__VA_ARGS__); break;                                         \
  case 2: NAME(f##_2)(__VA_ARGS__); break;                                         \
  default: NAME(f##_1)(__VA_ARGS__); break;                                        \
  }
#define EACH_HEIGHT(define) define(1) define(2) define(4)
#else
#define FOR_HEIGHT(height, f, ...)                                                 \
  switch (height) {                                                                \
  case 2: NAME(f##_2)(__VA_ARGS__); break;                                         \
  default: NAME(f##_1)(__VA_ARGS__); break;                                        \
  }
#define EACH_HEIGHT(define) define(1) define(2)
#endif

#define UNROLLED _Pragma("clang loop unroll(full)")
/// Not inlined, because constants used after a loop would occupy registers of the loop.
#define APART static __attribute__((noinline))

 // MARK: A, in blocks of rows

INLINE void NAME(pack_block)(
    const struct nnexp_strided_matrix *f, const REAL *a, long m, const int height, REAL *packed) {
  const REAL *row[TILE_ROWS];
  UNROLLED for (int h = 0; h < height; h++)
    row[h] = a + (m + h) / f->inner_rows * f->outer_row_step
        + (m + h) % f->inner_rows * f->inner_row_step;
  for (long i = 0; i < f->outer_columns; i++)
    for (long j = 0; j < f->inner_columns; j++, packed += height)
      UNROLLED for (int h = 0; h < height; h++)
        packed[h] = row[h][i * f->outer_column_step + j * f->inner_column_step];
}
#define PACK(height)                                                               \
  static void NAME(pack_##height)(                                                 \
      const struct nnexp_strided_matrix *f, const REAL *a, long m, REAL *packed) { \
    NAME(pack_block)(f, a, m, height, packed);                                     \
  }
EACH_HEIGHT(PACK)

/// Stores the blocks of A one after the other; the rows of a block are interleaved.
static void NAME(pack)(const struct nnexp_strided_matrix *f, const REAL *a, REAL *packed) {
  for (long m = 0; m < f->rows;) {
    const long height = NAME(block)(f->rows - m);
    FOR_HEIGHT(height, pack, f, a, m, packed)
    packed += height * f->outer_columns * f->inner_columns;
    m += height;
  }
}

// MARK: y = c + A·B

/// A part of the result: its start and its number of vectors. If there is only one vector,
/// `count` is the number of its lanes in use. The rows u of B range from `first` to before
/// `last`.
struct NAME(part) {
  long start, vectors, count, first, last;
};

INLINE void NAME(conv_forward_tile)(
    const struct nnexp_sliding_matrix *o, const struct NAME(part) *p, const REAL *a, const REAL *c,
    const REAL *b, REAL *y, const int height, const int width, const int isPart) {
  const long count = p->count, first = p->first, last = p->last;
  V sum[TILE_ROWS][TILE_VECTORS];
  UNROLLED for (int h = 0; h < height; h++)
    UNROLLED for (int w = 0; w < width; w++) sum[h][w] = c ? (V)c[h] : (V)0;
  const long left_out = (o->rows - (last - first)) * o->columns * height;
  a += first * o->columns * height;
  for (long g = 0; g < o->groups; g++, a += left_out) {
    const REAL *row = b + g * o->group_step + first * o->row_step;
    for (long u = first; u < last; u++, row += o->row_step) {
      const REAL *at = row;
      for (long v = 0; v < o->columns; v++, at += o->column_step, a += height) {
        V x[TILE_VECTORS];
        UNROLLED for (int w = 0; w < width; w++)
          x[w] = isPart ? NAME(load_first)(at, count) : NAME(load)(at + w * LANES);
        UNROLLED for (int h = 0; h < height; h++) {
          const V factor = a[h];
          UNROLLED for (int w = 0; w < width; w++)
            sum[h][w] = NAME(add_product)(factor, x[w], sum[h][w]);
        }
      }
    }
  }
  UNROLLED for (int h = 0; h < height; h++)
    UNROLLED for (int w = 0; w < width; w++)
      if (isPart)
        NAME(store_first)(y + h * o->pitch, sum[h][w], count);
      else
        NAME(store)(y + h * o->pitch + w * LANES, sum[h][w]);
}

#define CONV_FORWARD(height)                                                       \
  APART void NAME(conv_forward_##height)(                                          \
      const struct nnexp_sliding_matrix *o, const struct NAME(part) *p, const REAL *a, const REAL *c, \
      const REAL *b, REAL *y) {                                                    \
    if (p->count < LANES)                                                          \
      NAME(conv_forward_tile)(o, p, a, c, b, y, height, 1, 1);                     \
    else if (p->vectors == 3)                                                      \
      NAME(conv_forward_tile)(o, p, a, c, b, y, height, TILE_VECTORS, 0);          \
    else if (p->vectors == 2)                                                      \
      NAME(conv_forward_tile)(o, p, a, c, b, y, height, 2, 0);                     \
    else                                                                           \
      NAME(conv_forward_tile)(o, p, a, c, b, y, height, 1, 0);                     \
  }
EACH_HEIGHT(CONV_FORWARD)

/// The number of vectors of the next tile, out of `left`. Four become two tiles of two, because
/// a tile of one costs as much as a tile of two.
INLINE long NAME(width)(long left, long most) {
  return left <= most ? left : left == 4 ? 2 : most;
}

/// The part of the result that begins at number n.
INLINE struct NAME(part) NAME(next_part)(const struct nnexp_sliding_matrix *o, long n) {
  const long left = o->count - n;
  const int hasZeros = o->span < o->count;
  struct NAME(part) p = {.start = n, .vectors = 1, .count = left, .first = 0, .last = o->rows};
  if (left >= LANES) {
    // Smaller parts need fewer rows.
    p.vectors = NAME(width)(left / LANES, hasZeros ? 2 : TILE_VECTORS);
    p.count = p.vectors * LANES;
  }
  if (hasZeros) {
    const long before = n - o->span + 1, end = (n + p.count - 1) / o->span_step + 1;
    if (before > 0) p.first = (before + o->span_step - 1) / o->span_step;
    if (p.last > end) p.last = end;
  }
  return p;
}

/// y[m, n] ← c[m] + Σₖ A[m, k]·B[k, n], summed in the order of k; without c, the sum begins at
/// 0.
static void NAME(conv_forward)(
    const struct nnexp_sliding_matrix *o, long height, const REAL *packed, const REAL *c, const REAL *b,
    REAL *y) {
  const long depth = o->groups * o->rows * o->columns;
  for (long n = 0; n < o->count;) {
    const struct NAME(part) part = NAME(next_part)(o, n);
    for (long m = 0; m < height;) {
      const long rows = NAME(block)(height - m);
      FOR_HEIGHT(
          rows, conv_forward, o, &part, packed + m * depth, c ? c + m : c, b + n,
          y + m * o->pitch + n)
      m += rows;
    }
    n += part.count;
  }
}

// MARK: w += B·dᵀ

/// Stores the sums of the lanes of `count` vectors, a power of two, in the lanes of the first:
/// adds pairs of neighbors, then pairs of those.
INLINE void NAME(sum_lanes)(V *v, int count) {
  UNROLLED for (int lanes = LANES; lanes > 1; lanes /= 2) {
    UNROLLED for (int i = 0; i < (count + 1) / 2; i++) {
      V a = v[2 * i], b = v[count > 1 ? 2 * i + 1 : 2 * i], even, odd;
      even.lo = a.even, even.hi = b.even;
      odd.lo = a.odd, odd.hi = b.odd;
      v[i] = even + odd;
    }
    count = (count + 1) / 2;
  }
}

/// w[k, h] += the sum of the lanes of v[k, h], for every k below `width`.
INLINE void NAME(add_lanes)(const V *v, REAL *w, long pitch, const int height, long width) {
  for (long k = 0; k < width; k++, v += height, w += pitch) {
    V sum[TILE_ROWS];
    UNROLLED for (int h = 0; h < height; h++) sum[h] = v[h];
    NAME(sum_lanes)(sum, height);
    UNROLLED for (int h = 0; h < height; h++) w[h] += sum[h / LANES][h % LANES];
  }
}
#define ADD_LANES(height)                                                          \
  APART void NAME(add_lanes_##height)(const V *v, REAL *w, long pitch, long width) { \
    NAME(add_lanes)(v, w, pitch, height, width);                                   \
  }
EACH_HEIGHT(ADD_LANES)

/// The rows of several samples, with the distance from one sample to the next.
struct NAME(rows) {
  long samples, d_step, b_step;
};

/// sum[k, h] += d[h, n]·bₖ[n] for the numbers n of one vector, or its first `count`.
INLINE void NAME(conv_weight_gradient_vector)(
    const REAL *d, long pitch, const REAL *const *b, long n, V (*sum)[TILE_ROWS],
    const int height, const int width, const int isPart, long count) {
  V x[3];
  UNROLLED for (int k = 0; k < width; k++)
    x[k] = isPart ? NAME(load_first)(b[k] + n, count) : NAME(load)(b[k] + n);
  UNROLLED for (int h = 0; h < height; h++) {
    const REAL *at = d + h * pitch + n;
    const V slope = isPart ? NAME(load_first)(at, count) : NAME(load)(at);
    UNROLLED for (int k = 0; k < width; k++)
      sum[k][h] = NAME(add_product)(slope, x[k], sum[k][h]);
  }
}

INLINE void NAME(conv_weight_gradient_tile)(
    const struct nnexp_sliding_matrix *o, struct NAME(rows) rows, const REAL *d, const REAL *const *b,
    V *sums, const int height, const int width) {
  V sum[3][TILE_ROWS];
  const REAL *at[3];
  UNROLLED for (int k = 0; k < width; k++) {
    at[k] = b[k];
    UNROLLED for (int h = 0; h < height; h++) sum[k][h] = 0;
  }
  const long count = o->count, whole = count / LANES * LANES;
  for (long sample = 0; sample < rows.samples; sample++, d += rows.d_step) {
    for (long n = 0; n < whole; n += LANES)
      NAME(conv_weight_gradient_vector)(d, o->pitch, at, n, sum, height, width, 0, 0);
    if (whole < count)
      NAME(conv_weight_gradient_vector)(
          d, o->pitch, at, whole, sum, height, width, 1, count - whole);
    UNROLLED for (int k = 0; k < width; k++) at[k] += rows.b_step;
  }
  UNROLLED for (int k = 0; k < width; k++)
    UNROLLED for (int h = 0; h < height; h++) sums[k * height + h] = sum[k][h];
}

#define CONV_WEIGHT_GRADIENT(height)                                               \
  APART void NAME(conv_weight_gradient_##height)(                                  \
      const struct nnexp_sliding_matrix *o, struct NAME(rows) rows, const REAL *d, \
      const REAL *const *b, long width, V *sums) {                                 \
    if (width == 3)                                                                \
      NAME(conv_weight_gradient_tile)(o, rows, d, b, sums, height, 3);             \
    else if (width == 2)                                                           \
      NAME(conv_weight_gradient_tile)(o, rows, d, b, sums, height, 2);             \
    else                                                                           \
      NAME(conv_weight_gradient_tile)(o, rows, d, b, sums, height, 1);             \
  }
EACH_HEIGHT(CONV_WEIGHT_GRADIENT)

/// w[k, m] += Σₙ B[k, n]·d[m, n] over all samples: first summed per lane, then over the lanes.
static void NAME(conv_weight_gradient)(
    const struct nnexp_sliding_matrix *o, long height, long samples, const REAL *d, long d_step,
    const REAL *b, long b_step, REAL *w) {
  const struct NAME(rows) batch = {samples, d_step, b_step};
  const long depth = o->groups * o->rows * o->columns;
  for (long m = 0; m < height;) {
    const long rows = NAME(block)(height - m);
    for (long k = 0, g = 0, u = 0, v = 0; k < depth;) {
      const long width = NAME(width)(depth - k, 3);
      const REAL *at[3];
      for (long i = 0; i < width; i++) {
        at[i] = b + g * o->group_step + u * o->row_step + v * o->column_step;
        if (++v == o->columns) {
          v = 0;
          if (++u == o->rows) u = 0, g++;
        }
      }
      V sums[3 * TILE_ROWS];
      FOR_HEIGHT(rows, conv_weight_gradient, o, batch, d + m * o->pitch, at, width, sums)
      FOR_HEIGHT(rows, add_lanes, sums, w + k * height + m, height, width)
      k += width;
    }
    m += rows;
  }
}

/// sums[m] += Σₙ d[m, n], over all samples.
static void NAME(add_row_sums)(
    long height, long count, long samples, const REAL *d, long d_step, REAL *sums) {
  for (long m = 0; m < height; m++) {
    V sum[2] = {0, 0};
    for (long s = 0; s < samples; s++) {
      const REAL *row = d + s * d_step + m * count;
      for (long n = 0; n < count; n += 2 * LANES) {
        sum[0] += NAME(load_some)(row + n, count - n);
        sum[1] += NAME(load_some)(row + n + LANES, count - n - LANES);
      }
    }
    NAME(sum_lanes)(sum, 2);
    sums[m] += sum[0][0] + sum[0][1];
  }
}
