// Lp pooling over any windows, computed in float64 for both precisions:
//
//     s = Σ|xᵢ|ᵖ (or its mean),  y = s^(1/p),  ∂xᵢ += sign(xᵢ)·|xᵢ|^(p−1)·Σ ∂y·y^(1−p)
//
// Each |xᵢ|ᵖ is computed once, although xᵢ may belong to many windows. For float32, a power is in
// the range of float64 for all numbers up to p = 6.7; for float64 and for larger p, the caller
// computes the windows whose y is below `least` or above `most` in another way.

/// aᵖ for a ≥ 0 within e^±700; 0 for a = 0, NaN for NaN. `isRough` accepts an error of 2⁻³⁵, and
/// promises that a is a number of float32. If 2p is an integer up to 8, products and a square root suffice.
INLINE reals_f64 bounded_power(reals_f64 a, double p, int isRough) {
  if (p == 1) return a;
  reals_f64 y, root;
  const int halves = p > 0 && p <= 4 && p + p == (int)(p + p) ? (int)(p + p) : 0;
  if (halves & 1) root = __builtin_elementwise_sqrt(a);
  switch (halves) {
  case 1: y = root; break;
  case 3: y = a * root; break;
  case 4: y = a * a; break;
  case 5: y = a * a * root; break;
  case 6: y = a * a * a; break;
  case 7: y = a * a * a * root; break;
  case 8: y = (a * a) * (a * a); break;
  default: y = isRough ? brief_power(a, (reals_f64)p, -700, 700) : power_f64(a, (reals_f64)p);
  }
  // A sum of powers is then 0 only if every number is.
  if (!isRough) y = least_f64(greatest_f64(y, 0x1p-1010), 0x1p1010);
  y = a == (reals_f64)__builtin_inf() ? a : y;
  return a > 0 ? y : a;
}

/// s^(1/p) for s > 0, where inverse + inverseLow is 1/p.
INLINE reals_f64 lp_root_of(reals_f64 s, double p, double inverse, double inverseLow, int isRough) {
  if (p == 1) return s;
  if (p == 2) return __builtin_elementwise_sqrt(s);
  if (p == 4) return __builtin_elementwise_sqrt(__builtin_elementwise_sqrt(s));
  if (isRough) return brief_power(s, (reals_f64)inverse, -700, 700);
  reals_f64 y = power_f64(s, (reals_f64)inverse);
  // The digits of 1/p that are lost change y by y·ln s times them.
  return y + y * (inverseLow * log_f64(s));
}

INLINE reals_f64 as_float64_f64(const double *x) { return load_f64(x); }
INLINE void from_float64_f64(double *y, reals_f64 v) { store_f64(y, v); }
typedef float half_of_f32 __attribute__((ext_vector_type(VECTOR_BYTES / 8)));
INLINE reals_f64 as_float64_f32(const float *x) {
  half_of_f32 v;
  __builtin_memcpy(&v, x, sizeof v);
  return __builtin_convertvector(v, reals_f64);
}
INLINE void from_float64_f32(float *y, reals_f64 v) {
  half_of_f32 narrow = __builtin_convertvector(v, half_of_f32);
  __builtin_memcpy(y, &narrow, sizeof narrow);
}

#define DOUBLES (VECTOR_BYTES / 8)

