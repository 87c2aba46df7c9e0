import NNExp

/// The contents of one column that have been read so far.
///
/// A text is stored in a cell as a NaN with the index of the text, so that the type of the
/// column can be decided from all cells.
struct ScannedColumn {
  /// A text and the cells that contain it.
  struct Text {
    let text: String
    var count = 1
    /// The offset of the first such cell in the file.
    let offset: Int
  }

  /// The first position of a finding, and the number of its occurrences.
  struct Finding {
    var count = 0
    var offset = 0
    var text = ""
  }

  private(set) var texts: [Text] = []
  private var codes: [ByteText: Int] = [:]

  /// Whole numbers that float64 does not represent.
  var rounded = Finding()

  var distinct = DistinctNumbers()

  // The bits of a NaN below these are free.
  private static let box: UInt64 = 0x7FFC_0000_0000_0000

  /// The cell for a text.
  mutating func cell(of text: String, at offset: Int) -> Double {
    let code: Int
    if let known = codes[ByteText(text)] {
      code = known
      texts[code].count += 1
    } else {
      code = texts.count
      codes[ByteText(text)] = code
      texts.append(Text(text: text, offset: offset))
    }
    return Double(bitPattern: ScannedColumn.box | UInt64(code))
  }

  /// The index of the text in a cell; nil if the cell is a number.
  @inline(__always)
  static func code(of cell: Double) -> Int? {
    guard cell.isNaN else { return nil }
    return Int(cell.bitPattern & ~box)
  }
}

/// Counts distinct numbers, up to `TableColumn.mostDistinct`.
struct DistinctNumbers {
  private var known: Set<UInt64> = []

  /// The most recent numbers, in the slots of a small hash table. If a column has few
  /// distinct numbers, this table already contains most of its cells.
  private var recent = InlineArray<64, UInt64>(repeating: .max)

  /// Whether the limit is not yet reached.
  private(set) var isOpen = true

  var count: Int { known.count }

  @inline(__always)
  mutating func add(_ value: Double) {
    let bits = value.bitPattern
    let place = Int(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) &>> 58)
    if recent[place] == bits { return }
    recent[place] = bits
    insert(bits)
  }

  @inline(never)
  private mutating func insert(_ bits: UInt64) {
    known.insert(bits)
    if known.count >= TableColumn.mostDistinct { isOpen = false }
  }
}
