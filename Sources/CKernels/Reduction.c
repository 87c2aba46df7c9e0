// The reduction of large angles for sin and cos.

#include "CKernels.h"

/// The first 1,344 bits of 2/π.
static const unsigned long two_over_pi[21] = {
  0xa2f9836e4e441529ul, 0xfc2757d1f534ddc0ul, 0xdb6295993c439041ul, 0xfe5163abdebbc561ul,
  0xb7246e3a424dd2e0ul, 0x06492eea09d1921cul, 0xfe1deb1cb129a73eul, 0xe88235f52ebb4484ul,
  0xe99c7026b45f7e41ul, 0x3991d639835339f4ul, 0x9c845f8bbdf9283bul, 0x1ff897ffde05980ful,
  0xef2f118b5a0a6d1ful, 0x6d367ecf27cb09b7ul, 0x4f463f669e5fea2dul, 0x7527bac7ebe5f17bul,
  0x3d0739f78a5292eaul, 0x6bfb5fb11f8d5d08ul, 0x56033046fc7b6babul, 0xf0cfbc209af4361dul,
  0xa9e391615ee61b08ul,
};

/// 64 bits of 2/π, beginning at bit `first`; bits before the first are 0.
static unsigned long bits_of_two_over_pi(long first) {
  if (first <= -64) return 0;
  if (first < 0) return two_over_pi[0] >> -first;
  long word = first / 64, shift = first % 64;
  unsigned long high = two_over_pi[word] << shift;
  return shift == 0 ? high : high | two_over_pi[word + 1] >> (64 - shift);
}

// x = m·2ᵉ with an integer m below 2⁵³. Bits of 2/π whose product with x is a multiple of 4 do
// not matter; the 192 bits after those give n mod 4 and r with more than 100 digits.
long nnexp_reduce_angle(double x, double *parts) {
  unsigned long bits = __builtin_bit_cast(unsigned long, x);
  long exponent = (long)(bits >> 52 & 0x7ff);
  if (exponent == 0x7ff) {
    parts[0] = parts[1] = __builtin_nan("");
    return 0;
  }
  unsigned long m = (bits & ((1ul << 52) - 1)) | 1ul << 52;
  long e = exponent - 1075;
  // Bit i of 2/π counts 2^(−1−i), so that its product with 2ᵉ counts 2^(e−1−i) ≥ 4 for i ≤ e − 3.
  long first = e - 2;
  typedef unsigned __int128 wide;
  wide a = (wide)m * bits_of_two_over_pi(first + 128);
  wide b = (wide)m * bits_of_two_over_pi(first + 64) + (a >> 64);
  wide c = (wide)m * bits_of_two_over_pi(first) + (b >> 64);
  // The bit of weight 2 is the highest of these; the rest is the fraction of n.
  unsigned long high = (unsigned long)c, middle = (unsigned long)b, low = (unsigned long)a;
  long n = (long)(high >> 62);
  unsigned long fraction = high << 2 | middle >> 62;
  unsigned long rest = middle << 2 | low >> 62;
  int isNegative = fraction >> 63;
  if (isNegative) {
    n++;
    // 1 − fraction.
    fraction = ~fraction;
    rest = ~rest;
  }
  // The fraction times π/2, as a sum of two numbers with 32 digits each and more.
  unsigned long top = fraction & ~0xfffffffful;
  double f1 = (double)top * 0x1p-64;
  double f2 = (double)(fraction & 0xfffffffful) * 0x1p-64 + (double)rest * 0x1p-128;
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