#define DEFINE_LP_LOOPS(REAL, NAME, isRough)                                       \
  INLINE reals_f64 NAME(load_wide)(const REAL *x, long count) {                    \
    if (count >= DOUBLES) return NAME(as_float64)(x);                              \
    REAL room[DOUBLES] = {0};                                                      \
    for (long i = 0; i < count; i++) room[i] = x[i];                               \
    return NAME(as_float64)(room);                                                 \
  }                                                                                \
  INLINE void NAME(store_narrow)(REAL *y, reals_f64 v, long count) {               \
    if (count >= DOUBLES) {                                                        \
      NAME(from_float64)(y, v);                                                    \
      return;                                                                      \
    }                                                                              \
    REAL room[DOUBLES];                                                            \
    NAME(from_float64)(room, v);                                                   \
    for (long i = 0; i < count; i++) y[i] = room[i];                               \
  }                                                                                \
                                                                                   \
  /* powers ← |x|ᵖ; weighted, unless it is 0, ← |x|ᵖ·ln|x|, 0 for x = 0. */           \
  static void NAME(lp_powers)(                                                     \
      const REAL *x, double p, double *powers, double *weighted, long count) {     \
    for (long i = 0; i < count; i += DOUBLES) {                                    \
      reals_f64 a = magnitude_f64(NAME(load_wide)(x + i, count - i));              \
      reals_f64 power = bounded_power(a, p, isRough);                              \
      store_some_f64(powers + i, power, count - i);                                \
      if (weighted)                                                                \
        store_some_f64(weighted + i, a > 0 ? power * log_f64(a) : 0, count - i);   \
    }                                                                              \
  }                                                                                \
                                                                                   \
  /* y ← s^(1/p). Returns true if a y is outside of the bounds; such a y is NaN. */ \
  static int NAME(lp_roots)(                                                       \
      const struct nnexp_lp *lp, const double *s, REAL *y, long count) {           \
    integers_f64 extremes = 0;                                                     \
    const double inverse = 1 / lp->p;                                              \
    for (long i = 0; i < count; i += DOUBLES) {                                    \
      reals_f64 sum = load_some_f64(s + i, count - i);                             \
      reals_f64 root = sum > 0 ? lp_root_of(sum, lp->p, inverse, lp->inverse_low, isRough) : sum; \
      integers_f64 isInside = (sum == 0)                                           \
          | ((sum < 0x1p1000) & (root >= lp->least) & (root <= lp->most));         \
      extremes |= ~isInside;                                                       \
      NAME(store_narrow)(y + i, isInside ? root : (reals_f64)__builtin_nan(""), count - i); \
    }                                                                              \
    return __builtin_reduce_or(extremes) != 0;                                     \
  }                                                                                \
                                                                                   \
  /* q ← ∂y·y^(1−p); 0 for a y of 0. Returns true if a y is outside of the bounds; then q is 0. */ \
  static int NAME(lp_shares)(                                                      \
      const struct nnexp_lp *lp, const REAL *y, const REAL *dy, double *q, long count) { \
    integers_f64 extremes = 0;                                                     \
    for (long i = 0; i < count; i += DOUBLES) {                                    \
      reals_f64 norm = NAME(load_wide)(y + i, count - i), slope = NAME(load_wide)(dy + i, count - i); \
      /* For p = 1, the slope is that of |x| also if y is infinite or not a number. */ \
      integers_f64 isInside = lp->p == 1 ? (integers_f64)-1L                       \
          : (norm >= lp->least) & (norm <= lp->most);                              \
      extremes |= ~(isInside | (norm == 0));                                       \
      reals_f64 safe = isInside ? norm : (reals_f64)1;                             \
      reals_f64 share = lp->p == 1 ? slope : lp->p == 2 ? slope / safe             \
          : slope / bounded_power(safe, lp->p - 1, isRough);                       \
      store_some_f64(q + i, isInside ? share : (reals_f64)0, count - i);           \
    }                                                                              \
    return __builtin_reduce_or(extremes) != 0;                                     \
  }                                                                                \
                                                                                   \
  /* ∂x += sign(x)·|x|^(p−1)·g. */                                                 \
  static void NAME(lp_slopes)(                                                     \
      const struct nnexp_lp *lp, const REAL *x, const double *g, REAL *dx, long count) { \
    for (long i = 0; i < count; i += DOUBLES) {                                    \
      reals_f64 number = NAME(load_wide)(x + i, count - i), share = load_some_f64(g + i, count - i); \
      reals_f64 slope = lp->p == 1                                                 \
          ? (number > 0 ? (reals_f64)1 : number < 0 ? (reals_f64)-1 : number)      \
          : with_sign_f64(number, bounded_power(magnitude_f64(number), lp->p - 1, isRough)); \
      slope = ((share == 0) | (number == 0)) ? (reals_f64)0 : share * slope;       \
      NAME(store_narrow)(dx + i, NAME(load_wide)(dx + i, count - i) + slope, count - i); \
    }                                                                              \
  }                                                                                \
                                                                                   \
  static int NAME(lp_window_pool)(                                                 \
      const struct nnexp_window_geometry *w, const struct nnexp_lp *lp, const REAL *x, REAL *y, \
      long planes, double *room) {                                                 \
    const long plane = w->rows * w->columns;                                       \
    const long windows = w->position_rows * w->position_columns;           \
    double *powers = room, *sums = powers + plane, *counts = sums + windows;       \
    double *row = counts + windows;                                                \
    if (lp->normalizes) window_counts_f64(w, 0, counts);                           \
    int isExtreme = 0;                                                             \
    for (; planes > 0; planes--, x += plane, y += windows) {                       \
      NAME(lp_powers)(x, lp->p, powers, 0, plane);                              \
      window_sums_f64(w, powers, sums, 1, row);                                    \
      if (lp->normalizes)                                                          \
        for (long j = 0; j < windows; j++) sums[j] /= counts[j];                   \
      isExtreme |= NAME(lp_roots)(lp, sums, y, windows);                           \
    }                                                                              \
    return isExtreme;                                                              \
  }                                                                                \
                                                                                   \
  static int NAME(lp_window_vjp)(                                                  \
      const struct nnexp_window_geometry *w, const struct nnexp_lp *lp, const REAL *x, const REAL *y, \
      const REAL *dy, REAL *dx, long planes, double *dp, double *room) {           \
    const long plane = w->rows * w->columns;                                       \
    const long windows = w->position_rows * w->position_columns;           \
    double *g = room, *shares = g + plane, *counts = shares + windows;             \
    double *row = counts + windows, *weighted = row + w->row_room, *means = weighted + plane; \
    if (lp->normalizes) window_counts_f64(w, 0, counts);                           \
    int isExtreme = 0;                                                             \
    for (; planes > 0; planes--, x += plane, dx += plane, y += windows, dy += windows) { \
      if (dp) {                                                                    \
        /* ∂y/∂p = (y/p)(Σ|xᵢ|ᵖ ln|xᵢ| / Σ|xᵢ|ᵖ − ln s / p). */                    \
        NAME(lp_powers)(x, lp->p, g, weighted, plane);                             \
        window_sums_f64(w, g, shares, 1, row);                                     \
        window_sums_f64(w, weighted, means, 1, row);                               \
        for (long j = 0; j < windows; j++) {                                       \
          means[j] = shares[j] > 0 ? means[j] / shares[j] : 0;                     \
          shares[j] = shares[j] > 0 ? shares[j] / (lp->normalizes ? counts[j] : 1) : 1; \
        }                                                                          \
        map_log_f64(shares, shares, windows);                                      \
        for (long j = 0; j < windows; j++) {                                       \
          const double norm = y[j];                                                \
          if (norm >= lp->least && norm <= lp->most)                               \
            *dp += dy[j] * (norm / lp->p) * (means[j] - shares[j] / lp->p);        \
        }                                                                          \
      }                                                                            \
      isExtreme |= NAME(lp_shares)(lp, y, dy, shares, windows);                    \
      if (lp->normalizes)                                                          \
        for (long j = 0; j < windows; j++) shares[j] /= counts[j];                 \
      for (long i = 0; i < plane; i++) g[i] = 0;                                   \
      window_spread_f64(w, shares, g, 1, row);                                     \
      NAME(lp_slopes)(lp, x, g, dx, plane);                                        \
    }                                                                              \
    return isExtreme;                                                              \
  }
DEFINE_LP_LOOPS(float, F32, 1)
DEFINE_LP_LOOPS(double, F64, 0)
