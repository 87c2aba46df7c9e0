import NNExp

/// The contents of one column that have been read so far.
///
/// A text is stored in a cell as a NaN with the index of the text, so that the type of the
/// column can be decided from all cells.
struct ScannedColumn {
  /// A text and the cells that contain it.
  struct Text {
    let text: String
    var count: Int
    /// The offset of the first such cell in the file.
    let offset: Int
  }

  /// The first position of a finding, and the number of its occurrences.
  struct Finding {
    private(set) var count = 0
    private(set) var offset = 0
    private(set) var text = ""

    mutating func add(_ text: String, at offset: Int, count: Int = 1) {
      if self.count == 0 { (self.offset, self.text) = (offset, text) }
      self.count += count
    }
  }

  private(set) var texts: [Text] = []
  private var codes: [ByteText: Int] = [:]

  /// Whole numbers that float64 does not represent.
  var rounded = Finding()

  var distinct = DistinctNumbers()

  // The bits of a NaN below these are free.
  private static let box: UInt64 = 0x7FFC_0000_0000_0000

  /// The cell for a text.
  mutating func cell(of text: String, at offset: Int, count: Int = 1) -> Double {
    let code: Int
    if let known = codes[ByteText(text)] {
      code = known
      texts[code].count += count
    } else {
      code = texts.count
      codes[ByteText(text)] = code
      texts.append(Text(text: text, count: count, offset: offset))
    }
    return Double(bitPattern: ScannedColumn.box | UInt64(code))
  }

  /// Appends the contents of the same column in a later part of the file.
  ///
  /// - Returns: for each text of the part, its cell in this column.
  mutating func append(_ part: ScannedColumn) -> [Double] {
    let rounded = part.rounded
    if rounded.count > 0 {
      self.rounded.add(rounded.text, at: rounded.offset, count: rounded.count)
    }
    return part.texts.map { cell(of: $0.text, at: $0.offset, count: $0.count) }
  }

  /// The index of the text in a cell; nil if the cell is a number.
  @inline(__always)
  static func code(of cell: Double) -> Int? {
    guard cell.isNaN else { return nil }
    return Int(cell.bitPattern & ~box)
  }
}

/// Counts distinct numbers, up to `TableColumn.mostDistinct`.
///
/// A table of bit patterns with linear probing, at most a quarter of it in use: most numbers
/// that are known are found at the first place.
struct DistinctNumbers {
  private var places = [UInt64](repeating: free, count: 64)

  /// The number of high bits of a hash that are not a place.
  private var shift: UInt64 = 58
  private(set) var count = 0

  /// Whether the limit is not yet reached.
  private(set) var isOpen = true

  /// The bits of a NaN, which is never added.
  private static let free = UInt64.max

  @inline(__always)
  private func place(of bits: UInt64) -> Int {
    Int(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) &>> shift)
  }

  @inline(__always)
  mutating func add(_ value: Double) {
    let bits = value.bitPattern
    if places[place(of: bits)] != bits { insert(bits) }
  }

  @inline(never)
  private mutating func insert(_ bits: UInt64) {
    if !isOpen { return }
    guard put(bits) else { return }
    count += 1
    if count >= TableColumn.mostDistinct {
      close()
    } else if count * 4 > places.count {
      let known = places
      places = Array(repeating: DistinctNumbers.free, count: 2 * known.count)
      shift -= 1
      for bits in known where bits != DistinctNumbers.free { _ = put(bits) }
    }
  }

  /// Frees the memory; numbers that are added from now on are not counted.
  mutating func close() {
    isOpen = false
    (places, shift) = (DistinctNumbers().places, DistinctNumbers().shift)
  }

  /// Puts a number at the first free place. Returns false if it is there already.
  private mutating func put(_ bits: UInt64) -> Bool {
    var place = place(of: bits)
    while places[place] != DistinctNumbers.free {
      if places[place] == bits { return false }
      place = (place + 1) & (places.count - 1)
    }
    places[place] = bits
    return true
  }
}
