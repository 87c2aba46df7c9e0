// xᵖ, for x ≥ 0 and a single p or for any numbers.
//
// xᵖ = e^(p ln x): an error of ln x is multiplied by p ln x, which is at most 745. ln x
// therefore needs a relative error of 2⁻⁶⁵ for float64; for float32, it is computed in float64.

// The upper half of the digits: products of two such numbers are exact.
INLINE reals_f64 upper(reals_f64 x) { return number_f64(bits_f64(x) & ~(nnexp_int64)0x7ffffff); }

/// 3·artanh(s)/s = 3 + z + z²·R(z), z = s²: R for |s| ≤ 3 − √8, with an error of 2⁻⁶⁷ relative
/// to the sum.
INLINE reals_f64 log_tail(reals_f64 z) {
  reals_f64 w = z * z;
  return (0.6 + z * 0.4285714285714406)
      + w * ((0.3333333333247915 + z * 0.2727272750414977)
             + w * ((0.2307689233051077 + z * 0.20002213198218508)
                    + w * (0.17559189696845096 + z * 0.1758649059127012)));
}

/// ln x = high + low for normal x > 0, where high has half of the digits.
///
///     x = 2ᵏ(1 + f),  s = f/(2 + f),  ln(1 + f) = ⅔s·(3 + s² + s⁴R(s²))
///
/// Source: FreeBSD's e_pow.c.
INLINE reals_f64 precise_log(reals_f64 x, integers_f64 added, reals_f64 *low) {
  integers_f64 k;
  reals_f64 f = parts_f64(x, &k) - 1;
  reals_f64 n = real_f64(k + added);

  reals_f64 inverse = 1 / (2 + f);
  reals_f64 s = f * inverse;
  reals_f64 sHigh = upper(s);
  reals_f64 dHigh = upper(2 + f);
  reals_f64 sLow = inverse * ((f - sHigh * dHigh) - sHigh * (f - (dHigh - 2)));

  reals_f64 z = s * s;
  reals_f64 zHigh = sHigh * sHigh;
  reals_f64 r = z * z * log_tail(z) + sLow * (sHigh + s);
  reals_f64 tHigh = upper(3 + zHigh + r);
  reals_f64 tLow = r - ((tHigh - 3) - zHigh);

  reals_f64 u = sHigh * tHigh;
  reals_f64 v = sLow * tHigh + tLow * s;
  reals_f64 pHigh = upper(u + v);
  reals_f64 pLow = v - (pHigh - u);

  // ⅔ as a sum of two numbers, the first with half of the digits.
  reals_f64 qHigh = pHigh * 0x1.555555p-1;
  reals_f64 qLow = pHigh * 0x1.5555555555555p-27 + pLow * 0x1.5555555555555p-1;
  reals_f64 nHigh = n * LN2_HIGH;
  reals_f64 high = upper((qHigh + qLow) + nHigh);
  *low = (qLow + n * LN2_LOW) - ((high - nHigh) - qHigh);
  return high;
}

/// Limits p: beyond ±2⁷⁰, every power of a number other than 1 is 0 or infinite.
INLINE reals_f64 within_reach(reals_f64 p) { return least_f64(greatest_f64(p, -0x1p70), 0x1p70); }

INLINE reals_f64 power_f64(reals_f64 x, reals_f64 p) {
  integers_f64 isDenormal = x < LEAST_NORMAL;
  reals_f64 low;
  reals_f64 high = precise_log(isDenormal ? x * 0x1p53 : x, isDenormal & (nnexp_int64)-53, &low);

  // p ln x as the sum yHigh + yLow.
  reals_f64 pHigh = upper(p);
  reals_f64 yHigh = pHigh * high;
  reals_f64 yLow = (p - pHigh) * high + p * low;
  reals_f64 y = yHigh + yLow;
  integers_f64 isInside = y > EXP_LOW & y < EXP_HIGH;
  yHigh = isInside ? yHigh : least_f64(greatest_f64(y, EXP_LOW), EXP_HIGH);
  yLow = isInside ? yLow : 0;

  reals_f64 rHigh, rLow;
  integers_f64 k = reduce_f64(yHigh, &rHigh, &rLow);
  reals_f64 power = scale_f64(add_exponential_f64(rHigh, rLow - yLow, 1), k);

  const double infinity = __builtin_inf();
  reals_f64 atZero = p > 0 ? (reals_f64)0 : (reals_f64)infinity;
  reals_f64 atInfinity = p > 0 ? (reals_f64)infinity : (reals_f64)0;
  power = x > 0 ? power : (x == 0 ? atZero : (reals_f64)__builtin_nan(""));
  return x < infinity ? power : (x == infinity ? atInfinity : x);
}

