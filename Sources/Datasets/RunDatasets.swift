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

  /// The names of the numbers of the value ports of a sample, such as `age` and `color=red`;
  /// or `input_0`, … if the source has no names.
  public let inputNames: [String]

  /// The files that were read, in the order of reading.
  public let files: [DataFile]

  /// The interpretation of the data. Further samples are read with it.
  public let encoding: DataEncoding

  /// Assumptions made while the data were read, and unlikely contents.
  public let announcements: [Diagnostic]

  /// The number of rows that were left out because a cell is missing.
  public let droppedRows: Int

  /// How many training samples have each class, by target port; nil for a port of which a run
  /// did not need the counts. Data that are only described have these counts and no samples.
  public var classCounts: [[Int]?] = []

  private let memory: LoadingMemory

  /// The memory of the samples, in bytes.
  public var bytes: Int {
    [train, validation, test].compactMap { $0 }.reduce(memory.kept) { $0 + $1.bytes }
  }

  /// The largest amount of memory that reading the samples took, in bytes.
  public var bytesWhileRead: Int { max(bytes + memory.released, memory.reading) }

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
  /// - Parameter inputNames: the names of the numbers of the value ports; nil uses the names
  ///   of the ports.
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

/// Properties of the first input port and the first target port, for callers that use one of
/// each.
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
  /// The number of values of a sample's targets before those of a target port.
  public func targetOffset(of index: Int) -> Int {
    targets[..<index].reduce(0) { $0 + $1.target.shape.count }
  }

  /// The number of values of a sample in all target ports, including its weight.
  public var targetWidth: Int { targetOffset(of: targets.count) + (isWeighted ? 1 : 0) }

  /// The number of training samples per class of a target port; nil if the targets are
  /// numbers.
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

/// The memory that loading takes in addition to the samples, in bytes.
struct LoadingMemory: Sendable {
  /// The memory that is kept as long as the samples: the starts of the lines of a streamed
  /// file.
  var kept = 0
  /// The memory that is released after loading: files, the numbers of a table, labels.
  var released = 0
  /// The memory before there are samples: the numbers of a table, and the parts of its file.
  var reading = 0

  /// The memory per streamed sample for labels, classes and the order of the split, as
  /// integers.
  static let perStreamedSample = 3 * MemoryLayout<Int>.stride
}

/// The mapping from the columns of a source to the inputs and targets of the training data.
public struct DataEncoding: Sendable {
  /// The key of the source in the experiment file.
  let source: String

  /// The encoding of each input port.
  let inputs: [PortEncoding]

  /// The encoding of each target port; empty if the targets were not read.
  let targets: [TargetEncoding]

  /// The columns of the table that belong to no port.
  let otherColumns: [TableColumn]

  /// Whether the names come from the header of a CSV file.
  let hasColumnNames: Bool

  /// The columns of the table in the order of the file; empty for other sources.
  public var columns: [TableColumn] {
    (inputs.flatMap(\.table) + targets.flatMap(\.table) + otherColumns)
      .sorted { $0.position < $1.position }
  }
}
