import NNExp

/// The division of a block of memory into regions, computed before the block is allocated.
///
/// Each region begins on a cache line. The same layout gives the size of the block, its regions
/// and the memory forecast. Sizes are in elements; `Int.max` if they overflow.
struct Layout {
  /// Consecutive elements of the block.
  struct Region {
    let first: Int
    let count: Int
    var end: Int { first + count }

    /// The parts that are in none of these regions, which lie in it.
    func without(_ regions: [Region]) -> [Region] {
      var (parts, start) = ([Region](), first)
      for region in regions.sorted(by: { $0.first < $1.first }) {
        if region.first > start {
          parts.append(Region(first: start, count: region.first - start))
        }
        start = saturatingSum(region.first, region.count)
      }
      let end = saturatingSum(first, count)
      if start < end { parts.append(Region(first: start, count: end - start)) }
      return parts
    }
  }

  let scalarSize: Int

  /// The number of elements of the whole block.
  private(set) var count = 0

  init(scalarSize: Int) { self.scalarSize = scalarSize }

  /// Adds a region of `copies` times `count` elements.
  mutating func add(_ count: Int, copies: Int = 1) -> Region {
    let line = 64 / scalarSize
    let first = self.count == .max ? .max : saturatingSum(self.count, line - 1) / line * line
    let region = Region(first: first, count: saturatingProduct(count, copies))
    self.count = saturatingSum(first, region.count)
    return region
  }

  /// The size of the whole block in bytes.
  var bytes: Int { saturatingProduct(count, scalarSize) }
}
