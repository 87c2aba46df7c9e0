import NNExp

/// The division of one block of memory into regions, settled before the block is
/// allocated.
///
/// Each region begins on a cache line. One layout gives the size of the block, its
/// division, and the forecast of both. Sizes are in elements; beyond what `Int`
/// counts they are `Int.max`.
struct Layout {
  /// Some consecutive elements of the block.
  struct Region {
    let first: Int
    let count: Int
    var end: Int { first + count }
  }

  let scalarSize: Int

  /// Elements of the whole block.
  private(set) var count = 0

  init(scalarSize: Int) { self.scalarSize = scalarSize }

  /// The next region, of `copies` times `count` elements.
  mutating func add(_ count: Int, copies: Int = 1) -> Region {
    let line = 64 / scalarSize
    let first = self.count == .max ? .max : saturatingSum(self.count, line - 1) / line * line
    let region = Region(first: first, count: saturatingProduct(count, copies))
    self.count = saturatingSum(first, region.count)
    return region
  }

  /// The bytes of the whole block.
  var bytes: Int { saturatingProduct(count, scalarSize) }
}
