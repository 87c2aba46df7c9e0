import Platform

/// Counter-based random numbers: a pure function of (seed, purpose, position).
///
/// Philox 4×32 with ten rounds. There is no hidden state: resuming a run or changing the number
/// of threads cannot change the numbers.
/// - Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as
///   easy as 1, 2, 3".
public struct RandomStream: Sendable, Hashable {
  @usableFromInline let key: UInt64

  /// Creates a stream from a key; equal keys give equal streams.
  public init(key: UInt64) { self.key = key }

  /// Creates the stream for one purpose ("initial values", "shuffle", …) and seed.
  public init(seed: UInt64, purpose: String) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    self.init(key: RandomStream.mixed(RandomStream.mixed(seed) ^ hash))
  }

  /// The substream for an epoch, node, step, ….
  public func stream(_ index: Int) -> RandomStream {
    RandomStream(
      key: RandomStream.mixed(key ^ RandomStream.mixed(UInt64(bitPattern: Int64(index)))))
  }

  /// The finalizer of SplitMix64, a bijection.
  package static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The Philox block at one position: 128 random bits.
  public func bits(at position: Int) -> SIMD4<UInt32> {
    let position = UInt64(bitPattern: Int64(position))
    var (c0, c1) = (UInt32(truncatingIfNeeded: position), UInt32(position >> 32))
    var (c2, c3) = (UInt32(0), UInt32(0))
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(key >> 32)
    // Scalar variables are three times as fast as the lanes of a vector.
    for _ in 0..<10 {
      let p0 = UInt64(c0) &* 0xD251_1F53
      let p1 = UInt64(c2) &* 0xCD9E_8D57
      (c0, c1) = (UInt32(p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1))
      (c2, c3) = (UInt32(p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0))
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// A number from the uniform distribution on [0, 1), with 53 random bits.
  public func uniform(at position: Int) -> Double {
    let b = bits(at: position)
    return Double((UInt64(b.y) << 32 | UInt64(b.x)) >> 11) * 0x1p-53
  }

  /// A number from the standard normal distribution, by the method of Box and Muller on the two
  /// halves of one block.
  public func normal(at position: Int) -> Double {
    let b = bits(at: position)
    let u = (Double((UInt64(b.y) << 32 | UInt64(b.x)) >> 11) + 1) * 0x1p-53  // (0, 1]
    let v = Double((UInt64(b.w) << 32 | UInt64(b.z)) >> 11) * 0x1p-53
    return (-2 * Platform.log(u)).squareRoot() * Platform.cos(2 * Double.pi * v)
  }

  /// An integer from the uniform distribution on 0..<limit.
  public func integer(below limit: Int, at position: Int) -> Int {
    let b = bits(at: position)
    let wide = UInt64(b.y) << 32 | UInt64(b.x)
    return Int(wide.multipliedFullWidth(by: UInt64(limit)).high)
  }

  /// A random order of 0..<count, by Fisher and Yates.
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }

  /// Shuffles in place. The number at position i decides the swap of element i.
  public func shuffle(_ order: inout [Int]) {
    var last = order.count - 1
    while last > 0 {
      order.swapAt(last, integer(below: last + 1, at: last))
      last -= 1
    }
  }
}
