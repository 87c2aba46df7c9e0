// The functions on vectors of numbers. The result for NaN is NaN; those for infinities and
// zeros follow Annex F of the C standard.

#define LANES (VECTORS * VECTOR_BYTES / (long)sizeof(REAL))
#define V NAME(reals)
#define I NAME(integers)
#define U NAME(naturals)
typedef REAL V __attribute__((ext_vector_type(LANES)));
typedef INT I __attribute__((ext_vector_type(LANES)));
typedef UINT U __attribute__((ext_vector_type(LANES)));

/// Conversions between numbers and their bits.
INLINE I NAME(bits)(V x) { return __builtin_bit_cast(I, x); }
INLINE V NAME(number)(I x) { return __builtin_bit_cast(V, x); }

INLINE V NAME(magnitude)(V x) { return __builtin_elementwise_abs(x); }

/// |x| with the sign of `sign`.
INLINE V NAME(with_sign)(V sign, V x) { return __builtin_elementwise_copysign(x, sign); }

INLINE V NAME(least)(V x, REAL bound) { return x > (V)bound ? (V)bound : x; }
INLINE V NAME(greatest)(V x, REAL bound) { return x < (V)bound ? (V)bound : x; }

/// 2ᵏ, if it is neither denormal nor infinite.
INLINE V NAME(power_of_two)(I k) { return NAME(number)((k + BIAS) << MANTISSA_BITS); }

/// k as a real number.
INLINE V NAME(real)(I k) { return NAME(number)(k + NAME(bits)((V)ROUNDER)) - ROUNDER; }

/// e^x = 2ᵏ·eʳ for x = k ln 2 + r, |r| ≤ ½ ln 2, within the range of eˣ. Returns base + (eʳ −
/// 1) for |base| ≥ |r| or base = 0.
///
/// The rounding errors of r and of base + r are compensated.
INLINE V NAME(add_exponential)(V high, V low, V base) {
  V r = high - low;
  V r2 = r * r;
  V sum = base + high;
  V lost = high - (sum - base);
  return sum + (lost + (r2 * EXP_POLYNOMIAL(r, r2) - low));
}

/// Returns k, and high and low with x = k ln 2 + (high − low) in twice the precision.
INLINE I NAME(reduce)(V x, V *high, V *low) {
  V t = x * LOG2_E + ROUNDER;
  V n = t - ROUNDER;
  *high = x - n * LN2_HIGH;
  *low = n * LN2_LOW;
  return NAME(bits)(t) - NAME(bits)((V)ROUNDER);
}

/// x·2ᵏ, in two steps, because 2ᵏ may be denormal or infinite.
INLINE V NAME(scale)(V x, I k) {
  // Shifted as unsigned numbers, because few processors can shift signed 64-bit numbers.
  U biased = __builtin_convertvector(k + 2 * BIAS, U);
  I half = __builtin_convertvector(biased >> 1, I) - BIAS;
  return x * NAME(power_of_two)(half) * NAME(power_of_two)(k - half);
}

/// eˣ = 2ᵏ(1 + (eʳ − 1)).
INLINE V NAME(exp)(V x) {
  V high, low;
  I k = NAME(reduce)(NAME(least)(NAME(greatest)(x, EXP_LOW), EXP_HIGH), &high, &low);
  return NAME(scale)(NAME(add_exponential)(high, low, 1), k);
}

/// eˣ − 1 = 2ᵏ((1 − 2⁻ᵏ) + (eʳ − 1)), exact near 0.
INLINE V NAME(expm1)(V x) {
  V high, low;
  I k = NAME(reduce)(NAME(least)(NAME(greatest)(x, EXPM1_LOW), EXP_HIGH), &high, &low);
  // 2⁻ᵏ has no effect on a sum with 1 long before it is denormal.
  V one = NAME(power_of_two)(-(k > 2 * MANTISSA_BITS ? (I)(2 * MANTISSA_BITS) : k));
  return NAME(with_sign)(x, NAME(scale)(NAME(add_exponential)(high, low, 1 - one), k));
}

