// Lp pooling over windows that do not overlap, by rows of windows, for p = 1, 2, 3, 4.

/// Loads the first `count` lanes; `count` may also exceed the number of lanes, or be 0.
///
/// Half of the lanes are loaded as half a vector: a load must wait for a masked store to the
/// same memory, and the next row is loaded immediately.
INLINE V NAME(load_some)(const REAL *x, long count) {
  if (count >= LANES) return NAME(load)(x);
  V v = 0;
  if (count == LANES / 2)
    __builtin_memcpy(&v, x, sizeof v / 2);
  else if (count > 0)
    v = NAME(load_first)(x, count);
  return v;
}
INLINE void NAME(store_some)(REAL *x, V v, long count) {
  if (count >= LANES)
    NAME(store)(x, v);
  else if (count == LANES / 2)
    __builtin_memcpy(x, &v, sizeof v / 2);
  else if (count > 0)
    NAME(store_first)(x, v, count);
}

/// The position of a row of windows: the number of rows left in its plane, including this one,
/// and the row's offset in x.
struct NAME(position) {
  long left, start;
};

INLINE struct NAME(position) NAME(position_of_row)(const struct nnexp_pooling_geometry *t, long row) {
  const long plane = row / t->window_rows, inside = row - plane * t->window_rows;
  return (struct NAME(position)){
    t->window_rows - inside, plane * t->plane + inside * t->height * t->columns};
}

/// Moves to the next row. A division would take as long as half a row.
INLINE void NAME(step)(const struct nnexp_pooling_geometry *t, struct NAME(position) *p) {
  p->start += t->height * t->columns;
  if (--p->left == 0) {
    p->start += t->plane - t->window_rows * t->height * t->columns;
    p->left = t->window_rows;
  }
}

/// |x|ᵖ
INLINE V NAME(lp_power)(V x, int p) {
  switch (p) {
  case 1: return NAME(magnitude)(x);
  case 2: return x * x;
  case 3: return NAME(magnitude)(x) * x * x;
  default: return (x * x) * (x * x);
  }
}

/// sign(x)·|x/y|^(p−1), where `inverse` is 1/y; NaN for NaN.
INLINE V NAME(lp_slope)(V x, V inverse, int p) {
  if (p == 1) return x > 0 ? (V)1 : x < 0 ? (V)-1 : x;
  V t = x * inverse;
  return p == 2 ? t : p == 3 ? t * NAME(magnitude)(t) : t * t * t;
}

/// Σ |x|ᵖ over the rows of a window, for the first `count` columns of a vector.
INLINE V NAME(column_sums)(
    int p, const REAL *x, long columns, const long height, long count) {
  V sum = NAME(lp_power)(NAME(load_some)(x, count), p);
  for (long u = 1; u < height; u++)
    sum += NAME(lp_power)(NAME(load_some)(x + u * columns, count), p);
  return sum;
}

/// y ← Σ |xᵢ|ᵖ, or its mean: summed over the rows of a window first, then over its columns.
INLINE void NAME(lp_pool_sums_by)(
    const struct nnexp_pooling_geometry *t, const long height, const long width, int p, REAL n,
    const REAL *x, REAL *y, long rows, REAL *room) {
  const long windows = t->windows, columns = t->columns;
  struct NAME(position) position = NAME(position_of_row)(t, 0);
  for (long row = 0; row < rows; row++, y += windows, NAME(step)(t, &position)) {
    const REAL *from = x + position.start;
    if (width == 2) {
      for (long c = 0; c < windows; c += LANES) {
        long left = 2 * (windows - c);
        V low = NAME(column_sums)(p, from + 2 * c, columns, height, left);
        V high = 0;
        if (left > LANES)
          high = NAME(column_sums)(p, from + 2 * c + LANES, columns, height, left - LANES);
        V even, odd;
        even.lo = low.even, even.hi = high.even;
        odd.lo = low.odd, odd.hi = high.odd;
        V sum = even + odd;
        NAME(store_some)(y + c, n == 1 ? sum : sum / n, windows - c);
      }
    } else {
      const long used = windows * width;
      for (long i = 0; i < used; i += LANES)
        NAME(store_some)(
            room + i, NAME(column_sums)(p, from + i, columns, height, used - i), used - i);
      for (long c = 0; c < windows; c++) {
        REAL sum = room[c * width];
        for (long v = 1; v < width; v++) sum += room[c * width + v];
        y[c] = n == 1 ? sum : sum / n;
      }
    }
  }
}

/// `lp_pool_sums_by` for windows of 2 × 2, the most common size, and for any size.
#define LP_POOL_SUMS(p)                                                            \
  if (t->height == 2 && t->width == 2)                                             \
    NAME(lp_pool_sums_by)(t, 2, 2, p, n, x, y, rows, room);                        \
  else                                                                             \
    NAME(lp_pool_sums_by)(t, t->height, t->width, p, n, x, y, rows, room);

static void NAME(lp_pool_sums)(
    const struct nnexp_pooling_geometry *t, int p, REAL n, const REAL *x, REAL *y, long rows, REAL *room) {
  switch (p) {
  case 1: LP_POOL_SUMS(1) break;
  case 2: LP_POOL_SUMS(2) break;
  case 3: LP_POOL_SUMS(3) break;
  default: LP_POOL_SUMS(4) break;
  }
}

static void NAME(powers)(const REAL *x, double p, REAL *y, long count);

INLINE V NAME(lp_root)(V s, V y, int p) {
  switch (p) {
  case 1: return s;
  case 2: return __builtin_elementwise_sqrt(s);
  // One step of Newton's method corrects the rounding of 1/3.
  case 3: return y - (y * y * y - s) / (3 * y * y);
  default: return __builtin_elementwise_sqrt(__builtin_elementwise_sqrt(s));
  }
}

