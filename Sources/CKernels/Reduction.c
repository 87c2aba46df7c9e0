// The reduction of large angles for sin and cos.

#include "CKernels.h"

// As in Kernels.h, a·b + c rounds twice on every processor.
#pragma STDC FP_CONTRACT OFF

/// The first 1,344 bits of 2/π.
static const nnexp_uint64 two_over_pi[21] = {
  0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
  0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
  0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
  0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
  0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
  0xa9e391615ee61b08,
};

/// 64 bits of 2/π, beginning at bit `first`; bits before the first are 0.
static nnexp_uint64 bits_of_two_over_pi(long first) {
  if (first <= -64) return 0;
  if (first < 0) return two_over_pi[0] >> -first;
  long word = first / 64, shift = first % 64;
  nnexp_uint64 high = two_over_pi[word] << shift;
  return shift == 0 ? high : high | two_over_pi[word + 1] >> (64 - shift);
}

/// The lower half of a·b + carry, which has at most 128 bits; the upper half is the new carry.
/// Not every processor has integers of 128 bits.
static nnexp_uint64 multiply(nnexp_uint64 a, nnexp_uint64 b, nnexp_uint64 *carry) {
  const nnexp_uint64 half = 0xffffffff;
  nnexp_uint64 low = (a & half) * (b & half) + (*carry & half);
  nnexp_uint64 middle = (a >> 32) * (b & half) + (low >> 32);
  nnexp_uint64 other = (a & half) * (b >> 32) + (middle & half) + (*carry >> 32);
  *carry = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  return other << 32 | (low & half);
}

// x = m·2ᵉ with an integer m below 2⁵³. Bits of 2/π whose product with x is a multiple of 4 do
// not matter; the 192 bits after those give n mod 4 and r with more than 100 digits.
long nnexp_reduce_angle(double x, double *parts) {
  nnexp_uint64 bits = __builtin_bit_cast(nnexp_uint64, x);
  long exponent = (long)(bits >> 52 & 0x7ff);
  if (exponent == 0x7ff) {
    parts[0] = parts[1] = __builtin_nan("");
    return 0;
  }
  nnexp_uint64 m = (bits & (((nnexp_uint64)1 << 52) - 1)) | (nnexp_uint64)1 << 52;
  long e = exponent - 1075;
  // Bit i of 2/π counts 2^(−1−i), so that its product with 2ᵉ counts 2^(e−1−i) ≥ 4 for i ≤ e − 3.
  long first = e - 2;
  nnexp_uint64 carry = 0;
  nnexp_uint64 low = multiply(m, bits_of_two_over_pi(first + 128), &carry);
  nnexp_uint64 middle = multiply(m, bits_of_two_over_pi(first + 64), &carry);
  // The bit of weight 2 is the highest of these; the rest is the fraction of n.
  nnexp_uint64 high = multiply(m, bits_of_two_over_pi(first), &carry);
  long n = (long)(high >> 62);
  nnexp_uint64 fraction = high << 2 | middle >> 62;
  nnexp_uint64 rest = middle << 2 | low >> 62;
  int isNegative = fraction >> 63;
  if (isNegative) {
    n++;
    // 1 − fraction.
    fraction = ~fraction;
    rest = ~rest;
  }
  // The fraction times π/2, as a sum of two numbers with 32 digits each and more.
  nnexp_uint64 top = fraction & ~(nnexp_uint64)0xffffffff;
  double f1 = (double)top * 0x1p-64;
  double f2 = (double)(fraction & 0xffffffff) * 0x1p-64 + (double)rest * 0x1p-128;
  const double pi1 = 0x1.921fbp+0, pi2 = 0x1.5110b4611a626p-22, pi3 = 0x1.98a2e03707345p-77;
  double product = f1 * pi1;
  double others = f1 * pi2 + (f2 * pi1 + (f2 * pi2 + f1 * pi3));
  double r = product + others;
  double lost = (product - r) + others;
  if (isNegative) r = -r, lost = -lost;
  if (x < 0) r = -r, lost = -lost, n = -n;
  parts[0] = r;
  parts[1] = lost;
  return n & 3;
}
