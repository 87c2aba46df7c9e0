import NNExp
import Platform

/// The numbers of one half of some samples: in memory, or streamed.
enum RowStorage<S: Scalar> {
  case held([S])
  case streamed(StreamedRows<S>)

  var parts: ([S], StreamedRows<S>?) {
    switch self {
    case .held(let values): (values, nil)
    case .streamed(let rows): ([], rows)
    }
  }
}

/// The numbers of one port for all samples of a source. The type is a class because every
/// read of a sample uses it.
final class PortRows: Sendable {
  fileprivate let columns: SourceColumns
  private let scaling: Scaling?

  /// The class of each sample, −1 for a sample without a label; nil for values.
  private let classes: [Int]?

  /// Whether a class is a one-hot vector instead of an index.
  private let isOneHot: Bool

  /// Whether a sample can lack the port; its numbers are then NaN.
  private let isIncomplete: Bool

  /// The remedy for a number that is too large; nil if it is another scale.
  private let remedy: String?

  /// The number of values per sample.
  let width: Int

  /// The location of a number, by row and column.
  let location: @Sendable (Int, Int) -> SourceLocation?

  /// Values, which are scaled in float64.
  init(
    _ columns: SourceColumns, _ scaling: Scaling?, isIncomplete: Bool = false,
    remedy: String? = nil, location: @escaping @Sendable (Int, Int) -> SourceLocation?
  ) {
    self.columns = columns
    self.scaling = scaling
    self.isIncomplete = isIncomplete
    self.remedy = remedy
    self.location = location
    (classes, isOneHot) = (nil, false)
    width = columns.layout.width
  }

  /// Classes.
  ///
  /// - Parameter oneHot: the number of classes for one-hot vectors; nil for indices.
  init(_ columns: SourceColumns, classes: [Int], oneHot: Int?, at location: SourceLocation?) {
    self.columns = columns
    self.classes = classes
    self.location = { _, _ in location }
    (scaling, isIncomplete, remedy) = (nil, true, nil)
    isOneHot = oneHot != nil
    width = oneHot ?? 1
  }

  /// Whether each sample is read from its file when it is needed.
  fileprivate var isStreamed: Bool { classes == nil && columns.isStreamed }

  /// Whether the numbers of all rows are finite in S, because the smallest and the largest are.
  fileprivate func isKnownToFit<S: Scalar>(_ type: S.Type) throws -> Bool {
    if classes != nil || columns.isStreamed || columns.count == 0 { return false }
    let (low, high) = try columns.extent()
    return [low, high].allSatisfy { numbers in
      var numbers = numbers
      scaling?.apply(to: &numbers)
      return numbers.allSatisfy { S($0).isFinite }
    }
  }

  /// The remedies if the numbers do not fit in memory.
  fileprivate var memoryNotes: [Diagnostic.Note] { classes == nil ? [streamingNote] : [] }

  /// Reads one sample into `values` from `start` on; `sample` is a buffer for its numbers.
  @inline(__always)
  fileprivate func read<S: Scalar>(
    _ row: Int, of half: SourceRows.Half, into values: inout MutableSpan<S>, at start: Int,
    by sample: inout [Double]
  ) throws {
    var cursor = BlockCursor()
    try read(row, of: half, into: &values, at: start, by: &sample, from: &cursor)
  }

  /// The same with a cursor that serves all calls for this port.
  @inline(__always)
  fileprivate func read<S: Scalar>(
    _ row: Int, of half: SourceRows.Half, into values: inout MutableSpan<S>, at start: Int,
    by sample: inout [Double], from cursor: inout BlockCursor
  ) throws {
    if classes != nil { return readClass(row, into: &values, at: start) }
    if scaling == nil {
      let areFinite = try columns.withNumbers(of: row, by: &sample, from: &cursor) {
        convert($0.extracting(first: width), into: &values, at: start)
      }
      if areFinite { return }
    }
    try columns.decode(row, into: &sample, from: &cursor)
    scaling?.apply(to: &sample)
    if !convert(sample.span.extracting(first: width), into: &values, at: start) {
      try check(sample, row, of: half, in: &values, at: start)
    }
  }

  /// Rounds numbers; false if one of them is not finite.
  @inline(__always)
  private func convert<S: Scalar>(
    _ numbers: borrowing Span<Double>, into values: inout MutableSpan<S>, at start: Int
  ) -> Bool {
    // With this condition and a count in place of a condition, the loop consists of vectors.
    precondition(
      start >= 0 && numbers.count <= values.count && start <= values.count &- numbers.count)
    var others = 0
    for i in numbers.indices {
      let value = S(numbers[i])
      others &+= value.isFinite ? 0 : 1
      values[start &+ i] = value
    }
    return others == 0
  }

  private func readClass<S: Scalar>(_ row: Int, into values: inout MutableSpan<S>, at start: Int) {
    let index = classes?[row] ?? -1
    for i in 0..<width {
      values[start &+ i] = index < 0 ? .nan : isOneHot ? (i == index ? 1 : 0) : S(index)
    }
  }

