import NNExp

/// The most weights for which a matrix product may not be worth its preparation.
let mostTinyWeights = 256

/// The map y = W x + b for every sample of a batch, and its gradients.
///
/// Uses matrix products. If setting these up would take longer than the arithmetic, it uses
/// loops that give the same sums in the same order.
struct AffineMap<S: Scalar> {
  let units: Int
  let inputs: Int
  private let weight: UnsafeMutablePointer<S>
  private let bias: UnsafeMutablePointer<S>?

  /// - Parameter tensors: W `[units, inputs]` and, with a bias, b `[units]`; or their
  ///   gradients.
  @inline(__always)
  init(_ tensors: Tensors<S>, hasBias: Bool) {
    units = tensors[0].shape[0]
    inputs = tensors[0].shape[1]
    weight = tensors[0].start
    bias = hasBias ? tensors[1].start : nil
  }

  private var matrix: Matrix<S> { Matrix(start: weight, rows: units, columns: inputs) }

  /// y ← W x + b.
  @inline(__always)
  func forward(_ x: Tensor<S>, into y: Tensor<S>, samples: Int) {
    if isTiny(samples) { return forwardTiny(x.start, y.start, samples) }
    if let bias {
      for s in 0..<samples { (y.start + s * units).update(from: bias, count: units) }
    }
    multiply(
      x.matrix(rows: samples, columns: inputs), matrix.transposed,
      into: y.matrix(rows: samples, columns: units), accumulating: bias != nil)
  }

  /// ∂W += ∂y xᵀ, ∂b += ∂y, and ∂x += Wᵀ ∂y if `dx` is needed; = in place of += if stored.
  ///
  /// - Precondition: only more than `mostTinyWeights` weights are stored.
  @inline(__always)
  func backward(
    _ dy: Tensor<S>, _ x: Tensor<S>, to gradient: AffineMap, _ dx: Tensor<S>,
    isWanted: Bool, stores: Bool = false, storesInputGradient: Bool = false, samples: Int
  ) {
    if isTiny(samples) {
      return backwardTiny(dy.start, x.start, gradient, dx.start, isWanted, samples)
    }
    let slopes = dy.matrix(rows: samples, columns: units)
    multiply(
      slopes.transposed, x.matrix(rows: samples, columns: inputs), into: gradient.matrix,
      accumulating: !stores)
    if let db = gradient.bias {
      if stores { db.update(repeating: 0, count: units) }
      for s in 0..<samples {
        let row = dy.start + s &* units
        for i in 0..<units { db[i] += row[i] }
      }
    }
    if isWanted {
      multiply(
        slopes, matrix, into: dx.matrix(rows: samples, columns: inputs),
        accumulating: !storesInputGradient)
    }
  }
}

extension AffineMap<Double> {
  /// Computes y only for unit i, in eight interleaved sums.
  func forward(_ x: Tensor<Double>, into y: Tensor<Double>, samples: Int, unit i: Int) {
    let row = weight + i * inputs
    for s in 0..<samples {
      let x = x.start + s &* inputs
      var lanes = SIMD8<Double>(repeating: 0)
      var j = 0
      while j &+ 8 <= inputs {
        lanes +=
          UnsafeRawPointer(row + j).loadUnaligned(as: SIMD8<Double>.self)
          * UnsafeRawPointer(x + j).loadUnaligned(as: SIMD8<Double>.self)
        j &+= 8
      }
      var sum = lanes.sum() + (bias?[i] ?? 0)
      while j < inputs {
        sum += row[j] * x[j]
        j &+= 1
      }
      y.start[s &* units &+ i] = sum
    }
  }
}

extension AffineMap {
  /// True if setting up a matrix product would take longer than its arithmetic.
  @inline(__always)
  private func isTiny(_ samples: Int) -> Bool { units &* inputs &* samples <= mostTinyWeights }

  // In each small case, the number of inputs is a constant, so that the inner loops are
  // unrolled.

  @inline(__always)
  private func forwardTiny(
    _ x: UnsafeMutablePointer<S>, _ y: UnsafeMutablePointer<S>, _ samples: Int
  ) {
    switch inputs {
    case 1: forwardRows(x, y, samples, 1)
    case 2: forwardRows(x, y, samples, 2)
    case 3: forwardRows(x, y, samples, 3)
    case 4: forwardRows(x, y, samples, 4)
    default: forwardRows(x, y, samples, inputs)
    }
  }

