// float64: its format and its polynomials.

#define NAME(x) JOINED(x, f64)
/// The sums of the halves of 64 bytes.
#define FOLDED(v) (v.lo + v.hi)
#define PRECISION f64
#define REAL double
#define INT nnexp_int64
#define UINT nnexp_uint64

#define MANTISSA_BITS 52
#define BIAS 1023
#define LEAST_NORMAL 0x1p-1022
/// The limit that `isComfortable` in plugins/Standard/PowerMean.swift uses.
#define LEAST_COMFORTABLE 0x1p-970
#define GREATEST_COMFORTABLE 0x1.fffffffffffffp1022
/// Adding this constant to a small number rounds it to an integer, which is then in the low
/// bits.
#define ROUNDER 0x1.8p52

/// eˣ is 0 below the first limit and infinite above the second.
#define EXP_LOW -746.0
#define EXP_HIGH 710.0
/// eˣ − 1 is −1 below this limit.
#define EXPM1_LOW -40.0
/// tanh x is 1 above this limit.
#define TANH_HIGH 22.0
/// The slopes of tanh and the logistic function take another exponential, and no error from y:
/// float64 checks gradients.
#define SLOPES_FROM_X

#define LOG2_E 0x1.71547652b82fep0
/// ln 2 as a sum of two numbers; the product of the first with an exponent is exact.
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, with an error of 2⁻⁶¹ relative to eʳ.
#define EXP_POLYNOMIAL(r, r2)                                                      \
  ((0.5 + r2 * 4.166666666666667e-2                                                \
    + (r2 * r2) * ((1.3888888888883711e-3 + r2 * 2.480158732567746e-5)             \
                   + (r2 * r2) * (2.755727347871858e-7 + r2 * 2.09147553258932e-9))) \
   + r * (1.666666666666667e-1 + r2 * 8.333333333326084e-3                         \
          + (r2 * r2) * ((1.984126987500228e-4 + r2 * 2.755725517000089e-6)        \
                         + (r2 * r2) * 2.5105312729622103e-8)))

/// ln((1+s)/(1−s)) = 2s + s·R(s²): R for |s| ≤ 3 − √8. Source: FreeBSD's e_log.c.
#define LOG_POLYNOMIAL(z, w)                                                       \
  (z * (6.666666666666735130e-01                                                   \
        + w * (2.857142874366239149e-01                                            \
               + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)))   \
   + w * (3.999999999940941908e-01                                                 \
          + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)))

/// tanh x = x + x³T(x²) for |x| < 0.625, T as a quotient. Source: Cephes's tanh.c.
#define TANH_NUMERATOR(z)                                                          \
  ((z * -9.64399179425052238628e-1 - 9.92877231001918586564e1) * z                 \
   - 1.61468768441708447952e3)
#define TANH_DENOMINATOR(z)                                                        \
  (((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z             \
   + 4.84406305325125486048e3)

/// The bits of the upper half of the digits: products of two such numbers are exact.
#define UPPER_BITS ~(nnexp_int64)0x7ffffff
/// e^(−x²) is 0 above this limit.
#define GAUSSIAN_HIGH 27.4
/// erf x = x + xE(x²) for |x| < 0.625, with an error of 2⁻⁵⁷ relative to erf x.
#define ERF_POLYNOMIAL(z)                                                          \
  (0.12837916709551256 + z * (-0.3761263890318349 + z * (                           \
      0.11283791670934916 + z * (-0.02686617063918227 + z * (                       \
      0.005223977536425054 + z * (-0.0008548319362208756 + z * (                    \
      0.00012054930723768777 + z * (-1.4912531009599622e-05 + z * (                 \
      1.620169177858786e-06 + z * -1.3453057180801001e-07)))))))))
/// (1 + 2x)·e^(x²)·erfc x for 0.6 < x < 27.3 at t = (x − 3)/(x + 3), with an error of 2⁻⁶⁰.
#define ERFC_CENTER 3
#define ERFC_POLYNOMIAL(t)                                                         \
  (1.2530080582697296 + t * (-0.1356211061245812 + t * (                            \
      -0.047562294353450926 + t * (0.1296451587027645 + t * (                       \
      -0.11927366341529563 + t * (0.06830802734383234 + t * (                       \
      -0.02377051491896919 + t * (0.0025293918187089407 + t * (                     \
      0.0018886903621215191 + t * (-0.0007798322994111592 + t * (                   \
      -0.00010515980167036323 + t * (0.0001250995265052764 + t * (                  \
      4.9493409030412505e-06 + t * (-2.01012699187477e-05 + t * (                   \
      -7.30401549692201e-07 + t * (3.4741647669717547e-06 + t * (                   \
      3.5279199870347973e-07 + t * (-6.191045688230198e-07 + t * (                  \
      -1.3329958399617145e-07 + t * (1.031748246196012e-07 + t * (                  \
      3.2307144095622005e-08 + t * (-1.2519904005655045e-08 + t *                   \
      -3.2049098779868047e-09))))))))))))))))))))))

/// e^(−x²/2) is 0 above the first limit, and 1/(1 + e^v) for gelu's approximation by tanh above
/// the second.
#define BELL_HIGH 38.7
#define TANH_FORM_HIGH 22.0
/// √(8/π) and 0.044715√(8/π), each with its rounding error.
#define GELU_K 0x1.9884533d43651p+0
#define GELU_K_LOW -0x1.cbc0d30ebfd15p-54
#define GELU_C 0x1.2444f2a4d8b4bp-4
#define GELU_C_LOW -0x1.6c843a29d1c70p-61

#if defined(HAS_MASKS)
#define LOAD_MASKED(x, mask) _mm512_maskz_loadu_pd(mask, x)
#define LOAD_FIRST(x, count) _mm512_maskz_loadu_pd((1u << (count)) - 1, x)
#define STORE_FIRST(x, v, count) _mm512_mask_storeu_pd(x, (1u << (count)) - 1, v)
#endif
