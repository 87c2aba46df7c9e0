public import NNExp

/// Samples in the order in which a network reads them: row-major, one after the other. They
/// are in memory, or are read from their files when they are needed.
public struct Dataset<S: Scalar>: Sendable {
  /// `count` rows of the numbers of all value ports, in the order of the ports; empty if the
  /// samples are streamed.
  public var inputs: [S]

  /// `count` rows of the indices of all index ports, in the order of the ports; empty if
  /// there are none, or if the samples are streamed.
  public var indices: [Int32]

  /// `count` rows of the numbers of all target ports, in the order of the ports. A class is
  /// one index, and a missing target is NaN. The weight of the sample follows if the data have
  /// weights. Empty if the samples are streamed, and for inputs without targets.
  public var targets: [S]

  public var count: Int

  /// The number of samples of the part, if only the first of them are here; otherwise nil.
  var wholeCount: Int?

  /// The number of samples of the part.
  public var countOfPart: Int { wholeCount ?? count }

  /// The row in the source of each sample, counted from 0; empty if sample i is row i.
  public internal(set) var rows: [Int] = []

  /// For inputs to predict, the number of rows in their file; nil if each row is a sample.
  public private(set) var sourceCount: Int?

  /// The targets in the units of the data; empty if no target is scaled, or if they are
  /// streamed.
  public internal(set) var originalTargets: [Double] = []

  /// The columns that identify the rows of the file; nil if there are none.
  public internal(set) var ids: RowIDs?

  /// Values of inputs to predict that are far outside the training data.
  public internal(set) var warnings: [Diagnostic] = []

  /// The file of the samples; nil if all parts come from the same file.
  public internal(set) var file: String?

  /// The streamed samples. They are an object because each step reads it.
  private let stream: Stream?

  private final class Stream: Sendable {
    let inputs: StreamedRows<S>?
    let indices: IndexRows?
    let targets: StreamedRows<S>?
    let originalTargets: StreamedRows<Double>?

    init(
      _ inputs: StreamedRows<S>?, _ indices: IndexRows?, _ targets: StreamedRows<S>?,
      _ originalTargets: StreamedRows<Double>?
    ) {
      self.inputs = inputs
      self.indices = indices
      self.targets = targets
      self.originalTargets = originalTargets
    }

    /// The number of samples.
    var count: Int { (inputs?.rows ?? indices?.rows ?? targets?.rows)?.count ?? 0 }
  }

  public init(inputs: [S], indices: [Int32] = [], targets: [S], count: Int) {
    self.inputs = inputs
    self.indices = indices
    self.targets = targets
    self.count = count
    stream = nil
  }

  init(
    inputs: RowStorage<S>, indices: (held: [Int32], streamed: IndexRows?), targets: RowStorage<S>,
    originalTargets: RowStorage<Double> = .held([]), count: Int
  ) {
    let (heldInputs, inputRows) = inputs.parts
    let (heldTargets, targetRows) = targets.parts
    self.inputs = heldInputs
    self.indices = indices.held
    self.targets = heldTargets
    self.count = count
    let (heldOriginals, originalRows) = originalTargets.parts
    self.originalTargets = heldOriginals
    let isHeld = inputRows == nil && indices.streamed == nil && targetRows == nil
    stream = isHeld ? nil : Stream(inputRows, indices.streamed, targetRows, originalRows)
  }

  /// The same samples at the given positions of `count` rows of a source.
  func among(_ positions: [Int], of count: Int) -> Dataset {
    guard positions.count < count else { return self }
    var dataset = self
    dataset.rows = positions
    dataset.sourceCount = count
    return dataset
  }

  /// Whether any of the samples are streamed.
  public var isStreamed: Bool { stream != nil }

  /// Whether there are targets.
  public var hasTargets: Bool { !targets.isEmpty || stream?.targets != nil }

  /// The memory of the samples, in bytes.
  var bytes: Int {
    (inputs.count + targets.count) * MemoryLayout<S>.stride
      + indices.count * MemoryLayout<Int32>.stride
      + originalTargets.count * MemoryLayout<Double>.stride
      + (stream?.count ?? rows.count) * MemoryLayout<Int>.stride
  }