/// y ← s^(1/p). Returns true if a sum is so small or so large that powers lost digits.
INLINE int NAME(lp_pool_roots_by)(int p, const REAL *s, REAL *y, long count) {
  I extremes = 0;
  for (long i = 0; i < count; i += LANES) {
    long left = count - i;
    V sum = NAME(load_some)(s + i, left);
    V first = p == 3 ? NAME(load_some)(y + i, left) : 0;
    I isSafe = (sum >= LEAST_COMFORTABLE) & (sum <= GREATEST_COMFORTABLE);
    if (left < LANES) {
      REAL one[LANES] = {0};
      for (long lane = left; lane < LANES; lane++) one[lane] = 1;
      isSafe |= NAME(load)(one) == 1;
    }
    extremes |= ~isSafe;
    NAME(store_some)(y + i, NAME(lp_root)(sum, first, p), left);
  }
  return __builtin_reduce_or(extremes) != 0;
}

static int NAME(lp_pool_roots)(int p, const REAL *s, REAL *y, long count) {
  switch (p) {
  case 1: return NAME(lp_pool_roots_by)(1, s, y, count);
  case 2: return NAME(lp_pool_roots_by)(2, s, y, count);
  case 3: NAME(powers)(s, 1.0 / 3, y, count); return NAME(lp_pool_roots_by)(3, s, y, count);
  default: return NAME(lp_pool_roots_by)(4, s, y, count);
  }
}

/// True if the reciprocals of these norms lose no digits. 0 is permitted, because if y is 0,
/// every entry is 0.
INLINE int NAME(is_even)(const REAL *y, long count) {
  I extremes = 0;
  for (long i = 0; i < count; i += LANES) {
    V norm = NAME(load_some)(y + i, count - i);
    extremes |= ~((norm == 0) | ((norm >= LEAST_COMFORTABLE) & (norm <= 1 / LEAST_NORMAL)));
  }
  return __builtin_reduce_or(extremes) == 0;
}

INLINE void NAME(add_slopes)(
    long columns, const long height, int p, const REAL *x, V inverse, V share, REAL *dx,
    long count) {
  for (long u = 0; u < height; u++) {
    const long i = u * columns;
    V slope = NAME(lp_slope)(NAME(load_some)(x + i, count), inverse, p);
    NAME(store_some)(dx + i, NAME(load_some)(dx + i, count) + share * slope, count);
  }
}

/// ∂x += ∂y·sign(x)·|x/y|^(p−1), or that over n, for the rows of windows from `row` on. Stops
/// before the first row for which `is_even` is false, and returns that row.
INLINE long NAME(lp_pool_vjp_by)(
    const struct nnexp_pooling_geometry *t, const long height, const long width, int p, REAL n,
    const REAL *x, const REAL *y, const REAL *dy, REAL *dx, long row, long rows, REAL *room) {
  const long windows = t->windows, columns = t->columns, used = windows * width;
  struct NAME(position) position = NAME(position_of_row)(t, row);
  for (; row < rows; row++, NAME(step)(t, &position)) {
    const REAL *norm = y + row * windows, *slope = dy + row * windows;
    if (p != 1 && !NAME(is_even)(norm, windows)) return row;
    const long start = position.start;
    REAL *inverses = room, *shares = room + used;
    for (long c = 0; c < windows; c += LANES) {
      long left = windows - c;
      V number = NAME(load_some)(norm + c, left), share = NAME(load_some)(slope + c, left);
      V inverse = number == 0 ? (V)0 : 1 / number;
      if (n != 1) share /= n;
      if (width == 2) {
        V twice, shared;
        twice.even = inverse.lo, twice.odd = inverse.lo;
        shared.even = share.lo, shared.odd = share.lo;
        const long i = start + 2 * c;
        NAME(add_slopes)(columns, height, p, x + i, twice, shared, dx + i, 2 * left);
        if (2 * left > LANES) {
          twice.even = inverse.hi, twice.odd = inverse.hi;
          shared.even = share.hi, shared.odd = share.hi;
          NAME(add_slopes)(
              columns, height, p, x + i + LANES, twice, shared, dx + i + LANES, 2 * left - LANES);
        }
      } else {
#pragma clang loop unroll(disable)
        for (long w = 0; w < LANES && w < left; w++)
          for (long v = 0; v < width; v++) {
            inverses[(c + w) * width + v] = inverse[w];
            shares[(c + w) * width + v] = share[w];
          }
      }
    }
    if (width != 2)
      for (long i = 0; i < used; i += LANES)
        NAME(add_slopes)(
            columns, height, p, x + start + i, NAME(load_some)(inverses + i, used - i),
            NAME(load_some)(shares + i, used - i), dx + start + i, used - i);
  }
  return row;
}

#define LP_POOL_VJP(p)                                                             \
  t->height == 2 && t->width == 2                                                  \
      ? NAME(lp_pool_vjp_by)(t, 2, 2, p, n, x, y, dy, dx, row, rows, room)         \
      : NAME(lp_pool_vjp_by)(t, t->height, t->width, p, n, x, y, dy, dx, row, rows, room)

static long NAME(lp_pool_vjp)(
    const struct nnexp_pooling_geometry *t, int p, REAL n, const REAL *x, const REAL *y, const REAL *dy,
    REAL *dx, long row, long rows, REAL *room) {
  switch (p) {
  case 1: return LP_POOL_VJP(1);
  case 2: return LP_POOL_VJP(2);
  case 3: return LP_POOL_VJP(3);
  default: return LP_POOL_VJP(4);
  }
}
