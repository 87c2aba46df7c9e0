import NNExp
import Platform

/// Rows of numbers in blocks of equally many rows.
struct CellBlocks: Sendable {
  /// The number of cells per row.
  let width: Int

  /// The number of rows.
  private(set) var count = 0

  private var blocks: [[Double]] = []

  /// The binary logarithm of the number of rows per block.
  private let shift: Int

  /// The maximum size of a block of several rows. The allocator returns blocks of this size to the
  /// system when they are freed.
  private static let mostBytesPerBlock = 1 << 23

  init(width: Int) {
    self.width = width
    let rows = CellBlocks.mostBytesPerBlock / MemoryLayout<Double>.stride / max(1, width)
    shift = max(1, rows).bitWidth - 1 - max(1, rows).leadingZeroBitCount
  }

  /// Cells in one block.
  init(_ cells: [Double], width: Int, count: Int) {
    (self.width, self.count) = (width, count)
    blocks = [cells]
    shift = Int.bitWidth - 2
  }

  /// Appends whole rows.
  mutating func append(_ cells: [Double], rows: Int) {
    count += rows
    let capacity = width << shift
    var start = 0
    while start < cells.count {
      if (blocks.last?.count ?? capacity) == capacity {
        blocks.append(Array(onLargePages: capacity))
      }
      let last = blocks.count - 1
      let end = min(cells.count, start + capacity - blocks[last].count)
      blocks[last] += cells[start..<end]
      start = end
    }
  }

  /// The block that contains a row, and the index of the row's first cell there.
  @inline(__always)
  func row(_ row: Int) -> (cells: [Double], start: Int) {
    let block = row &>> shift
    return (blocks[block], (row &- block &<< shift) &* width)
  }

  @inline(__always)
  subscript(row: Int, column: Int) -> Double {
    get {
      let block = row &>> shift
      return blocks[block][(row &- block &<< shift) &* width &+ column]
    }
    set {
      let block = row &>> shift
      blocks[block][(row &- block &<< shift) &* width &+ column] = newValue
    }
  }

  /// The size of the largest block.
  var bytesPerBlock: Int { (blocks.first?.count ?? 0) * MemoryLayout<Double>.stride }

  /// Frees the blocks that contain only rows before `row`.
  mutating func release(before row: Int) {
    for index in blocks.indices.prefix(row &>> shift) where !blocks[index].isEmpty {
      blocks[index] = []
    }
  }
}

/// The block of the table that was read last. A row of the same block is found without counting
/// references, which took a tenth of the time of reading a table.
struct BlockCursor {
  fileprivate(set) var cells: [Double] = []
  private var first = 0
  private var end = 0
  private var width = 0

  /// The index of the first cell of a row in `cells`; nil if the row is in another block.
  @inline(__always)
  func start(of row: Int) -> Int? {
    row >= first && row < end ? (row &- first) &* width : nil
  }

  /// Moves to the block of a row. Returns the index of the row's first cell.
  @inline(never)
  mutating func move(to row: Int, in table: CellTable) -> Int {
    let start: Int
    (cells, start) = table.blocks.row(row)
    width = table.blocks.width
    first = row - start / max(1, width)
    end = first + cells.count / max(1, width)
    return start
  }
}

/// The numbers of a table, which the columns of all its ports share.
///
/// The numbers do not change. Loading, which is the only owner of a table of one run, releases the
/// rows that it has converted, on one thread and before anything else reads the table.
final class CellTable: @unchecked Sendable {
  @exclusivity(unchecked) private(set) var blocks: CellBlocks

  init(_ blocks: CellBlocks) { self.blocks = blocks }

  var bytes: Int { blocks.count * blocks.width * MemoryLayout<Double>.stride }

  /// Frees the memory of the rows before `row`, which must not be read again.
  func release(before row: Int) { blocks.release(before: row) }
}
