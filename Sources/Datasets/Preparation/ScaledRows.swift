import NNExp

/// One half of some samples: held, or read when asked for.
enum RowStorage<S: Scalar> {
  case held([S])
  case streamed(ScaledRows<S>)

  var parts: ([S], ScaledRows<S>?) {
    switch self {
    case .held(let values): (values, nil)
    case .streamed(let rows): ([], rows)
    }
  }
}

/// The numbers that the samples of a source have for one port; by reference, as each
/// sample that is read looks at them.
final class PortRows: Sendable {
  fileprivate let columns: SourceColumns
  private let scaling: Scaling?

  /// The class of each sample, −1 where it has none; nil for values.
  private let classes: [Int]?

  /// True if a class is 1 among zeros, not a number.
  private let isOneHot: Bool

  /// True if a sample may lack the port: its numbers are then NaN.
  private let isIncomplete: Bool

  /// Numbers of a sample.
  let width: Int

  /// The location of a number, by row and column.
  let location: @Sendable (Int, Int) -> SourceLocation?

  /// Values, scaled in float64.
  init(
    _ columns: SourceColumns, _ scaling: Scaling?, isIncomplete: Bool = false,
    location: @escaping @Sendable (Int, Int) -> SourceLocation?
  ) {
    self.columns = columns
    self.scaling = scaling
    self.isIncomplete = isIncomplete
    self.location = location
    (classes, isOneHot) = (nil, false)
    width = columns.layout.width
  }

  /// The classes that the columns mean.
  ///
  /// - Parameter oneHot: the number of classes, if each is one number.
  init(_ columns: SourceColumns, classes: [Int], oneHot: Int?, at location: SourceLocation?) {
    self.columns = columns
    self.classes = classes
    self.location = { _, _ in location }
    (scaling, isIncomplete) = (nil, true)
    isOneHot = oneHot != nil
    width = oneHot ?? 1
  }

  /// Whether a sample is read when it is asked for.
  fileprivate var isStreamed: Bool { classes == nil && columns.isStreamed }

  /// The remedies if the numbers exceed the memory.
  fileprivate var memoryNotes: [Diagnostic.Note] { classes == nil ? [streamingNote] : [] }

  /// Reads one sample to `values` from `start` on; `sample` has room for its numbers.
  @inline(__always)
  fileprivate func read<S: Scalar>(
    _ row: Int, of half: SourceRows.Half, into values: inout MutableSpan<S>, at start: Int,
    by sample: inout [Double]
  ) throws {
    if classes != nil { return readClass(row, into: &values, at: start) }
    try columns.decode(row, into: &sample)
    scaling?.apply(to: &sample)
    var isFinite = true
    for i in 0..<width {
      let value = S(sample[i])
      isFinite = isFinite && value.isFinite
      values[start &+ i] = value
    }
    if !isFinite { try check(sample, row, of: half, in: &values, at: start) }
  }

  private func readClass<S: Scalar>(_ row: Int, into values: inout MutableSpan<S>, at start: Int) {
    let index = classes?[row] ?? -1
    for i in 0..<width {
      values[start &+ i] = index < 0 ? .nan : isOneHot ? (i == index ? 1 : 0) : S(index)
    }
  }

  /// Makes the numbers NaN where one of them is missing and may be; throws otherwise.
  @inline(never)
  private func check<S: Scalar>(
    _ sample: [Double], _ row: Int, of half: SourceRows.Half, in values: inout MutableSpan<S>,
    at start: Int
  ) throws {
    let sample = sample.prefix(width)
    if isIncomplete, sample.contains(where: \.isNaN) {
      for i in 0..<width { values[start &+ i] = .nan }
      return
    }
    let i = sample.firstIndex { !S($0).isFinite } ?? 0
    throw Diagnostic(
      "'\(columns.layout.expandedNames[i])' is \(shortest(sample[i])) in sample \(row), "
        + "too large for \(S.dtypeName); scale the \(half.rawValue)",
      at: location(row, columns.layout.column(ofNumber: i)))
  }
}

/// Some rows of one half of a source: each is the numbers of its ports, one port after
/// the other, scaled in float64 and then rounded.
struct ScaledRows<S: Scalar>: Sendable {
  let ports: [PortRows]
  let rows: [Int]
  let half: SourceRows.Half

  /// Numbers of a sample.
  let width: Int

  /// Numbers of the widest port.
  let widest: Int

  init(_ ports: [PortRows], rows: [Int], half: SourceRows.Half) {
    self.ports = ports
    self.rows = rows
    self.half = half
    width = ports.reduce(0) { $0 + $1.width }
    widest = ports.reduce(0) { max($0, $1.width) }
  }

  /// The numbers of all rows; where rows are read when they are asked for, none
  /// is kept, but all have been looked at.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func gathered() throws -> RowStorage<S> {
    guard let first = ports.first else { return .held([]) }
    let isStreamed = ports.contains { $0.isStreamed }
    let count = isStreamed ? 1 : rows.count
    let size = try Loading.size(
      count, width, of: S.self, at: first.location(0, 0), notes: first.memoryNotes)
    var values = [S](repeating: 0, count: size)
    var span = values.mutableSpan
    var sample = [Double](repeating: 0, count: widest)
    var next = 0
    for index in rows.indices {
      try read(index, into: &span, at: next, by: &sample)
      if !isStreamed { next &+= width }
    }
    return isStreamed ? .streamed(self) : .held(values)
  }

  /// Reads one sample to `values` from `start` on; `sample` has room for the numbers of
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
  /// Columns whose numbers are whole and fit into 32 bits.
  let ports: [SourceColumns]
  let rows: [Int]

  /// Indices of a sample.
  let width: Int

  init(_ ports: [SourceColumns], rows: [Int]) {
    self.ports = ports
    self.rows = rows
    width = ports.reduce(0) { $0 + $1.layout.width }
  }

  var isStreamed: Bool { ports.contains { $0.isStreamed } }

  /// The indices of all rows.
  func held() throws -> [Int32] {
    let size = try Loading.size(rows.count, width, of: Int32.self, at: nil, notes: [streamingNote])
    var values = [Int32](repeating: 0, count: size)
    var span = values.mutableSpan
    try read(rows.count, into: &span) { $0 }
    return values
  }

  /// Reads samples to `values`, one after the other.
  func read(
    _ count: Int, into values: inout MutableSpan<Int32>, _ sample: (Int) -> Int
  ) throws {
    var numbers = [Double](repeating: 0, count: width)
    var next = 0
    for index in 0..<count {
      let row = rows[sample(index)]
      for columns in ports {
        let width = columns.layout.names.count
        try columns.decode(row, into: &numbers)
        for i in 0..<width { values[next &+ i] = Int32(numbers[i]) }
        next &+= width
      }
    }
  }
}
