import NNExp

/// Copies between a tensor and a register with a row per entry of a window, by a table of the
/// positions of one channel's windows. For short rows of windows, and for three dimensions; see
/// ``WindowRows`` for long rows.
struct WindowTable<S: Scalar> {
  /// The positions of each window's entries in the channel, window by window; −1 for the entries
  /// that a window lacks, which come last.
  private let positions: UnsafeMutablePointer<Int32>
  /// The windows of a channel, and the numbers of a channel of x.
  private let windows: Int
  private let plane: Int
  private let entries: Int
  /// The distance from a row of the register to the next.
  private let width: Int
  /// True if some windows lack entries.
  private let isMasked: Bool

  /// The numbers of memory that the table needs; 0 if it is not used.
  static func room(_ pooling: Pooling, from input: Shape, to output: Shape) -> Int {
    guard isUsed(input, output) else { return 0 }
    return Shape([channelCount(output), pooling.mostEntries(over: input)]).count
  }

  /// True in three dimensions, and if there are too few windows in a row to copy them together.
  private static func isUsed(_ input: Shape, _ output: Shape) -> Bool {
    output.rank == 4
      || output[output.rank - 1] < 16 && channelCount(input) <= Int(Int32.max)
  }

  /// The numbers of a channel.
  private static func channelCount(_ shape: Shape) -> Int {
    switch shape.rank {
    case 1: shape[0]
    case 2: shape[1]
    case 3: shape[1].times(shape[2])
    default: shape[1].times(shape[2]).times(shape[3])
    }
  }

  /// Nil if the table is not used.
  ///
  /// - Parameter memory: `room` numbers.
  init?(
    _ pooling: Pooling, from input: Shape, to output: Shape, width: Int,
    memory: (Int) -> UnsafeMutablePointer<S>
  ) {
    guard WindowTable.isUsed(input, output) else { return nil }
    (windows, plane) = (WindowTable.channelCount(output), WindowTable.channelCount(input))
    entries = pooling.mostEntries(over: input)
    self.width = width
    let room = UnsafeMutableRawPointer(memory(windows * entries))
    positions = room.bindMemory(to: Int32.self, capacity: windows * entries)
    var isMasked = false
    var next = positions
    let entries = entries
    pooling.forEachWindow(from: input, to: output) { patch in
      patch.forEach { position in
        next.pointee = Int32(truncatingIfNeeded: position)
        next += 1
      }
      for _ in 0..<(entries &- patch.count) {
        isMasked = true
        next.pointee = -1
        next += 1
      }
    }
    self.isMasked = isMasked
  }

  /// Copies the entries of windows to the rows of `block`; see `WindowRows.gather`.
  func gather(
    _ numbers: UnsafeMutablePointer<S>, _ range: Range<Int>,
    into block: UnsafeMutablePointer<S>?, valid: UnsafeMutablePointer<S>?,
    counts: UnsafeMutablePointer<S>?
  ) {
    if let block {
      switch isMasked ? 0 : entries {
      case 2: copy(numbers, range, to: block, entries: 2)
      case 4: copy(numbers, range, to: block, entries: 4)
      case 9: copy(numbers, range, to: block, entries: 9)
      default: copy(numbers, range, to: block, entries: entries)
      }
    }
    guard isMasked else {
      counts?.update(repeating: S(entries), count: range.count)
      guard let valid else { return }
      for e in 0..<entries { (valid + e &* width).update(repeating: 1, count: range.count) }
      return
    }
    var window = range.lowerBound % windows
    for c in 0..<range.count {
      let entry = positions + window &* entries
      var count = 0
      for e in 0..<entries {
        let isHere = entry[e] >= 0
        count &+= isHere ? 1 : 0
        valid?[e &* width &+ c] = isHere ? 1 : 0
      }
      counts?[c] = S(count)
      window = window &+ 1 == windows ? 0 : window &+ 1
    }
  }

  @inline(__always)
  private func copy(
    _ numbers: UnsafeMutablePointer<S>, _ range: Range<Int>, to block: UnsafeMutablePointer<S>,
    entries count: Int
  ) {
    let (plane, first) = range.lowerBound.quotientAndRemainder(dividingBy: windows)
    var window = first
    var x = numbers + plane &* self.plane
    for c in 0..<range.count {
      let entry = positions + window &* count
      let target = block + c
      for e in 0..<count {
        let position = Int(entry[e])
        target[e &* width] = isMasked && position < 0 ? 0 : x[position]
      }
      window &+= 1
      if window == windows {
        window = 0
        x += self.plane
      }
    }
  }

  /// Adds the rows of `block` to the entries of windows, window by window.
  func scatter(
    _ block: UnsafeMutablePointer<S>, _ range: Range<Int>, to numbers: UnsafeMutablePointer<S>
  ) {
    switch isMasked ? 0 : entries {
    case 2: add(block, range, to: numbers, entries: 2)
    case 4: add(block, range, to: numbers, entries: 4)
    case 9: add(block, range, to: numbers, entries: 9)
    default: add(block, range, to: numbers, entries: entries)
    }
  }

  @inline(__always)
  private func add(
    _ block: UnsafeMutablePointer<S>, _ range: Range<Int>, to numbers: UnsafeMutablePointer<S>,
    entries count: Int
  ) {
    let (plane, first) = range.lowerBound.quotientAndRemainder(dividingBy: windows)
    var window = first
    var x = numbers + plane &* self.plane
    for c in 0..<range.count {
      let entry = positions + window &* count
      let source = block + c
      for e in 0..<count {
        let position = Int(entry[e])
        if isMasked && position < 0 { break }
        x[position] += source[e &* width]
      }
      window &+= 1
      if window == windows {
        window = 0
        x += self.plane
      }
    }
  }
}