/// xᵖ with a relative error of 2⁻³⁵, if p ln x is from `low` to `high`, which are within ±700;
/// otherwise the power for that limit. 1 for x = 0.
INLINE reals_f64 brief_power(reals_f64 x, reals_f64 p, double low, double high) {
  integers_f64 k;
  reals_f64 f = parts_f64(x, &k) - 1;
  reals_f64 s = f / (2 + f);
  reals_f64 z = s * s;
  reals_f64 w = z * z;
  // ln((1+s)/(1−s))/s − 2.
  reals_f64 tail = z * (0.6666666666737868 + z * 0.3999999879244169)
      + (w * z) * ((0.28571755535032944 + z * 0.22191337428065783) + w * 0.19363884986633198);
  reals_f64 y = p * (real_f64(k) * 0x1.62e42fefa39efp-1 + (s + s + s * tail));

  // For x = 0, this avoids a denormal, which would be slow and is not used.
  y = x > 0 ? least_f64(greatest_f64(y, low), high) : 0;
  reals_f64 t = y * LOG2_E + ROUNDER;
  reals_f64 r = y - (t - ROUNDER) * 0x1.62e42fefa39efp-1;
  reals_f64 r2 = r * r;
  reals_f64 r4 = r2 * r2;
  reals_f64 e = (1 + r)
      + r2 * ((0.5 + r * 0.1666666671931248 + r2 * (0.041666666719295684 + r * 0.008333298344023092))
              + r4 * ((0.001388885390994504 + r * 0.00019899390183679232) + r2 * 2.485969439475207e-05));
  return e * power_of_two_f64(bits_f64(t) - bits_f64((reals_f64)ROUNDER));
}

/// Converts two halves to float64, and rounds the results once. `pLow` and `pHigh` are the
/// halves of p.
INLINE reals_f32 power_f32(reals_f32 x, reals_f64 pLow, reals_f64 pHigh, reals_f32 p) {
  typedef float half __attribute__((ext_vector_type(VECTOR_BYTES / 8)));
  reals_f32 power;
  power.lo = __builtin_convertvector(
      brief_power(__builtin_convertvector((half)x.lo, reals_f64), pLow, -110, 100), half);
  power.hi = __builtin_convertvector(
      brief_power(__builtin_convertvector((half)x.hi, reals_f64), pHigh, -110, 100), half);

  const float infinity = __builtin_inff();
  reals_f32 atZero = p > 0 ? (reals_f32)0 : (reals_f32)infinity;
  reals_f32 atInfinity = p > 0 ? (reals_f32)infinity : (reals_f32)0;
  power = x > 0 ? power : (x == 0 ? atZero : (reals_f32)__builtin_nanf(""));
  return x < infinity ? power : (x == infinity ? atInfinity : x);
}

/// xᵖ with one number p.
INLINE reals_f64 number_power_f64(reals_f64 x, double p) { return power_f64(x, (reals_f64)p); }
INLINE reals_f32 number_power_f32(reals_f32 x, double p) {
  return power_f32(x, (reals_f64)p, (reals_f64)p, (reals_f32)(float)p);
}

