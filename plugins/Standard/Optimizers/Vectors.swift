import NNExp

/// a·b, summed in float64 in a fixed order.
func dot<S: Scalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Double {
  // Four sums hide the latency of additions.
  var sums = SIMD4<Double>.zero
  let whole = a.count & ~3
  for i in stride(from: 0, to: whole, by: 4) {
    sums +=
      SIMD4(Double(a[i]), Double(a[i + 1]), Double(a[i + 2]), Double(a[i + 3]))
      * SIMD4(Double(b[i]), Double(b[i + 1]), Double(b[i + 2]), Double(b[i + 3]))
  }
  var sum = sums.sum()
  for i in whole..<a.count { sum += Double(a[i]) * Double(b[i]) }
  return sum
}

/// max |aᵢ|; NaN if there is one.
func maximumNorm<S: Scalar>(_ a: Tensor<S>) -> Double {
  var largest: S = 0
  for i in a.indices {
    let size = abs(a[i])
    if size.isNaN { return .nan }
    if size > largest { largest = size }
  }
  return Double(largest)
}

/// Σ |aᵢ|.
func sumNorm<S: Scalar>(_ a: Tensor<S>) -> Double {
  var sum = 0.0
  for i in a.indices { sum += Double(abs(a[i])) }
  return sum
}

/// a ← a + length·b.
func move<S: Scalar>(_ a: Tensor<S>, by length: Double, along b: Tensor<S>) {
  let length = S(length)
  for i in a.indices { a[i] += length * b[i] }
}
