// Lp pooling for p = ∞ over windows of 2 × 2 that do not overlap.

/// Loads `count` pairs of neighbors: the first number of each pair, and the second of each.
INLINE void NAME(load_pairs)(const REAL *x, long count, V *first, V *second) {
  V low = NAME(load_some)(x, 2 * count);
  V high = NAME(load_some)(x + LANES, 2 * count - LANES);
  first->lo = low.even, first->hi = high.even;
  second->lo = low.odd, second->hi = high.odd;
}

/// The larger magnitude, compared as integers, in which NaN is larger than infinity.
INLINE I NAME(larger)(I a, I b) { return a > b ? a : b; }

/// y ← max|xᵢ|; NaN if there is one.
static void NAME(max_abs_pool)(
    const struct nnexp_pooling_geometry *t, const REAL *x, REAL *y, long rows) {
  struct NAME(position) position = NAME(position_of_row)(t, 0);
  for (long row = 0; row < rows; row++, y += t->windows, NAME(step)(t, &position))
    for (long c = 0; c < t->windows; c += LANES) {
      I most = 0;
      for (long u = 0; u < 2; u++) {
        V first, second;
        NAME(load_pairs)(
            x + position.start + u * t->columns + 2 * c, t->windows - c, &first, &second);
        I larger = NAME(larger)(
            NAME(bits)(NAME(magnitude)(first)), NAME(bits)(NAME(magnitude)(second)));
        most = NAME(larger)(most, larger);
      }
      NAME(store_some)(y + c, NAME(number)(most), t->windows - c);
    }
}

/// ∂y·sign(x) at the first entry of a window that is the largest. If x is 0 or NaN, it is used
/// in place of its sign.
INLINE V NAME(largest_slope)(V x, V y, V dy, I *open, I *isMet) {
  *isMet = *open & ((NAME(magnitude)(x) == y) | (x != x));
  *open &= ~*isMet;
  return dy * (x > 0 ? (V)1 : x < 0 ? (V)-1 : x);
}

/// ∂x ← ∂x + slope in the lanes where `isMet` is set, among the first `count`.
INLINE void NAME(add_where)(REAL *dx, I isMet, V slope, long count) {
  V sum = NAME(load_some)(dx, count);
  NAME(store_some)(dx, isMet ? sum + slope : sum, count);
}

/// ∂xᵢ += ∂y·sign(xᵢ) for the first i, row by row, with |xᵢ| = y, or NaN.
static void NAME(max_abs_pool_vjp)(
    const struct nnexp_pooling_geometry *t, const REAL *x, const REAL *y, const REAL *dy, REAL *dx,
    long rows) {
  struct NAME(position) position = NAME(position_of_row)(t, 0);
  for (long row = 0; row < rows; row++, NAME(step)(t, &position), y += t->windows, dy += t->windows)
    for (long c = 0; c < t->windows; c += LANES) {
      const long left = t->windows - c;
      V most = NAME(load_some)(y + c, left), share = NAME(load_some)(dy + c, left);
      I open = -1;
      for (long u = 0; u < 2; u++) {
        const long i = position.start + u * t->columns + 2 * c;
        V first, second, slope;
        I firstIsMet, secondIsMet, isMet;
        NAME(load_pairs)(x + i, left, &first, &second);
        first = NAME(largest_slope)(first, most, share, &open, &firstIsMet);
        second = NAME(largest_slope)(second, most, share, &open, &secondIsMet);
        slope.even = first.lo, slope.odd = second.lo;
        isMet.even = firstIsMet.lo, isMet.odd = secondIsMet.lo;
        NAME(add_where)(dx + i, isMet, slope, 2 * left);
        slope.even = first.hi, slope.odd = second.hi;
        isMet.even = firstIsMet.hi, isMet.odd = secondIsMet.hi;
        NAME(add_where)(dx + i + LANES, isMet, slope, 2 * left - LANES);
      }
    }
}