  /// Sets all numbers to NaN if one of them is missing and the port can be missing; throws
  /// otherwise.
  @inline(never)
  private func check<S: Scalar>(
    _ sample: [Double], _ row: Int, of half: SourceRows.Half, in values: inout MutableSpan<S>,
    at start: Int
  ) throws {
    // Numbers of the data: a logarithm may be NaN, and is not missing then.
    var given = [Double](repeating: 0, count: sample.count)
    try columns.decode(row, into: &given)
    if isIncomplete, given.prefix(width).contains(where: \.isNaN) {
      for i in 0..<width { values[start &+ i] = .nan }
      return
    }
    let i = sample.prefix(width).firstIndex { !S($0).isFinite } ?? 0
    var fact = "'\(columns.layout.expandedNames[i])' is \(shortest(given[i])) in sample \(row), "
    if let scaling, scaling[i].isLog, given[i] <= 0 {
      fact += "which has no logarithm; use another scale"
    } else if S(given[i]).isFinite {
      fact +=
        "and \(shortest(sample[i])) when scaled, too large for \(S.dtypeName); "
        + "use another scale"
    } else {
      fact += "too large for \(S.dtypeName); " + (remedy ?? "scale the \(half.rawValue)")
    }
    throw Diagnostic(fact, at: location(row, columns.layout.column(ofNumber: i)))
  }
}

/// Some rows of one half of a source. Each contains the numbers of its ports, one port after
/// the other, which are scaled in float64 and then rounded.
struct StreamedRows<S: Scalar>: Sendable {
  let ports: [PortRows]
  let rows: [Int]
  let half: SourceRows.Half

  /// The number of values per sample.
  let width: Int

  /// The number of values of the widest port.
  let widest: Int

  init(_ ports: [PortRows], rows: [Int], half: SourceRows.Half) {
    self.ports = ports
    self.rows = rows
    self.half = half
    width = ports.reduce(0) { $0 + $1.width }
    widest = ports.reduce(0) { max($0, $1.width) }
  }

  /// The number of values that one part of the loop over the rows converts.
  private static var valuesPerPart: Int { 1 << 16 }

  /// The numbers of all rows. If the rows are streamed, they are read and checked but not
  /// kept.
  ///
  /// - Parameters:
  ///   - areRead: false if the samples will not be read. They are then converted only if they may
  ///     contain a number that does not fit.
  ///   - releases: whether the memory of tables is released while their rows are converted, which
  ///     are in ascending order then.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func gathered(areRead: Bool = true, releasing releases: Bool = false) throws -> RowStorage<S> {
    guard let first = ports.first else { return .held([]) }
    let isStreamed = ports.contains { $0.isStreamed }
    let size = try Loading.size(
      isStreamed ? 1 : rows.count, width, of: S.self, at: first.location(0, 0),
      notes: first.memoryNotes)
    let step = max(1, StreamedRows.valuesPerPart / max(1, width))
    if isStreamed {
      var values = [S](repeating: 0, count: step * width)
      var span = values.mutableSpan
      for start in stride(from: 0, to: rows.count, by: step) {
        try read(start..<min(start + step, rows.count), into: &span)
      }
      return .streamed(self)
    }
    if width == 0 { return .held([]) }
    if !areRead, try ports.allSatisfy({ try $0.isKnownToFit(S.self) }) { return .streamed(self) }
    return .held(
      try Workers.array(of: size, inPartsOf: step * width) { range, span in
        try read(range.lowerBound / width..<range.upperBound / width, into: &span)
      } groupEnded: { count in
        if releases { for port in ports { port.columns.release(before: rows[count / width - 1]) } }
      })
  }

  /// Reads some rows into the first elements of `values`.
  @inline(__always)
  private func read(_ range: Range<Int>, into values: inout MutableSpan<S>) throws {
    var sample = [Double](repeating: 0, count: widest)
    var next = 0
    if ports.count == 1 {
      let port = ports[0]
      var cursor = BlockCursor()
      for index in range {
        try port.read(
          rows[index], of: half, into: &values, at: next, by: &sample, from: &cursor)
        next &+= width
      }
      return
    }
    for index in range {
      try read(index, into: &values, at: next, by: &sample)
      next &+= width
    }
  }

  /// Reads one sample into `values` from `start` on; `sample` is a buffer for the numbers of
  /// the widest port.
  @inline(__always)
  func read(
    _ index: Int, into values: inout MutableSpan<S>, at start: Int, by sample: inout [Double]
  ) throws {
    let row = rows[index]
    var start = start
    for port in ports {
      try port.read(row, of: half, into: &values, at: start, by: &sample)
      start &+= port.width
    }
  }
}

/// Some rows of the index ports of a source, one port after the other.
struct IndexRows: Sendable {
  /// The columns, which contain whole numbers of 32 bits.
  let ports: [SourceColumns]
  let rows: [Int]

  /// The number of indices per sample.
  let width: Int

  init(_ ports: [SourceColumns], rows: [Int]) {
    self.ports = ports
    self.rows = rows
    width = ports.reduce(0) { $0 + $1.layout.width }
  }

  /// The indices of all rows; if they are streamed, the rows.
  func gathered() throws -> (held: [Int32], streamed: IndexRows?) {
    ports.contains { $0.isStreamed } ? ([], self) : (try held(), nil)
  }

  private func held() throws -> [Int32] {
    if ports.isEmpty { return [] }
    let size = try Loading.size(rows.count, width, of: Int32.self, at: nil, notes: [streamingNote])
    var values = [Int32](repeating: 0, count: size)
    var span = values.mutableSpan
    var numbers = [Double](repeating: 0, count: width)
    for index in rows.indices { try read(index, into: &span, at: index * width, by: &numbers) }
    return values
  }

  /// Reads one sample into `values` from `start` on; `numbers` is a buffer for `width` numbers.
  func read(
    _ index: Int, into values: inout MutableSpan<Int32>, at start: Int, by numbers: inout [Double]
  ) throws {
    var next = start
    for columns in ports {
      let width = columns.layout.names.count
      try columns.decode(rows[index], into: &numbers)
      for i in 0..<width { values[next &+ i] = Int32(numbers[i]) }
      next &+= width
    }
  }
}
