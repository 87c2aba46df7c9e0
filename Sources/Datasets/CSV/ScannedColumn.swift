import NNExp

/// The contents of one column, as far as they have been read.
///
/// A text is held in a cell as a NaN that carries its number, so that the type of the
/// column can be decided from all cells.
struct ScannedColumn {
  /// A text and its cells.
  struct Text {
    let text: String
    var count = 1
    /// Of the first cell, in the file.
    let offset: Int
  }

  /// The first position of a finding, and its count.
  struct Finding {
    var count = 0
    var offset = 0
    var text = ""
  }

  private(set) var texts: [Text] = []
  private var codes: [ByteText: Int] = [:]

  /// Whole numbers that no float64 holds.
  var rounded = Finding()

  var distinct = DistinctNumbers()

  // Of a NaN, the bits below these are free.
  private static let box: UInt64 = 0x7FFC_0000_0000_0000

  /// The cell of a text.
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

  /// The number of the text that a cell holds; nil for a number.
  @inline(__always)
  static func code(of cell: Double) -> Int? {
    guard cell.isNaN else { return nil }
    return Int(cell.bitPattern & ~box)
  }
}

/// Counts different numbers, up to `TableColumn.mostDistinct`.
struct DistinctNumbers {
  private var known: Set<UInt64> = []

  /// The numbers seen last, by some of their bits: of few different numbers, most are
  /// found here.
  private var recent = InlineArray<64, UInt64>(repeating: .max)

  /// Whether there may be more.
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
