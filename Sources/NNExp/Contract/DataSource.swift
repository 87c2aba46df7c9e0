/// The origin of samples: one key of the `data:` section of an experiment file.
///
///     data:
///       walk: {steps: 100}
///
/// The options are those under the key. A source reads all its samples at once:
///
///     struct Walk: DataSource, Component {
///       static let typeName = "walk"
///       let steps: Int
///       init(from options: inout Options) { steps = options.int("steps", in: 1...) }
///       func read(_ request: DataRequest) throws -> SourceSamples {
///         …
///         return try SourceSamples(inputs: x, of: [2], targets: t, of: .values([1]))
///       }
///     }
///
/// The engine does the rest: classes, splits, scaling and batches.
public protocol DataSource: Sendable {
  /// Reads the samples. Throws a `Diagnostic` that states the fact.
  func read(_ request: DataRequest) throws -> SourceSamples
}

extension Component where Self: DataSource {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any DataSource>> {
    \.sources
  }
  public var erased: any DataSource { self }
}

/// The request that a source answers.
public struct DataRequest {
  /// The number of samples to read, counted from the first; nil for all. A source may return
  /// more.
  public let limit: Int?

  /// The random numbers of this source: the same for the same seed.
  public let random: RandomStream

  package let files: any DataFiles

  /// The declaration of a table in the data section. Only the module that reads tables knows
  /// its type.
  package let table: (any TableRequest)?

  package init(
    limit: Int? = nil, random: RandomStream, files: any DataFiles, table: (any TableRequest)? = nil
  ) {
    self.limit = limit
    self.random = random
    self.files = files
    self.table = table
  }

  /// Reads a regular file. The run records the file with its SHA-256.
  ///
  /// - Parameters:
  ///   - path: absolute, or relative to the current folder; `Options.path` converts a path that
  ///     the experiment file gives.
  ///   - location: the location of the path in the experiment file.
  public func bytes(ofFile path: String, at location: SourceLocation?) throws -> [UInt8] {
    try files.read(path, at: location)
  }
}

/// The declaration of a table in the data section.
package protocol TableRequest: Sendable {}

/// The files that one loading of data has read.
package protocol DataFiles: AnyObject {
  func read(_ path: String, at location: SourceLocation?) throws -> [UInt8]
}

/// The samples of one source.
public struct SourceSamples: Sendable {
  /// Samples that are held in memory as numbers.
  package struct Held: Sendable {
    package let inputs: [Double]
    package let inputShape: Shape
    package let targets: [Double]
    package let target: Target
    /// The names of the classes, if the source provides them.
    package let classNames: [String]?
    package let count: Int
  }

  package enum Content: Sendable {
    case held(Held)
    /// Another representation, which only the module that reads it knows.
    case other(any SampleStorage)
  }

  package let content: Content

  package init(_ storage: any SampleStorage) { content = .other(storage) }

  /// Creates samples from numbers, sample after sample.
  ///
  /// - Parameters:
  ///   - shape: the shape of the inputs of one sample.
  ///   - target: the form of the targets: numbers of a shape, or one class index per sample.
  /// - Throws: a `Diagnostic` if the counts do not match the shapes or a number is not finite.
  public init(inputs: [Double], of shape: Shape, targets: [Double], of target: Target) throws {
    try self.init(inputs, shape, targets, target, nil)
  }

  /// Creates samples of named classes, one name per sample.
  public init(inputs: [Double], of shape: Shape, classes: [String]) throws {
    let names = Set(classes.map(ByteText.init)).sorted { $0.text.precedes(byBytes: $1.text) }
    let codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Double($0)) })
    try self.init(
      inputs, shape, classes.map { codes[ByteText($0)] ?? 0 }, .classes(names.count),
      names.map(\.text))
  }

  private init(
    _ inputs: [Double], _ shape: Shape, _ targets: [Double], _ target: Target,
    _ classNames: [String]?
  ) throws {
    let width = shape.count
    guard width > 0, target.shape.count > 0, !inputs.isEmpty else {
      throw Diagnostic("there are no samples")
    }
    let count = inputs.count / width
    guard count * width == inputs.count, count * target.shape.count == targets.count else {
      throw Diagnostic(
        "\(inputs.count) inputs and \(targets.count) targets are no samples of \(shape) and "
          + "\(target.shape)")
    }
    for (numbers, what) in [(inputs, "inputs"), (targets, "targets")] {
      if let i = numbers.firstIndex(where: { !$0.isFinite }) {
        throw Diagnostic("the number \(shortest(numbers[i])) is in the \(what)")
      }
    }
    content = .held(
      Held(
        inputs: inputs, inputShape: shape, targets: targets, target: target,
        classNames: classNames, count: count))
  }
}

/// Samples in the representation of their files.
package protocol SampleStorage: Sendable {}
