// The loops over vectors: four vectors at a time, then single vectors, then the remaining
// numbers in a vector of their own, so that a number's result does not depend on its position.

INLINE V NAME(load)(const REAL *x) {
  V v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}
INLINE void NAME(store)(REAL *x, V v) { __builtin_memcpy(x, &v, sizeof v); }

/// Loads or stores the first `count` lanes; the others are 0 or stay unchanged.
#if defined(HAS_MASKS)
INLINE V NAME(load_first)(const REAL *x, long count) { return LOAD_FIRST(x, count); }
INLINE void NAME(store_first)(REAL *x, V v, long count) { STORE_FIRST(x, v, count); }
#else
INLINE V NAME(load_first)(const REAL *x, long count) {
  V v = 0;
#pragma clang loop unroll(full)
  for (long i = 0; i < LANES; i++)
    if (i < count) v[i] = x[i];
  return v;
}
INLINE void NAME(store_first)(REAL *x, V v, long count) {
#pragma clang loop unroll(full)
  for (long i = 0; i < LANES; i++)
    if (i < count) x[i] = v[i];
}
#endif

/// A half-filled wide vector takes longer than a full vector of half the width. For a tiny
/// network, these few numbers are the whole step.
#if defined(NARROWER)
#define LEAVE_FEW(f)                                                               \
  if (count <= LANES / 2) {                                                        \
    NARROWER.PRECISION.map[nnexp_##f](x, y, count);                                \
    return;                                                                        \
  }
#else
#define LEAVE_FEW(f)
#endif

#define DEFINE_MAP(f)                                                              \
  static void NAME(map_##f)(const REAL *x, REAL *y, long count) {                  \
    LEAVE_FEW(f)                                                                   \
    long i = 0;                                                                    \
    for (; i + 4 * LANES <= count; i += 4 * LANES) {                               \
      NAME(wide_reals) v;                                                          \
      __builtin_memcpy(&v, x + i, sizeof v);                                       \
      v = NAME(wide_##f)(v);                                                       \
      __builtin_memcpy(y + i, &v, sizeof v);                                       \
    }                                                                              \
    for (; i + LANES <= count; i += LANES)                                         \
      NAME(store)(y + i, NAME(f)(NAME(load)(x + i)));                              \
    if (i < count)                                                                 \
      NAME(store_first)(y + i, NAME(f)(NAME(load_first)(x + i, count - i)), count - i); \
  }

/// As above, without a narrower build.
#define DEFINE_PLAIN_MAP(f)                                                        \
  static void NAME(map_##f)(const REAL *x, REAL *y, long count) {                  \
    long i = 0;                                                                    \
    for (; i + LANES <= count; i += LANES)                                         \
      NAME(store)(y + i, NAME(f)(NAME(load)(x + i)));                              \
    if (i < count)                                                                 \
      NAME(store_first)(y + i, NAME(f)(NAME(load_first)(x + i, count - i)), count - i); \
  }

#define DEFINE_VJP(f)                                                              \
  static void NAME(vjp_##f)(                                                       \
      const REAL *x, const REAL *y, const REAL *dy, REAL *dx, long count) {        \
    long i = 0;                                                                    \
    for (; i + LANES <= count; i += LANES) {                                       \
      V slope = NAME(f##_slope)(NAME(load)(x + i), NAME(load)(y + i));             \
      NAME(store)(dx + i, NAME(load)(dx + i) + NAME(load)(dy + i) * slope);        \
    }                                                                              \
    if (i < count) {                                                               \
      long rest = count - i;                                                       \
      V slope = NAME(f##_slope)(                                                   \
          NAME(load_first)(x + i, rest), NAME(load_first)(y + i, rest));           \
      V sum = NAME(load_first)(dx + i, rest) + NAME(load_first)(dy + i, rest) * slope; \
      NAME(store_first)(dx + i, sum, rest);                                        \
    }                                                                              \
  }

#define DEFINE(f) DEFINE_MAP(f) DEFINE_VJP(f)
DEFINE(exp)
DEFINE(expm1)
DEFINE(log)
DEFINE(log1p)
DEFINE(tanh)
DEFINE(logistic)
DEFINE_PLAIN_MAP(gelu)
DEFINE_VJP(gelu)
DEFINE_PLAIN_MAP(gelu_tanh)
DEFINE_VJP(gelu_tanh)
DEFINE_PLAIN_MAP(gaussian)
DEFINE_PLAIN_MAP(erf)
DEFINE_PLAIN_MAP(erfc)
