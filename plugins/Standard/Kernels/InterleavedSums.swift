import NNExp

/// The sums of two terms over 0..<count, each as eight interleaved sums that are then added in order.
///
/// The order depends only on the count, and this is up to eight times as fast as single sums.
@inline(__always)
func interleavedSums<S: Scalar>(_ count: Int, _ terms: (Int) -> (S, S)) -> (S, S) {
  var (first, second) = (SIMD8<S>(), SIMD8<S>())
  var k = 0
  while k &+ 8 <= count {
    for lane in 0..<8 {
      let (a, b) = terms(k &+ lane)
      first[lane] += a
      second[lane] += b
    }
    k &+= 8
  }
  var (a, b): (S, S) = (0, 0)
  for lane in 0..<8 {
    a += first[lane]
    b += second[lane]
  }
  while k < count {
    let (c, d) = terms(k)
    a += c
    b += d
    k &+= 1
  }
  return (a, b)
}

/// The sum of one term in the same order.
@inline(__always)
func interleavedSum<S: Scalar>(_ count: Int, _ term: (Int) -> S) -> S {
  interleavedSums(count) { (term($0), 0) }.0
}