  /// Computes unit by unit, so that the unit's weights stay in registers.
  @inline(__always)
  private func forwardRows(
    _ firstX: UnsafeMutablePointer<S>, _ firstY: UnsafeMutablePointer<S>, _ samples: Int,
    _ count: Int
  ) {
    var row = weight
    var i = 0
    while i < units {
      let bias: S = self.bias?[i] ?? 0
      var (x, y) = (firstX, firstY + i)
      var s = samples
      while s > 0 {
        var sum = bias
        var j = 0
        while j < count {
          sum += row[j] * x[j]
          j &+= 1
        }
        y.pointee = sum
        x += count
        y += units
        s &-= 1
      }
      row += count
      i &+= 1
    }
  }

  @inline(__always)
  private func backwardTiny(
    _ dy: UnsafeMutablePointer<S>, _ x: UnsafeMutablePointer<S>, _ gradient: AffineMap,
    _ dx: UnsafeMutablePointer<S>, _ isWanted: Bool, _ samples: Int
  ) {
    switch inputs {
    case 1: backwardRows(dy, x, gradient, dx, isWanted, samples, 1, of: 1)
    case 2: backwardRows(dy, x, gradient, dx, isWanted, samples, 2, of: 2)
    case 3: backwardRows(dy, x, gradient, dx, isWanted, samples, 3, of: 3)
    case 4: backwardRows(dy, x, gradient, dx, isWanted, samples, 4, of: 4)
    default:
      var first = 0
      while inputs &- first > 4 {
        backwardRows(dy, x, gradient, dx, isWanted, samples, 4, from: first, of: inputs)
        first &+= 4
      }
      switch inputs &- first {
      case 1: backwardRows(dy, x, gradient, dx, isWanted, samples, 1, from: first, of: inputs)
      case 2: backwardRows(dy, x, gradient, dx, isWanted, samples, 2, from: first, of: inputs)
      case 3: backwardRows(dy, x, gradient, dx, isWanted, samples, 3, from: first, of: inputs)
      default: backwardRows(dy, x, gradient, dx, isWanted, samples, 4, from: first, of: inputs)
      }
    }
  }

  /// As above; the sums over the batch stay in registers too.
  ///
  /// - Parameters:
  ///   - width: the number of inputs, at most 4.
  ///   - first: the index of the first input.
  ///   - count: the number of all inputs.
  @inline(__always)
  private func backwardRows(
    _ firstDy: UnsafeMutablePointer<S>, _ firstX: UnsafeMutablePointer<S>,
    _ gradient: AffineMap, _ firstDx: UnsafeMutablePointer<S>, _ isWanted: Bool,
    _ samples: Int, _ width: Int, from first: Int = 0, of count: Int
  ) {
    let db = first == 0 ? gradient.bias : nil
    var w = weight + first
    var dw = gradient.weight + first
    var i = 0
    while i < units {
      var row = InlineArray<4, S>(repeating: 0)
      var sums = row
      var sum: S = 0
      var j = 0
      while j < width {
        row[j] = w[j]
        j &+= 1
      }
      var (x, dx, dy) = (firstX + first, firstDx + first, firstDy + i)
      var s = samples
      // Two loops: a condition inside a single loop costs 2% of a step of XOR.
      if isWanted {
        while s > 0 {
          let d = dy.pointee
          sum += d
          j = 0
          while j < width {
            sums[j] += d * x[j]
            j &+= 1
          }
          j = 0
          while j < width {
            dx[j] += d * row[j]
            j &+= 1
          }
          x += count
          dx += count
          dy += units
          s &-= 1
        }
      } else {
        while s > 0 {
          let d = dy.pointee
          sum += d
          j = 0
          while j < width {
            sums[j] += d * x[j]
            j &+= 1
          }
          x += count
          dy += units
          s &-= 1
        }
      }
      if let db { db[i] += sum }
      j = 0
      while j < width {
        dw[j] += sums[j]
        j &+= 1
      }
      w += count
      dw += count
      i &+= 1
    }
  }
}
