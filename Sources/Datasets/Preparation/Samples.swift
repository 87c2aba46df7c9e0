public import NNExp

/// Samples as a network reads them: row-major, one after the other; held, or
/// read from their files when they are asked for.
public struct Samples<S: Scalar>: Sendable {
  /// `count` times the input shape; empty where they are read when asked for.
  public var inputs: [S]

  /// `count` times the target's shape; one class index a sample for classes.
  /// Empty where they are read when asked for, and where the inputs stand alone.
  public var targets: [S]

  public var count: Int

  /// What is not held; by reference, as a step looks at it.
  private let stream: Stream?

  private final class Stream: Sendable {
    let inputs: ScaledRows<S>?
    let targets: ScaledRows<S>?

    init(_ inputs: ScaledRows<S>?, _ targets: ScaledRows<S>?) {
      self.inputs = inputs
      self.targets = targets
    }
  }

  public init(inputs: [S], targets: [S], count: Int) {
    self.inputs = inputs
    self.targets = targets
    self.count = count
    stream = nil
  }

  init(inputs: SampleRows<S>, targets: SampleRows<S>, count: Int) {
    let (heldInputs, inputRows) = inputs.parts
    let (heldTargets, targetRows) = targets.parts
    self.inputs = heldInputs
    self.targets = heldTargets
    self.count = count
    let isHeld = inputRows == nil && targetRows == nil
    stream = isHeld ? nil : Stream(inputRows, targetRows)
  }

  /// True if something is read when it is asked for.
  public var isStreamed: Bool { stream != nil }

  /// True if there is something to learn.
  public var hasTargets: Bool { !targets.isEmpty || stream?.targets != nil }

  /// The bytes that are held.
  var bytes: Int {
    let indices = (stream?.inputs ?? stream?.targets)?.rows.count ?? 0
    return (inputs.count + targets.count) * MemoryLayout<S>.stride
      + indices * MemoryLayout<Int>.stride
  }

  /// Copies samples to where a network reads them, one after the other; targets
  /// only if there are any.
  ///
  /// - Parameter sample: which one comes at each of the `count` places.
  /// - Throws: where they are read from a file, and that fails.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func read(
    _ count: Int, inputs: inout MutableSpan<S>, targets: inout MutableSpan<S>,
    sample: (Int) -> Int
  ) throws {
    try read(count, of: self.inputs, stream?.inputs, into: &inputs, sample)
    try read(count, of: self.targets, stream?.targets, into: &targets, sample)
  }

  /// Some of the samples, held.
  public func held(_ samples: Range<Int>) throws -> Samples<S> {
    func half(_ values: [S], _ rows: ScaledRows<S>?) throws -> [S] {
      var half = [S](repeating: 0, count: samples.count * width(values, rows))
      var span = half.mutableSpan
      try read(samples.count, of: values, rows, into: &span) { samples.lowerBound + $0 }
      return half
    }
    return Samples(
      inputs: try half(inputs, stream?.inputs), targets: try half(targets, stream?.targets),
      count: samples.count)
  }

  /// Numbers of a sample.
  private func width(_ values: [S], _ rows: ScaledRows<S>?) -> Int {
    rows?.width ?? (count == 0 ? 0 : values.count / count)
  }

  @inline(__always)
  private func read(
    _ count: Int, of values: [S], _ rows: ScaledRows<S>?, into result: inout MutableSpan<S>,
    _ sample: (Int) -> Int
  ) throws {
    let width = width(values, rows)
    var next = 0
    if let rows {
      var numbers = [Double](repeating: 0, count: width)
      for index in 0..<count {
        try rows.read(sample(index), into: &result, at: next, by: &numbers)
        next &+= width
      }
    } else {
      let values = values.span
      for index in 0..<count {
        let first = sample(index) &* width
        for i in 0..<width { result[next &+ i] = values[first &+ i] }
        next &+= width
      }
    }
  }
}

/// One half of some samples.
enum SampleRows<S: Scalar> {
  case held([S])
  case streamed(ScaledRows<S>)

  fileprivate var parts: ([S], ScaledRows<S>?) {
    switch self {
    case .held(let values): (values, nil)
    case .streamed(let rows): ([], rows)
    }
  }
}

/// Some rows of one half of a source, scaled in float64 and then rounded.
struct ScaledRows<S: Scalar>: Sendable {
  let columns: RawColumns
  let rows: [Int]
  let scaling: Scaling?
  let half: RawData.Half
  let place: @Sendable (Int, RawData.Half, Int) -> Place?

  /// Numbers of a sample.
  var width: Int { columns.layout.width }

  /// The numbers of all rows; where rows are read when they are asked for, none
  /// is kept, but all have been looked at.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func gathered() throws -> SampleRows<S> {
    let isStreamed = columns.isStreamed
    let count = isStreamed ? 1 : rows.count
    let size = try Loading.size(
      count, width, of: S.self, at: place(0, half, 0), notes: [streamingNote])
    var values = [S](repeating: 0, count: size)
    var span = values.mutableSpan
    var sample = [Double](repeating: 0, count: width)
    var next = 0
    for index in rows.indices {
      try read(index, into: &span, at: next, by: &sample)
      if !isStreamed { next &+= width }
    }
    return isStreamed ? .streamed(self) : .held(values)
  }

  /// Reads one sample to `values` from `start` on; `sample` has room for its
  /// numbers.
  @inline(__always)
  func read(
    _ index: Int, into values: inout MutableSpan<S>, at start: Int, by sample: inout [Double]
  ) throws {
    let row = rows[index]
    try columns.decode(row, into: &sample)
    scaling?.apply(to: &sample)
    var isFinite = true
    for i in 0..<width {
      let value = S(sample[i])
      isFinite = isFinite && value.isFinite
      values[start &+ i] = value
    }
    guard isFinite else {
      let i = sample.firstIndex { !S($0).isFinite } ?? 0
      throw Diagnostic(
        "'\(columns.layout.expandedNames[i])' is \(shortest(sample[i])) in sample \(row), "
          + "too large for \(S.dtypeName); scale the \(half.rawValue)",
        at: place(row, half, columns.layout.column(ofNumber: i)))
    }
  }
}