/// xᵖ with a p per lane, as C's pow: 1 for p = 0 and for x = 1; for x < 0, NaN unless p is an
/// integer.
INLINE reals_f64 each_power_f64(reals_f64 x, reals_f64 p) {
  return power_f64(x, within_reach(p));
}
INLINE reals_f32 each_power_f32(reals_f32 x, reals_f32 p) {
  typedef float half __attribute__((ext_vector_type(VECTOR_BYTES / 8)));
  return power_f32(
      x, within_reach(__builtin_convertvector((half)p.lo, reals_f64)),
      within_reach(__builtin_convertvector((half)p.hi, reals_f64)), p);
}

#define DEFINE_POWER(REAL, NAME, ROUNDER)                                          \
  static void NAME(powers)(const REAL *x, double p, REAL *y, long count) {         \
    if (p == 0) {                                                                  \
      for (long i = 0; i < count; i++) y[i] = x[i] >= 0 ? 1 : (REAL)__builtin_nan(""); \
      return;                                                                      \
    }                                                                              \
    p = p > 0x1p70 ? 0x1p70 : p < -0x1p70 ? -0x1p70 : p;                           \
    const long lanes = VECTOR_BYTES / sizeof(REAL);                                \
    long i = 0;                                                                    \
    for (; i + lanes <= count; i += lanes)                                         \
      NAME(store)(y + i, NAME(number_power)(NAME(load)(x + i), p));                \
    if (i < count)                                                                 \
      NAME(store_first)(                                                           \
          y + i, NAME(number_power)(NAME(load_first)(x + i, count - i), p), count - i); \
  }                                                                                \
                                                                                   \
  INLINE NAME(reals) NAME(signed_power)(NAME(reals) x, NAME(reals) p) {            \
    NAME(reals) power = NAME(each_power)(NAME(magnitude)(x), p);                   \
    /* Large numbers are even integers. */                                         \
    NAME(reals) size = NAME(magnitude)(p);                                         \
    NAME(integers) isSmall = size < (NAME(reals))(REAL)(ROUNDER / 4);              \
    NAME(reals) rounded = size + (REAL)ROUNDER;                                    \
    NAME(integers) isWhole = ~isSmall | (rounded - (REAL)ROUNDER == size);         \
    NAME(integers) isOdd = isSmall & ((NAME(bits)(rounded) & 1) != 0);             \
    NAME(reals) mirrored = isOdd ? -power : power;                                 \
    mirrored = isWhole ? mirrored : (NAME(reals))(REAL)__builtin_nan("");          \
    power = x < 0 ? mirrored : power;                                              \
    power = p == p ? power : p;                                                    \
    return ((p == 0) | (x == 1)) ? (NAME(reals))1 : power;                         \
  }                                                                                \
                                                                                   \
  /* If all lanes have the same p, what depends on p only is outside the loop. */  \
  INLINE void NAME(power_row)(                                                     \
      const REAL *x, const REAL *p, const int is_single, REAL *y, long count) {    \
    const long lanes = VECTOR_BYTES / sizeof(REAL);                                \
    const NAME(reals) single = (NAME(reals))*p;                                    \
    long i = 0;                                                                    \
    for (; i + lanes <= count; i += lanes)                                         \
      NAME(store)(y + i, NAME(signed_power)(                                       \
          NAME(load)(x + i), is_single ? single : NAME(load)(p + i)));             \
    if (i < count) {                                                               \
      NAME(reals) power = NAME(signed_power)(NAME(load_first)(x + i, count - i),   \
          is_single ? single : NAME(load_first)(p + i, count - i));                \
      NAME(store_first)(y + i, power, count - i);                                  \
    }                                                                              \
  }                                                                                \
                                                                                   \
  static void NAME(power_rows)(const REAL *x, const REAL *p, REAL *y, long count) { \
    if (count == 0) return;                                                        \
    int differs = 0;                                                               \
    for (long i = 0; i < count; i++) differs |= p[i] != *p;                        \
    if (differs)                                                                   \
      NAME(power_row)(x, p, 0, y, count);                                          \
    else                                                                           \
      NAME(power_row)(x, p, 1, y, count);                                          \
  }
#define F32(name) name##_f32
#define F64(name) name##_f64
DEFINE_POWER(float, F32, 0x1.8p23f)
DEFINE_POWER(double, F64, 0x1.8p52)
