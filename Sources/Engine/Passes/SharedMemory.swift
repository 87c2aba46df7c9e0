import NNExp

/// Tensors in one block of memory. Two tensors may overlap if no tick needs both.
///
/// The tensors are placed in the order of their sizes, each at the lowest address at which it
/// overlaps none that is needed at the same time.
///
/// - Source: Pisarchyk, Lee 2020, "Efficient memory management for deep neural net inference"
///   ("greedy by size")
struct SharedMemory {
  private let scalarSize: Int
  private let overlaps: Bool
  /// The sizes and, if tensors overlap, the lifetimes.
  private var tensors: [(count: Int, lifetime: Lifetime)] = []

  /// - Parameter overlaps: false if each tensor has its own memory.
  init(scalarSize: Int, overlaps: Bool) {
    self.scalarSize = scalarSize
    self.overlaps = overlaps
  }

  /// A tensor of `copies` times `count` elements. Returns its number.
  mutating func add(
    _ count: Int, copies: Int = 1, _ lifetime: @autoclosure () -> Lifetime
  ) -> Int {
    tensors.append((saturatingProduct(count, copies), overlaps ? lifetime() : Lifetime(0...0)))
    return tensors.count - 1
  }

  /// The region of each tensor in a block that is added to a layout.
  func regions(in layout: inout Layout) -> [Layout.Region] {
    let total = tensors.reduce(0) { saturatingSum($0, $1.count) }
    guard overlaps, total < .max / 2 else { return tensors.map { layout.add($0.count) } }
    let (starts, count) = placed()
    let block = layout.add(count)
    return zip(tensors, starts).map {
      Layout.Region(first: saturatingSum(block.first, $1), count: $0.count)
    }
  }

  private func placed() -> (starts: [Int], count: Int) {
    let line = 64 / scalarSize
    let order = tensors.indices.sorted {
      (-tensors[$0].count, $0) < (-tensors[$1].count, $1)
    }
    var starts = tensors.map { _ in 0 }
    /// The tensors that have an address, by ascending address.
    var placed: [(start: Int, end: Int, lifetime: Lifetime)] = []
    var count = 0
    for index in order {
      let (size, lifetime) = tensors[index]
      if size == 0 { break }
      var start = 0
      for other in placed where other.end > start && other.lifetime.overlaps(lifetime) {
        if other.start >= start + size { break }
        start = other.end
      }
      starts[index] = start
      let end = (start + size + line - 1) / line * line
      placed.insert(
        (start, end, lifetime), at: placed.firstIndex { $0.start > start } ?? placed.count)
      count = max(count, end)
    }
    return (starts, count)
  }
}
