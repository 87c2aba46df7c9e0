// Dropout's random bits: Philox 4×32 with ten rounds at consecutive positions, the numbers of
// `RandomStream.uniform(at:)`.

/// 53 random bits at each position.
INLINE naturals_f64 uniform_bits(naturals_f64 position, nnexp_uint64 key) {
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
  return (c1 << 32 | c0) >> 11;
}

/// mask ← 0 where the bits at a position are below `limit`, else `kept`; y ← x·mask.
#define DEFINE_DROPOUT(REAL, NAME)                                                 \
  static void NAME(dropout)(                                                       \
      nnexp_uint64 key, nnexp_int64 first, nnexp_int64 limit, REAL kept, const REAL *restrict x, REAL *restrict y, REAL *restrict mask, \
      long count) {                                                                \
    enum { lanes = VECTOR_BYTES / 8 };                                             \
    nnexp_int64 lane[lanes];                                                              \
    for (long i = 0; i < lanes; i++) lane[i] = i;                                  \
    naturals_f64 offsets;                                                          \
    __builtin_memcpy(&offsets, lane, sizeof offsets);                              \
    for (long i = 0; i < count; i += lanes) {                                      \
      naturals_f64 bits = uniform_bits(offsets + (nnexp_uint64)(first + i), key); \
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