/// tanh x = x + x³T(x²) for |x| < 0.625, otherwise sign(x)(1 − 2/(e^(2|x|) + 1)).
INLINE V NAME(tanh)(V x) {
  V size = NAME(magnitude)(x);
  V z = size * size;
  V high, low;
  I k = NAME(reduce)(2 * NAME(least)(size, TANH_HIGH), &high, &low);
  V e = NAME(add_exponential)(high, low, 1) * NAME(power_of_two)(k);
  // Both forms are the sum of a number and a quotient, so that one division is enough.
  I isSmall = size < (V)(REAL)0.625;
  V quotient = (isSmall ? size * z * (TANH_NUMERATOR(z)) : (V)-2) / (isSmall ? (V)(TANH_DENOMINATOR(z)) : e + 1);
  return NAME(with_sign)(x, (isSmall ? size : (V)1) + quotient);
}

#if defined(LOGISTIC_POLYNOMIAL)
/// 1/(1 + e⁻ˣ) = 1/(1 + 2ᵏ·2ᶠ) for −x log₂ e = k + f, |f| ≤ ½; in float64, where rounding errors
/// need no compensation.
INLINE V NAME(logistic)(V x) {
  typedef double W __attribute__((ext_vector_type(LANES)));
  typedef nnexp_int64 J __attribute__((ext_vector_type(LANES)));
  V limited = NAME(greatest)(NAME(least)(x, -EXP_LOW), EXP_LOW);
  W y = __builtin_convertvector(limited, W) * -0x1.71547652b82fep0;
  // The lowest bits of the sum are k.
  W sum = y + 0x1.8p52;
  W f = y - (sum - 0x1.8p52);
  W f2 = f * f;
  J bits = __builtin_bit_cast(J, LOGISTIC_POLYNOMIAL(f, f2)) + (__builtin_bit_cast(J, sum) << 52);
  return __builtin_convertvector(1 / (1 + __builtin_bit_cast(W, bits)), V);
}
#else
/// 1/(1 + e⁻ˣ): s = e/(1 + e) for x < 0, otherwise 1 − s, with e = e^(−|x|).
INLINE V NAME(logistic)(V x) {
  V high, low;
  I k = NAME(reduce)(NAME(greatest)(-NAME(magnitude)(x), EXP_LOW), &high, &low);
  V m = NAME(add_exponential)(high, low, 1);
  V e = NAME(scale)(m, k);
  // Next to 1, a denormal 2ᵏ has no effect, so that this need not wait for e.
  V sum = 1 + m * NAME(power_of_two)(k < 1 - BIAS ? (I)(1 - BIAS) : k);
  V lost = e - (sum - 1);
  V s = e / sum;
  // The quotient by sum + lost, where 1/sum is 1 − s.
  s = s - s * lost * (1 - s);
  return x < 0 ? s : 1 - s;
}
#endif

/// ln(m·2ᵏ·(1 + c)) for m in [√½, √2) and c below the rounding of m.
///
///     f = m − 1,  s = f/(2 + f),  ln m = 2s + s·R(s²) = f − (½f² − s(½f² + R))
///
/// Source: FreeBSD's e_log.c.
INLINE V NAME(log_of_parts)(V m, V k, V c) {
  V f = m - 1;
  V s = f / (2 + f);
  V z = s * s;
  V w = z * z;
  V h = (REAL)0.5 * f * f;
  V rest = s * (h + LOG_POLYNOMIAL(z, w)) + (k * LN2_LOW + c * (1 - f + f * f));
  return k * LN2_HIGH - ((h - rest) - f);
}

/// Returns m and k with x = m·2ᵏ and m in [√½, √2), for normal x > 0.
INLINE V NAME(parts)(V x, I *k) {
  I root = NAME(bits)((V)(REAL)0.70710678118654752);
  I above = NAME(bits)(x) - root;
  *k = above >> MANTISSA_BITS;
  return NAME(number)((above & (((INT)1 << MANTISSA_BITS) - 1)) + root);
}

/// Returns y if 0 < x < ∞, otherwise the limit of ln x.
INLINE V NAME(log_or_limit)(V x, V y) {
  y = x < (V)__builtin_inf() ? y : x;
  V limit = x == 0 ? (V)(REAL)-__builtin_inf() : (V)(REAL)__builtin_nan("");
  return x > 0 ? y : limit;
}

