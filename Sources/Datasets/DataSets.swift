public import NNExp

/// The data of an experiment: read, split and scaled.
public struct DataSets<S: Scalar>: Sendable {
  /// Of one sample.
  public let inputShape: Shape
  public let target: Target

  public let train: Samples<S>
  public let validation: Samples<S>?
  public let test: Samples<S>?

  /// One a number of a sample: `age`, `color=red`; `input_0`, … where the
  /// source has no names.
  public let inputNames: [String]

  /// One a number of a target; the label's for classes.
  public let targetNames: [String]

  /// In the order of the class indices; empty unless `target` is `.classes`.
  public let classNames: [String]

  /// Every file that was read, in the order of reading.
  public let files: [DataFile]

  /// What further inputs are read by.
  let encoding: InputEncoding

  private let memory: LoadingMemory

  /// The bytes that the samples hold.
  public var bytes: Int {
    [train, validation, test].compactMap { $0 }.reduce(memory.kept) { $0 + $1.bytes }
  }

  /// The most that was held at once while they were read.
  public var bytesWhileRead: Int { bytes + memory.released }

  /// Data that are at hand already, unscaled.
  public init(
    inputShape: Shape, target: Target, train: Samples<S>, validation: Samples<S>? = nil,
    test: Samples<S>? = nil, inputNames: [String]? = nil, targetNames: [String]? = nil,
    classNames: [String] = [], files: [DataFile] = []
  ) {
    let layout = ColumnLayout(inputShape.count, named: "input")
    self.init(
      inputShape: inputShape, target: target, train: train, validation: validation, test: test,
      targetNames: targetNames
        ?? ColumnLayout(target.shape.count, named: "target").names,
      classNames: classNames, files: files,
      encoding: InputEncoding(
        layout: inputNames.map {
          ColumnLayout(names: $0, categories: Array(repeating: nil, count: $0.count))
        } ?? layout,
        scaling: nil, hasColumnNames: inputNames != nil))
  }

  init(
    inputShape: Shape, target: Target, train: Samples<S>, validation: Samples<S>?,
    test: Samples<S>?, targetNames: [String], classNames: [String], files: [DataFile],
    encoding: InputEncoding, memory: LoadingMemory = LoadingMemory()
  ) {
    self.inputShape = inputShape
    self.target = target
    self.train = train
    self.validation = validation
    self.test = test
    self.inputNames = encoding.layout.expandedNames
    self.targetNames = targetNames
    self.classNames = classNames
    self.files = files
    self.encoding = encoding
    self.memory = memory
  }
}

/// The bytes that were held beside the samples.
struct LoadingMemory: Sendable {
  /// As long as the samples are: where the lines of a streamed file begin.
  var kept = 0
  /// While they were read: files, the numbers of a table, labels.
  var released = 0

  /// Labels, classes and the split's order, as integers.
  static let perStreamedSample = 3 * MemoryLayout<Int>.stride
}

/// How the columns of a source became the training inputs.
struct InputEncoding: Sendable {
  let layout: ColumnLayout
  let scaling: Scaling?
  /// True if the names are a CSV header's.
  let hasColumnNames: Bool
}
