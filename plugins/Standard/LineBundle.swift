import NNExp

/// A batch as lines along one axis: one line per position and sample.
struct Lines {
  /// The number of entries in a line, and the distance between them in elements.
  private let length: Int
  private let step: Int
  /// The lines of a sample.
  private let perSample: Int

  /// Throws if the shape does not have the axis.
  static func check(_ shape: Shape, axis: Int) throws {
    guard axis < max(1, shape.rank) else {
      throw Diagnostic("the input \(shape) has no axis \(axis)")
    }
  }

  static func remark(_ shape: Shape, axis: Int) -> String {
    if shape.rank <= 1 { return "" }
    return axis == 0
      ? "The sums run over the channels, separately for each position."
      : "The sums run over axis \(axis), separately for each position of the others."
  }

  init(_ shape: Shape, axis: Int) {
    length = shape[axis]
    var step = 1
    for k in (axis + 1)..<max(axis + 1, shape.rank) { step &*= shape[k] }
    self.step = step
    perSample = shape.count / max(1, length)
  }

  /// Calls `body` for bundles of up to eight lines that together cover the batch.
  @inline(__always)
  func forEachBundle(samples: Int, _ body: (LineBundle) -> Void) {
    let lines = samples &* perSample
    // Adjacent lines: one after the other, or side by side.
    let group = step == 1 ? lines : step
    let distance = step == 1 ? length : 1
    var first = 0
    var line = 0
    while line < lines {
      var k = 0
      while k < group {
        body(
          LineBundle(
            first: first &+ k &* distance, length: length, step: step,
            lines: min(8, group &- k), distance: distance))
        k &+= 8
      }
      line &+= group
      first &+= group &* length
    }
  }
}

/// Up to eight lines that are computed at once, one in each lane of a vector. Unused lanes repeat the
/// last line.
struct LineBundle {
  fileprivate let first: Int
  let length: Int
  fileprivate let step: Int
  fileprivate let lines: Int
  /// The distance between the starts of two lines.
  fileprivate let distance: Int

  /// The `k`th entries of the lines.
  @inline(__always)
  func load<S: Scalar>(_ x: Tensor<S>, at k: Int) -> SIMD8<S> {
    let p = x.start + (first &+ k &* step)
    if lines == 8 {
      if distance == 1 { return UnsafeRawPointer(p).loadUnaligned(as: SIMD8<S>.self) }
      let d = distance
      return SIMD8(
        p[0], p[d], p[2 &* d], p[3 &* d], p[4 &* d], p[5 &* d], p[6 &* d], p[7 &* d])
    }
    var entries = SIMD8(repeating: p[(lines &- 1) &* distance])
    for lane in 0..<lines { entries[lane] = p[lane &* distance] }
    return entries
  }

  @inline(__always)
  func store<S: Scalar>(_ entries: SIMD8<S>, at k: Int, of x: Tensor<S>) {
    let p = x.start + (first &+ k &* step)
    if lines == 8 && distance == 1 {
      UnsafeMutableRawPointer(p).storeBytes(of: entries, as: SIMD8<S>.self)
    } else {
      for lane in 0..<lines { p[lane &* distance] = entries[lane] }
    }
  }

  /// The largest entry of each line; NaN if there is one.
  @inline(__always)
  func largest<S: Scalar>(_ x: Tensor<S>) -> SIMD8<S> {
    var m = load(x, at: 0)
    for k in 1..<max(1, length) {
      let entries = load(x, at: k)
      m.replace(with: entries, where: exceeds(entries, m))
    }
    return m
  }

  /// The entry of `x` at the position of the largest entry of `key`, the first of equal ones.
  @inline(__always)
  func value<S: Scalar>(of x: Tensor<S>, atLargest key: Tensor<S>) -> SIMD8<S> {
    var m = load(key, at: 0)
    var found = load(x, at: 0)
    for k in 1..<max(1, length) {
      let entries = load(key, at: k)
      let isLarger = exceeds(entries, m)
      m.replace(with: entries, where: isLarger)
      found.replace(with: load(x, at: k), where: isLarger)
    }
    return found
  }

  /// Calls `body` with e^(x − m) of the `k`th entries, for k = 0, 1, ….
  ///
  /// The powers of the rounded differences are wrong by up to |x − m|/2 units in the last place and
  /// are corrected.
  @inline(__always)
  func forEachPower<S: Scalar>(
    of x: Tensor<S>, less m: SIMD8<S>, _ body: (Int, SIMD8<S>) -> Void
  ) {
    inBlocks(of: length, numbersEach: 8) { (block, room: Tensor<S>) in
      let powers = UnsafeMutableRawPointer(room.start)
      let size = MemoryLayout<SIMD8<S>>.stride
      for k in block {
        let difference = load(x, at: k) - m
        powers.storeBytes(
          of: difference, toByteOffset: (k &- block.lowerBound) &* size, as: SIMD8<S>.self)
      }
      map(.exp, room, into: room)
      for k in block {
        let entries = load(x, at: k)
        let difference = entries - m
        let part = entries - difference
        let lost = (entries - (difference + part)) + (part - m)
        let power = powers.loadUnaligned(
          fromByteOffset: (k &- block.lowerBound) &* size, as: SIMD8<S>.self)
        body(k, power.replacing(with: power + power * lost, where: power .> 0))
      }
    }
  }

  /// Finds the largest entries, whose values are m.
  func top<S: Scalar>(_ m: SIMD8<S>) -> Top<S> { Top(m: m) }

  /// Finds the largest entry of each line, the first of equal ones.
  struct Top<S: Scalar> {
    private let m: SIMD8<S>
    private var isFound = SIMDMask<SIMD8<S>.MaskStorage>(repeating: false)

    fileprivate init(m: SIMD8<S>) { self.m = m }

    /// True for the lines whose next entry is the largest.
    @inline(__always)
    mutating func isNext(_ entries: SIMD8<S>) -> SIMDMask<SIMD8<S>.MaskStorage> {
      let isTop = (entries .== m) .& .!isFound
      isFound = isFound .| isTop
      return isTop
    }
  }
}

/// True if the entries are larger than `m`, or NaN and `m` is not.
@inline(__always)
private func exceeds<S: Scalar>(
  _ entries: SIMD8<S>, _ m: SIMD8<S>
) -> SIMDMask<SIMD8<S>.MaskStorage> {
  .!(entries .<= m) .& (m .== m)
}

/// The function of each of eight numbers.
@inline(__always)
func eight<S: Scalar>(_ f: ElementwiseFunction, _ x: SIMD8<S>) -> SIMD8<S> {
  var y = x
  withUnsafeMutableBytes(of: &y) { bytes in
    let tensor = Tensor(
      start: bytes.baseAddress!.assumingMemoryBound(to: S.self), count: 8, shape: Shape(count: 8))
    map(f, tensor, into: tensor)
  }
  return y
}