/// ln x.
INLINE V NAME(log)(V x) {
  I isDenormal = x < LEAST_NORMAL;
  V scaled = isDenormal ? x * ((UINT)2 << MANTISSA_BITS) : x;
  I k;
  V m = NAME(parts)(scaled, &k);
  V y = NAME(log_of_parts)(m, NAME(real)(isDenormal ? k - (MANTISSA_BITS + 1) : k), 0);
  return NAME(log_or_limit)(x, y);
}

/// ln(1 + x), exact near 0: ln u + ln(1 + c/u), where u + c = 1 + x exactly.
INLINE V NAME(log1p)(V x) {
  V u = 1 + x;
  V v = u - 1;
  V c = (1 - (u - v)) + (x - v);
  I k;
  V m = NAME(parts)(u, &k);
  V scaled = u < ((UINT)1 << (MANTISSA_BITS + 1)) ? c * NAME(power_of_two)(-k) : 0;
  V y = NAME(log_of_parts)(m, NAME(real)(k), scaled);
  return NAME(with_sign)(x, NAME(log_or_limit)(u, y));
}

/// e^(−x²), where the rounding error of x² is compensated.
INLINE V NAME(gaussian)(V x) {
  V size = NAME(least)(NAME(magnitude)(x), GAUSSIAN_HIGH);
  V upper = NAME(number)(NAME(bits)(size) & (INT)UPPER_BITS);
  V high, low;
  I k = NAME(reduce)(-(upper * upper), &high, &low);
  V rest = (size - upper) * (size + upper);
  return NAME(scale)(NAME(add_exponential)(high, low + rest, 1), k);
}

/// erfc |x| for |x| ≥ 0.6: e^(−x²)·P(t)/(1 + 2|x|).
INLINE V NAME(erfc_tail)(V size) {
  V x = NAME(least)(size, GAUSSIAN_HIGH);
  V t = (x - ERFC_CENTER) / (x + ERFC_CENTER);
  return NAME(gaussian)(x) * (ERFC_POLYNOMIAL(t)) / (1 + 2 * x);
}

/// erf x = x + xE(x²) for |x| < 0.625, otherwise ±(1 − erfc |x|).
INLINE V NAME(erf)(V x) {
  V size = NAME(magnitude)(x);
  V z = size * size;
  V near = size + size * (ERF_POLYNOMIAL(z));
  V far = 1 - NAME(erfc_tail)(NAME(greatest)(size, (REAL)0.6));
  return NAME(with_sign)(x, size < (V)(REAL)0.625 ? near : far);
}

/// erfc x = 1 − erf x, without cancellation for large x.
INLINE V NAME(erfc)(V x) {
  V size = NAME(magnitude)(x);
  V z = x * x;
  V near = 1 - (x + x * (ERF_POLYNOMIAL(z)));
  V tail = NAME(erfc_tail)(NAME(greatest)(size, (REAL)0.6));
  V far = x < 0 ? 2 - tail : tail;
  return size < (V)(REAL)0.625 ? near : far;
}

// The slopes f′(x) of the functions, where y = f(x).

INLINE V NAME(exp_slope)(V x, V y) { return y; }
INLINE V NAME(expm1_slope)(V x, V y) { return NAME(exp)(x); }
INLINE V NAME(log_slope)(V x, V y) { return 1 / x; }
INLINE V NAME(log1p_slope)(V x, V y) { return 1 / (1 + x); }
#if defined(SLOPES_FROM_X)
/// σ(x)σ(−x), where neither factor is 1 less a number: y(1 − y) is 0 from x = 37 on.
INLINE V NAME(logistic_slope)(V x, V y) {
  V s = NAME(logistic)(-NAME(magnitude)(x));
  return s * (1 - s);
}
/// 4σ(2x)σ(−2x): (1 − y)(1 + y) is 0 from x = 19 on.
INLINE V NAME(tanh_slope)(V x, V y) { return 4 * NAME(logistic_slope)(2 * x, y); }
#else
/// (1 − y)(1 + y) has one cancellation, whereas 1 − y² rounds twice.
INLINE V NAME(tanh_slope)(V x, V y) { return (1 - y) * (1 + y); }
INLINE V NAME(logistic_slope)(V x, V y) { return y * (1 - y); }
#endif
