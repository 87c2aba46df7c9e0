// Random numbers of dropout and of noise: Philox 4×32 with ten rounds at consecutive positions, as in
// `RandomStream`.

/// 53 random bits at each position, and 53 others.
INLINE naturals_f64 uniform_bits(naturals_f64 position, nnexp_uint64 key, naturals_f64 *others) {
  const naturals_f64 low = 0xffffffff;
  naturals_f64 c0 = position & low, c1 = position >> 32, c2 = 0, c3 = 0;
  unsigned int k0 = (unsigned int)key, k1 = (unsigned int)(key >> 32);
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    naturals_f64 p0 = c0 * (nnexp_uint64)0xd2511f53, p1 = c2 * (nnexp_uint64)0xcd9e8d57;
    c0 = (p1 >> 32) ^ c1 ^ (naturals_f64)(nnexp_uint64)k0;
    c1 = p1 & low;
    c2 = (p0 >> 32) ^ c3 ^ (naturals_f64)(nnexp_uint64)k1;
    c3 = p0 & low;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  *others = (c3 << 32 | c2) >> 11;
  return (c1 << 32 | c0) >> 11;
}

/// The positions from `first` on.
INLINE naturals_f64 positions_from(nnexp_int64 first) {
  naturals_f64 position;
  for (long i = 0; i < VECTOR_BYTES / 8; i++) position[i] = (nnexp_uint64)(first + i);
  return position;
}

/// A natural number below 2⁵³ as a real number. Its halves become the digits of numbers from 2⁵² on.
INLINE reals_f64 real_of_bits(naturals_f64 bits) {
  const naturals_f64 exponent = 0x4330000000000000, low = (1 << 21) - 1;
  const naturals_f64 high_digits = bits >> 21 | exponent, low_digits = (bits & low) | exponent;
  reals_f64 high_part, low_part;
  __builtin_memcpy(&high_part, &high_digits, sizeof high_part);
  __builtin_memcpy(&low_part, &low_digits, sizeof low_part);
  return (high_part - 0x1p52) * 0x1p21 + (low_part - 0x1p52);
}

/// mask ← 0 where the bits at a position are below `limit`, else `kept`; y ← x·mask.
#define DEFINE_DROPOUT(REAL, NAME)                                                 \
  static void NAME(dropout)(                                                       \
      nnexp_uint64 key, nnexp_int64 first, nnexp_int64 limit, REAL kept, const REAL *restrict x, REAL *restrict y, REAL *restrict mask, \
      long count) {                                                                \
    enum { lanes = VECTOR_BYTES / 8 };                                             \
    const naturals_f64 start = positions_from(first);                              \
    for (long i = 0; i < count; i += lanes) {                                      \
      naturals_f64 others;                                                         \
      naturals_f64 bits = uniform_bits(start + (nnexp_uint64)i, key, &others);     \
      integers_f64 isDropped = __builtin_convertvector(bits, integers_f64) < (integers_f64)limit; \
      nnexp_int64 dropped[lanes];                                                         \
      __builtin_memcpy(dropped, &isDropped, sizeof dropped);                       \
      long here = count - i < lanes ? count - i : lanes;                           \
      if (here == lanes)                                                           \
        for (long k = 0; k < lanes; k++) mask[i + k] = dropped[k] ? 0 : kept;      \
      else                                                                         \
        for (long k = 0; k < here; k++) mask[i + k] = dropped[k] ? 0 : kept;       \
    }                                                                              \
    for (long i = 0; i < count; i++) y[i] = x[i] * mask[i];                        \
  }
DEFINE_DROPOUT(float, F32)
DEFINE_DROPOUT(double, F64)

/// y ← y + deviation·n with n = `RandomStream.normal(at:)`, by the method of Box and Muller, in float64.
#define DEFINE_NOISE(REAL, NAME)                                                   \
  static void NAME(add_noise)(                                                     \
      nnexp_uint64 key, nnexp_int64 first, double deviation, REAL *y, long count) { \
    enum { lanes = VECTOR_BYTES / 8 };                                             \
    const naturals_f64 start = positions_from(first);                              \
    for (long i = 0; i < count; i += lanes) {                                      \
      naturals_f64 others;                                                         \
      const naturals_f64 bits = uniform_bits(start + (nnexp_uint64)i, key, &others); \
      const reals_f64 u = (real_of_bits(bits) + 1) * 0x1p-53;                      \
      const reals_f64 angle = real_of_bits(others) * (0x1p-53 * 6.283185307179586); \
      const reals_f64 n = __builtin_elementwise_sqrt(-2 * log_f64(u)) * wave(angle, 1) * deviation; \
      const long here = count - i < lanes ? count - i : lanes;                     \
      if (here == lanes)                                                           \
        for (long k = 0; k < lanes; k++) y[i + k] += (REAL)n[k];                   \
      else                                                                         \
        for (long k = 0; k < here; k++) y[i + k] += (REAL)n[k];                    \
    }                                                                              \
  }
DEFINE_NOISE(float, F32)
DEFINE_NOISE(double, F64)