  /// Copies samples to the buffers of a network, one after the other; targets only if there
  /// are any.
  ///
  /// - Parameter sample: the index of the sample for each of the `count` positions.
  /// - Throws: the error if a file cannot be read.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func read(
    _ count: Int, inputs: inout MutableSpan<S>, indices: inout MutableSpan<Int32>,
    targets: inout MutableSpan<S>, sample: (Int) -> Int
  ) throws {
    guard let stream else {
      copy(count, of: self.inputs, into: &inputs, sample)
      copy(count, of: self.indices, into: &indices, sample)
      copy(count, of: self.targets, into: &targets, sample)
      return
    }
    // All numbers of a sample are read before the next sample, because one row of a table contains
    // them.
    let widest = max(
      stream.inputs?.widest ?? 0, stream.indices?.width ?? 0, stream.targets?.widest ?? 0)
    var numbers = [Double](repeating: 0, count: widest)
    for index in 0..<count {
      let row = sample(index)
      if let rows = stream.inputs {
        try rows.read(row, into: &inputs, at: index &* rows.width, by: &numbers)
      }
      if let rows = stream.indices {
        try rows.read(row, into: &indices, at: index &* rows.width, by: &numbers)
      }
      if let rows = stream.targets {
        try rows.read(row, into: &targets, at: index &* rows.width, by: &numbers)
      }
    }
    if stream.inputs == nil { copy(count, of: self.inputs, into: &inputs, sample) }
    if stream.indices == nil { copy(count, of: self.indices, into: &indices, sample) }
    if stream.targets == nil { copy(count, of: self.targets, into: &targets, sample) }
  }

  /// A copy of the numbers of some samples in memory.
  ///
  /// - Parameter sample: the index of the sample for each of the `count` positions.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func held(_ count: Int, sample: (Int) -> Int) throws -> Dataset<S> {
    let widths = widths
    var inputs = [S](repeating: 0, count: count * widths.inputs)
    var indices = [Int32](repeating: 0, count: count * widths.indices)
    var targets = [S](repeating: 0, count: count * widths.targets)
    var inputSpan = inputs.mutableSpan
    var indexSpan = indices.mutableSpan
    var targetSpan = targets.mutableSpan
    try read(
      count, inputs: &inputSpan, indices: &indexSpan, targets: &targetSpan, sample: sample)
    return Dataset(inputs: inputs, indices: indices, targets: targets, count: count)
  }

  /// A copy of some samples in memory.
  public func held(_ samples: Range<Int>) throws -> Dataset<S> {
    var part = try held(samples.count) { samples.lowerBound + $0 }
    part.rows = samples.map { row(of: $0) }
    part.originalTargets = try originals(samples)
    part.file = file
    part.ids = ids
    return part
  }

  /// The row in the source of a sample, counted from 0.
  public func row(of sample: Int) -> Int { rows.isEmpty ? sample : rows[sample] }

  /// The `originalTargets` of some samples.
  private func originals(_ samples: Range<Int>) throws -> [Double] {
    guard let rows = stream?.originalTargets else {
      let width = width(originalTargets)
      return Array(originalTargets[samples.lowerBound * width..<samples.upperBound * width])
    }
    var values = [Double](repeating: 0, count: samples.count * rows.width)
    var span = values.mutableSpan
    var numbers = [Double](repeating: 0, count: rows.widest)
    for (index, sample) in samples.enumerated() {
      try rows.read(sample, into: &span, at: index * rows.width, by: &numbers)
    }
    return values
  }

  /// The numbers of a sample in its value ports, its index ports and its targets.
  public var widths: (inputs: Int, indices: Int, targets: Int) {
    (
      stream?.inputs?.width ?? width(inputs), stream?.indices?.width ?? width(indices),
      stream?.targets?.width ?? width(targets)
    )
  }

  /// The number of values per sample, for samples in memory.
  private func width<Value>(_ values: [Value]) -> Int { count == 0 ? 0 : values.count / count }

  /// Copies rows that are in memory.
  @inline(__always)
  private func copy<Value>(
    _ count: Int, of values: [Value], into result: inout MutableSpan<Value>, _ sample: (Int) -> Int
  ) {
    let width = width(values)
    let values = values.span
    var next = 0
    for index in 0..<count {
      let first = sample(index) &* width
      for i in 0..<width { result[next &+ i] = values[first &+ i] }
      next &+= width
    }
  }
}
