public import NNExp

/// The data of an experiment: read, split and scaled.
public struct RunDatasets<S: Scalar>: Sendable {
  /// The input ports in the order of the file; one named `input` if the file names none.
  public let inputs: [Port]

  /// The target ports in the order of the file; one named `target` if the file names none.
  public let targets: [TargetPort]

  /// Whether the file names the input ports.
  public let namesPorts: Bool

  /// Whether each sample has a weight, which follows its targets.
  public let isWeighted: Bool

  public internal(set) var train: Dataset<S>
  public let validation: Dataset<S>?
  public let test: Dataset<S>?

  /// One per number of the value ports of a sample: `age`, `color=red`; `input_0`, …
  /// where the source has no names.
  public let inputNames: [String]

  /// Every file that was read, in the order of reading.
  public let files: [DataFile]

  /// The interpretation of the data, by which further samples are read.
  public let encoding: DataEncoding

  /// Assumptions made while the data were read, and unlikely contents.
  public let announcements: [Diagnostic]

  /// How many rows were left out because a cell is missing.
  public let droppedRows: Int

  /// How many training samples have each class, by target port; nil for a port of which a run
  /// did not need the counts. Data that are only described have these counts and no samples.
  public var classCounts: [[Int]?] = []

  private let memory: LoadingMemory

  /// The bytes that the samples hold.
  public var bytes: Int {
    [train, validation, test].compactMap { $0 }.reduce(memory.kept) { $0 + $1.bytes }
  }

  /// The most that was held at once while they were read.
  public var bytesWhileRead: Int { bytes + memory.released }

  /// Data in memory, unscaled, with one input port and one target port.
  public init(
    inputShape: Shape, target: Target, train: Dataset<S>, validation: Dataset<S>? = nil,
    test: Dataset<S>? = nil, inputNames: [String]? = nil, targetNames: [String]? = nil,
    classNames: [String] = [], files: [DataFile] = []
  ) {
    self.init(
      inputs: [Port("input", inputShape)],
      targets: [TargetPort(target: target, numberNames: targetNames, classNames: classNames)],
      namesPorts: false, train: train, validation: validation, test: test,
      inputNames: inputNames, files: files)
  }

  /// Data in memory, unscaled.
  ///
  /// - Parameter inputNames: one per number of the value ports; nil for the ports' names.
  public init(
    inputs: [Port], targets: [TargetPort], namesPorts: Bool = true, train: Dataset<S>,
    validation: Dataset<S>? = nil, test: Dataset<S>? = nil, inputNames: [String]? = nil,
    files: [DataFile] = []
  ) {
    var names = inputNames?[...]
    let encodings = inputs.map { port in
      let width = port.shape.count
      let name = namesPorts ? port.name : nil
      guard !port.isIndices, let own = names?.prefix(width) else {
        return PortEncoding(port, name: name, layout: ColumnLayout(width, named: port.name))
      }
      names = names?.dropFirst(width)
      return PortEncoding(port, name: name, layout: ColumnLayout(numbers: Array(own)))
    }
    self.init(
      targets: targets, train: train, validation: validation, test: test, files: files,
      encoding: DataEncoding(
        source: "", inputs: encodings, targets: [], otherColumns: [],
        hasColumnNames: inputNames != nil))
  }

  init(
    targets: [TargetPort], train: Dataset<S>, validation: Dataset<S>?, test: Dataset<S>?,
    files: [DataFile], encoding: DataEncoding, announcements: [Diagnostic] = [],
    droppedRows: Int = 0, memory: LoadingMemory = LoadingMemory()
  ) {
    inputs = encoding.inputs.map(\.port)
    self.targets = targets
    self.announcements = announcements
    self.droppedRows = droppedRows
    namesPorts = encoding.inputs[0].name != nil
    isWeighted = encoding.otherColumns.contains { $0.role == .weight }
    self.train = train
    self.validation = validation
    self.test = test
    self.files = files
    self.encoding = encoding
    self.memory = memory
    inputNames = encoding.inputs.flatMap { $0.port.isIndices ? [] : $0.layout.expandedNames }
  }
}

/// The first port of each half, for callers that know one.
extension RunDatasets {
  /// The shape of the first input port.
  public var inputShape: Shape { inputs[0].shape }

  /// The target of the first target port.
  public var target: Target { targets[0].target }

  /// The names of the first target port's numbers.
  public var targetNames: [String] { targets[0].numberNames }

  /// The names of the first target port's classes.
  public var classNames: [String] { targets[0].classNames }
}

extension RunDatasets {
  /// How many numbers of a sample's targets come before those of a target port.
  public func targetOffset(of index: Int) -> Int {
    targets[..<index].reduce(0) { $0 + $1.target.shape.count }
  }

  /// How many numbers a sample has in all target ports, with its weight.
  public var targetWidth: Int { targetOffset(of: targets.count) + (isWeighted ? 1 : 0) }

  /// How many training samples have each class of a target port; nil for numbers.
  public func classes(ofTarget index: Int) throws -> TargetClasses? {
    guard case .classes(let count) = targets[index].target else { return nil }
    let (offset, width) = (targetOffset(of: index), targetWidth)
    // Data that are only described have no targets.
    guard train.hasTargets else {
      return TargetClasses(
        names: targets[index].classNames,
        counts: (classCounts.indices.contains(index) ? classCounts[index] : nil)
          ?? Array(repeating: 1, count: count))
    }
    var counts = [Int](repeating: 0, count: count)
    for first in stride(from: 0, to: train.count, by: 4096) {
      let part = try train.held(first..<min(first + 4096, train.count))
      for sample in 0..<part.count {
        if let c = Int(exactly: part.targets[sample * width + offset]) { counts[c] += 1 }
      }
    }
    return TargetClasses(names: targets[index].classNames, counts: counts)
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

/// How the columns of a source became the inputs and targets of the training data.
public struct DataEncoding: Sendable {
  /// The key of the source in the experiment file.
  let source: String

  /// One per input port.
  let inputs: [PortEncoding]

  /// One per target port; empty if the data were not read.
  let targets: [TargetEncoding]

  /// The columns of the table that are in no port.
  let otherColumns: [TableColumn]

  /// True if the names are a CSV header's.
  let hasColumnNames: Bool

  /// The columns of the table, in its order; empty for other sources.
  public var columns: [TableColumn] {
    (inputs.flatMap(\.table) + targets.flatMap(\.table) + otherColumns)
      .sorted { $0.position < $1.position }
  }
}
