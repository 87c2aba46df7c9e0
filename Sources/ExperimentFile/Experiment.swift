public import Datasets
public import Engine
public import GradientCheck
public import NNExp
public import Plugins
import Results
import YAMLTree

/// An experiment file, read: every section typed, nothing built yet.
public struct Experiment: Sendable {
  public enum DType: String, CaseIterable, Sendable {
    case float32
    case float64
  }

  /// Names the folder of its results.
  public let name: String
  public let seed: UInt64
  public let dtype: DType
  public let data: DataDeclaration
  public let model: ModelDeclaration
  public let objective: Objective
  public let training: TrainingDeclaration
  public var gradientCheck: GradientCheckSettings
  public let expectations: [Expectation]
  /// True if the gradient check must pass.
  public let expectsGradientCheck: Bool
  /// The metrics.csv that the run must reproduce, if any.
  public let golden: GoldenDeclaration?
  /// Splits whose predictions are written.
  public let predictions: [String]
  /// Where the file asks for them.
  public let predictionsPlace: Place?

  /// What `plugins:` names, loaded.
  public let plugins: [Plugin]

  /// Every type that the file could name: those given, and the plugins'.
  public let registry: Registry

  /// The file as it was written.
  public let text: [UInt8]

  /// Every option with the value in force, as `resolved.yaml` has it.
  public let resolved: Node

  /// The same as YAML.
  public let resolvedText: String

  /// Its SHA-256, which names the experiment whatever its file looks like.
  public let configuration: String

  /// The place of the mapping as a whole.
  public let place: Place?

  /// Reads a file and applies overrides. Throws every mistake found.
  public init(path: String, overrides: [String] = [], registry: Registry) throws {
    let bytes = try readFile(path)
    try self.init(bytes, path: path, overrides: overrides, registry: registry)
  }

  /// Reads the bytes of a file that stands (or would stand) at `path`, to which
  /// its own paths are relative; messages call it `name`, `path` unless given.
  public init(
    _ bytes: [UInt8], path: String, name: String? = nil, overrides: [String] = [],
    registry: Registry
  ) throws {
    try self.init(
      parseYAML(bytes, name: name ?? path), text: bytes, path: path, overrides: overrides,
      registry: registry)
  }

  /// As above, for `text` that has been parsed already.
  public init(
    _ root: Node, text: [UInt8], path: String, overrides: [String], registry: Registry
  ) throws {
    try self.init(
      apply(overrides: overrides, to: root), text: text, folder: folder(of: path),
      defaultName: stem(of: path), registry: registry)
  }

  private init(
    _ root: Node, text: [UInt8], folder: String, defaultName: String, registry: Registry
  ) throws {
    var options = Options(root)
    self.text = text
    place = root.place
    // What `nnexp sweep` varies; a single run is of the file's own values.
    _ = options.node("sweep", "a mapping", "what nnexp sweep varies")
    name = options.string("name", default: defaultName, "names the folder of its results")
    do {
      try RunDirectory.validate(name: name)
    } catch { options.reject("name", error) }
    seed = UInt64(
      options.int("seed", default: 0, in: 0..., "of initial values, shuffling, splits, dropout"))
    dtype = options.choice(
      "dtype", default: .float32, of: DType.self,
      "the numbers that training computes in; gradient checks are always float64")

    var registry = registry
    plugins = try Experiment.readPlugins(from: &options, folder: folder, into: &registry)
    self.registry = registry

    var data: DataDeclaration?
    if options.contains("data") {
      data = options.section("data", "where the samples come from") { section in
        DataDeclaration(from: &section, registry: registry, folder: folder)
      }
    } else {
      options.reject("data", "missing 'data': where do the samples come from?")
      _ = options.node("data", "a mapping")
    }
    model = ModelDeclaration(from: &options, registry: registry)
    let objective = Objective(from: &options, registry: registry)
    let training = TrainingDeclaration(from: &options, registry: registry)
    gradientCheck = GradientCheckSettings.read(from: &options)
    let expected = ExpectSection(from: &options, folder: folder)
    expectations = expected.expectations
    expectsGradientCheck = expected.gradientCheck
    golden = expected.golden
    predictions = options.strings(
      "predictions", default: [], "splits to write to predictions.csv: train, validation, test")
    predictionsPlace = options.place(of: "predictions")
    for mistake in Experiment.mistakes(inSplits: predictions) {
      options.reject("predictions", mistake)
    }
    try options.finish()
    // Each of these is nil only after a mistake, and `finish` has thrown it.
    guard let data, let objective, let training else { throw options.diagnostics }
    self.data = data
    self.objective = objective
    self.training = training
    resolved = options.resolved
    resolvedText = writeYAML(resolved)
    configuration = SHA256.hex(of: Array(resolvedText.utf8))
  }

  /// Names of no split, and splits named twice.
  private static func mistakes(inSplits names: [String]) -> [Diagnostic] {
    let splits = ["train", "validation", "test"]
    return names.enumerated().compactMap { index, name in
      if !splits.contains(name) {
        return Diagnostic(
          "unknown split '\(name)'\(suggestion(for: name, among: splits))",
          notes: [.init("splits are: " + splits.joined(separator: ", "))])
      }
      return names[..<index].contains(name)
        ? Diagnostic("the split '\(name)' is named twice") : nil
    }
  }
}

/// `experiments` of `experiments/xor.yaml`; `.` of `xor.yaml`.
private func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// `xor` of `experiments/xor.yaml`.
private func stem(of path: String) -> String {
  let file = path.split(separator: "/").last ?? "experiment"
  guard let dot = file.lastIndex(of: "."), dot > file.startIndex else { return String(file) }
  return String(file[..<dot])
}
