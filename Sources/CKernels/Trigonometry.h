// sin x and cos x, computed in float64 for both precisions.
//
//     x = nπ/2 + r,  |r| ≤ π/4;  sin x is ± sin r for even n, ± cos r for odd n
//
// Up to |x| = 2¹⁹, n times each of the first two parts of π/2 is exact; beyond that, r is computed
// with the digits of 2/π that matter (Payne & Hanek 1983, "Radian reduction").

/// sin(r + low) and cos(r + low) for |r| ≤ π/4.
INLINE reals_f64 sine_near_zero(reals_f64 r, reals_f64 low) {
  reals_f64 z = r * r;
  reals_f64 s = 0.008333333333330827
      + z * (-0.0001984126983657571
             + z * (2.755731600817155e-06
                    + z * (-2.505111227257324e-08 + z * 1.591672619388911e-10)));
  // r + r³(S − 1/6) with the first digits of low.
  return r - ((z * (0.5 * low - z * r * s) - low) + z * r * 0.16666666666666666);
}
INLINE reals_f64 cosine_near_zero(reals_f64 r, reals_f64 low) {
  reals_f64 z = r * r;
  reals_f64 c = z * z
      * (0.041666666666666664
         + z * (-0.0013888888888887322
                + z * (2.4801587298651292e-05
                       + z * (-2.755731721268659e-07
                              + z * (2.0876134024090145e-09 - z * 1.1381754653662795e-11)))));
  reals_f64 half = 0.5 * z;
  reals_f64 w = 1 - half;
  return w + (((1 - w) - half) + (c - r * low));
}

/// sin x if `quarter` is 0, cos x if it is 1.
INLINE reals_f64 wave(reals_f64 x, long quarter) {
  reals_f64 t = x * 0x1.45f306dc9c883p-1 + 0x1.8p52;
  reals_f64 n = t - 0x1.8p52;
  integers_f64 k = bits_f64(t) - bits_f64((reals_f64)0x1.8p52);
  reals_f64 a = x - n * 0x1.921fb544p+0;
  reals_f64 b = n * 0x1.0b4611a6p-34;
  reals_f64 high = a - b;
  // The rounding error of a − b, and the third part.
  reals_f64 lost = (a - high) - b;
  reals_f64 tail = lost - n * 0x1.3198a2e037073p-69;
  reals_f64 r = high + tail;
  reals_f64 low = (high - r) + tail;
  integers_f64 isLarge = ~(magnitude_f64(x) <= 0x1p19);
  for (long i = 0; i < (long)(sizeof x / sizeof(double)); i++) {
    if (!isLarge[i]) continue;
    double parts[2];
    k[i] = nnexp_reduce_angle(x[i], parts);
    r[i] = parts[0];
    low[i] = parts[1];
  }
  k += quarter;
  reals_f64 s = sine_near_zero(r, low);
  reals_f64 c = cosine_near_zero(r, low);
  reals_f64 y = (k & 1) != 0 ? c : s;
  return (k & 2) != 0 ? -y : y;
}

INLINE reals_f64 wave_f64(reals_f64 x, long quarter) { return wave(x, quarter); }
INLINE reals_f32 wave_f32(reals_f32 x, long quarter) {
  typedef float half __attribute__((ext_vector_type(VECTOR_BYTES / 8)));
  reals_f32 y;
  y.lo = __builtin_convertvector(wave(__builtin_convertvector((half)x.lo, reals_f64), quarter), half);
  y.hi = __builtin_convertvector(wave(__builtin_convertvector((half)x.hi, reals_f64), quarter), half);
  return y;
}

#define DEFINE_WAVE(f, quarter, REAL, NAME)                                        \
  static void NAME(map_##f)(const REAL *x, REAL *y, long count) {                  \
    const long lanes = VECTOR_BYTES / sizeof(REAL);                                \
    long i = 0;                                                                    \
    for (; i + lanes <= count; i += lanes)                                         \
      NAME(store)(y + i, NAME(wave)(NAME(load)(x + i), quarter));                  \
    if (i < count)                                                                 \
      NAME(store_first)(                                                           \
          y + i, NAME(wave)(NAME(load_first)(x + i, count - i), quarter), count - i); \
  }
DEFINE_WAVE(sin, 0, float, F32)
DEFINE_WAVE(cos, 1, float, F32)
DEFINE_WAVE(sin, 0, double, F64)
DEFINE_WAVE(cos, 1, double, F64)
