// float32: its format and its polynomials.

#define NAME(x) JOINED(x, f32)
/// The sums of the quarters of 64 bytes.
#define FOLDED(v) ((v.lo.lo + v.lo.hi) + (v.hi.lo + v.hi.hi))
#define PRECISION f32
#define REAL float
#define INT int
#define UINT unsigned int

#define MANTISSA_BITS 23
#define BIAS 127
#define LEAST_NORMAL 0x1p-126f
/// The limit that `isComfortable` in plugins/Standard/PowerMean.swift uses.
#define LEAST_COMFORTABLE 0x1p-103f
#define GREATEST_COMFORTABLE 0x1.fffffep126f
/// Adding this constant to a small number rounds it to an integer, which is then in the low
/// bits.
#define ROUNDER 0x1.8p23f

/// eˣ is 0 below the first limit and infinite above the second.
#define EXP_LOW -104.0f
#define EXP_HIGH 89.0f
/// eˣ − 1 is −1 below this limit.
#define EXPM1_LOW -18.0f
/// tanh x is 1 above this limit.
#define TANH_HIGH 10.0f

#define LOG2_E 0x1.715476p0f
/// ln 2 as a sum of two numbers; the product of the first with an exponent is exact.
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cp-20f

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, with an error of 2⁻³⁰ relative to eʳ.
#define EXP_POLYNOMIAL(r, r2)                                              \
  ((0.5f + r2 * (4.1666463e-2f + r2 * 1.3933731e-3f))                      \
   + r * (1.6666667e-1f + r2 * (8.33331e-3f + r2 * 1.989108e-4f)))

/// 2ᶠ for |f| ≤ ½ in float64, with a relative error of 2⁻²⁹.
#define LOGISTIC_POLYNOMIAL(f, f2)                                                     \
  (((0x1.000000026150ap0 + f * 0x1.62e430c7e9238p-1)                                   \
    + f2 * (0x1.ebfbdadcb018p-3 + f * 0x1.c6aed4b951570p-5))                           \
   + (f2 * f2) * ((0x1.3b2dbbc1693p-7 + f * 0x1.5f456a8ac48p-10) + f2 * 0x1.41d333271p-13))

/// ln((1+s)/(1−s)) = 2s + s·R(s²): R for |s| ≤ 3 − √8. Source: FreeBSD's e_logf.c.
#define LOG_POLYNOMIAL(z, w)                                               \
  (z * (0xaaaaaa.0p-24f + w * 0x91e9ee.0p-25f)                             \
   + w * (0xccce13.0p-25f + w * 0xf89e26.0p-26f))

/// tanh x = x + x³T(x²) for |x| < 0.625, with a relative error of 2⁻²⁶.
#define TANH_NUMERATOR(z)                                                          \
  (-0.33333328f + z * (0.13332769f + z * (-0.05385085f + z * (0.020996895f             \
                                                             - z * 0.0060962997f))))
#define TANH_DENOMINATOR(z) 1

/// The bits of the upper half of the digits: products of two such numbers are exact.
#define UPPER_BITS ~0xfff
/// e^(−x²) is 0 above this limit.
#define GAUSSIAN_HIGH 10.3f
/// erf x = x + xE(x²) for |x| < 0.625, with an error of 2⁻³¹ relative to erf x.
#define ERF_POLYNOMIAL(z)                                                          \
  (1.28379167e-1f + z * (-3.76126332e-1f + z * (1.12836393e-1f + z * (-2.68511243e-2f  \
      + z * (5.15631813e-3f - z * 7.12131415e-4f)))))
/// (1 + 2x)·e^(x²)·erfc x for 0.6 < x < 10.2 at t = (x − 2)/(x + 2), with an error of 2⁻²⁸.
#define ERFC_CENTER 2
#define ERFC_POLYNOMIAL(t)                                                         \
  (1.27697838f + t * (-9.27637743e-2f + t * (-1.66030598e-1f + t * (1.64048872e-1f     \
      + t * (-5.42154708e-2f + t * (-8.00388584e-3f + t * (8.68349249e-3f              \
      + t * (1.12567604e-3f + t * (-1.30866079e-3f - t * 1.7822317e-4f)))))))))

/// e^(−x²/2) is 0 above the first limit, and 1/(1 + e^v) for gelu's approximation by tanh above
/// the second.
#define BELL_HIGH 14.6f
#define TANH_FORM_HIGH 11.0f
/// √(8/π) and 0.044715√(8/π), each with its rounding error.
#define GELU_K 0x1.988454p+0
#define GELU_K_LOW -0x1.857936p-25
#define GELU_C 0x1.2444f2p-4
#define GELU_C_LOW 0x1.49b16ap-29

#if defined(HAS_MASKS)
#define LOAD_MASKED(x, mask) _mm512_maskz_loadu_ps(mask, x)
#define LOAD_FIRST(x, count) _mm512_maskz_loadu_ps((1u << (count)) - 1, x)
#define STORE_FIRST(x, v, count) _mm512_mask_storeu_ps(x, (1u << (count)) - 1, v)
#endif
