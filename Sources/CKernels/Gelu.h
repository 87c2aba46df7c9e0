// The Gaussian error linear unit and its slope, in both of its forms.
//
// No argument of an exponential is rounded: the rounding error of x²/2 alone would change
// e^(−x²/2) by up to x²/4 units in the last place.

/// A factor of e^(−x²/2) until the end: intermediate numbers are not denormal if the result is not.
#define BOOST ((REAL)((UINT)2 << MANTISSA_BITS))

/// BOOST·e^(−x²/2) for x ≥ 0.
INLINE V NAME(bell)(V x) {
  x = NAME(least)(x, BELL_HIGH);
  V upper = NAME(number)(NAME(bits)(x) & (INT)UPPER_BITS);
  V high, low;
  I k = NAME(reduce)((REAL)-0.5 * (upper * upper), &high, &low);
  V rest = (REAL)0.5 * ((x - upper) * (x + upper));
  return NAME(scale)(NAME(add_exponential)(high, low + rest, 1), k + (MANTISSA_BITS + 1));
}

/// Φ(x) = ½erfc(−x/√2), the distribution function of the normal distribution, from `bell`.
/// `tail` is BOOST·Φ(−|x|), and `isTail` set for x < −0.88: Φ(x) may be denormal there.
INLINE V NAME(normal)(V x, V bell, V *tail, I *isTail) {
  V u = NAME(magnitude)(x) * (REAL)0.70710678118654752;
  V z = u * u;
  V near = (REAL)0.5 * (u + u * (ERF_POLYNOMIAL(z)));
  V v = NAME(least)(NAME(greatest)(u, (REAL)0.6), GAUSSIAN_HIGH);
  V t = (v - ERFC_CENTER) / (v + ERFC_CENTER);
  *tail = bell * (ERFC_POLYNOMIAL(t)) / (2 + 4 * v);
  I isNear = u < (V)(REAL)0.625;
  *isTail = ~isNear & (x < 0);
  V far = 1 - *tail * (1 / BOOST);
  return isNear ? (REAL)0.5 + NAME(with_sign)(x, near) : far;
}

/// x·Φ(x); −0 for x = −∞.
INLINE V NAME(gelu)(V x) {
  V tail;
  I isTail;
  V share = NAME(normal)(x, NAME(bell)(NAME(magnitude)(x)), &tail, &isTail);
  V bounded = NAME(greatest)(x, -BELL_HIGH);
  return isTail ? bounded * tail * (1 / BOOST) : x * share;
}

/// Φ(x) + x·e^(−x²/2)/√(2π).
INLINE V NAME(gelu_slope)(V x, V y) {
  V tail;
  I isTail;
  V bell = NAME(bell)(NAME(magnitude)(x));
  V share = NAME(normal)(x, bell, &tail, &isTail);
  V bounded = NAME(least)(NAME(greatest)(x, -BELL_HIGH), BELL_HIGH);
  V bend = bounded * (bell * (REAL)0.39894228040143268);
  return isTail ? (tail + bend) * (1 / BOOST) : share + bend * (1 / BOOST);
}

/// ab − product, the rounding error of the product of a and b.
INLINE V NAME(product_error)(V a, V b, V product) {
  V aHigh = NAME(number)(NAME(bits)(a) & (INT)UPPER_BITS), aLow = a - aHigh;
  V bHigh = NAME(number)(NAME(bits)(b) & (INT)UPPER_BITS), bLow = b - bHigh;
  return ((aHigh * bHigh - product) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
}

/// σ(v) and 1 − σ(v) for v = x(k + cx²), k = √(8/π), c = 0.044715k, |x| ≤ `TANH_FORM_HIGH`.
struct NAME(gelu_shares) {
  /// The larger of σ(v) and 1 − σ(v); and BOOST times the smaller, which may be denormal.
  V larger, smaller;
  /// k + 3cx², the derivative of v.
  V rate;
};
INLINE struct NAME(gelu_shares) NAME(gelu_shares_of)(V x) {
  V square = x * x;
  V bend = (REAL)GELU_C * square;
  V bendLow = NAME(product_error)((V)(REAL)GELU_C, square, bend)
      + (REAL)GELU_C * NAME(product_error)(x, x, square) + (REAL)GELU_C_LOW * square;
  V sum = (REAL)GELU_K + bend;
  V part = sum - (REAL)GELU_K;
  V sumLow = (((REAL)GELU_K - (sum - part)) + (bend - part)) + ((REAL)GELU_K_LOW + bendLow);
  V v = x * sum;
  V low = NAME(product_error)(x, sum, v) + x * sumLow;
  V high, rest;
  I k = NAME(reduce)(NAME(greatest)(-NAME(magnitude)(v), EXP_LOW - 40), &high, &rest);
  V power = NAME(add_exponential)(high, rest, 1);
  V e = NAME(scale)(power, k + (MANTISSA_BITS + 1));
  V inverse = 1 + e * (1 / BOOST);
  V far = 1 / inverse, near = e / inverse;
  // The change of the smaller share by the digits of v that are lost.
  V shift = near * far * (v < 0 ? low : -low);
  return (struct NAME(gelu_shares)){
    .larger = far - shift * (1 / BOOST), .smaller = near + shift, .rate = (REAL)GELU_K + 3 * bend};
}

/// ½x(1 + tanh u) = x·σ(2u), u = √(2/π)(x + 0.044715x³); −0 for x = −∞.
INLINE V NAME(gelu_tanh)(V x) {
  V bounded = NAME(least)(NAME(greatest)(x, -TANH_FORM_HIGH), TANH_FORM_HIGH);
  struct NAME(gelu_shares) shares = NAME(gelu_shares_of)(bounded);
  return x < 0 ? bounded * shares.smaller * (1 / BOOST) : x * shares.larger;
}

/// s + x·s(1 − s)·2u′, s = σ(2u).
INLINE V NAME(gelu_tanh_slope)(V x, V y) {
  V bounded = NAME(least)(NAME(greatest)(x, -TANH_FORM_HIGH), TANH_FORM_HIGH);
  struct NAME(gelu_shares) shares = NAME(gelu_shares_of)(bounded);
  V bend = bounded * (shares.larger * shares.smaller) * shares.rate;
  return x < 0 ? (shares.smaller + bend) * (1 / BOOST) : shares.larger + bend * (1 / BOOST);
}
