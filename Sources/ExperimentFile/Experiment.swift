public import Datasets
public import Engine
import Files
public import GradientCheck
public import NNExp
public import Plugins
import Results
import YAMLTree

/// An experiment file, read: every section typed, nothing built yet.
///
/// Handed over by reference: a sweep has thousands, which share most of it.
public final class Experiment: Sendable {
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
  public let gradientCheck: GradientCheckSettings
  public let expectations: [Expectation]
  /// True if the gradient check must pass.
  public let expectsGradientCheck: Bool
  /// The metrics.csv that the run must reproduce, if any.
  public let golden: GoldenDeclaration?
  /// The weights that training starts from; nil for initial values.
  public let start: StartSection?
  /// Splits whose predictions are written.
  public let predictions: [String]
  /// Where the file asks for them.
  public let predictionsLocation: SourceLocation?

  /// What `plugins:` names, loaded.
  public let plugins: [Plugin]

  /// Every type that the file could name: those given, and the plugins'.
  public let registry: Registry

  /// The file as it was written.
  public let text: [UInt8]

  /// Every option with the value in force, as `resolved.yaml` has it.
  public let resolved: ConfigValue

  /// The same as YAML.
  public let resolvedText: String

  /// Its SHA-256, which names the experiment whatever its file looks like.
  public let configuration: String

  /// The location of the mapping as a whole.
  public let location: SourceLocation?

  /// Reads a file and applies overrides. Throws every error found.
  public convenience init(path: String, overrides: [String] = [], registry: Registry) throws {
    let bytes = try readFile(path)
    try self.init(bytes, path: path, overrides: overrides, registry: registry)
  }

  /// Reads the bytes of a file that stands (or would stand) at `path`, to which
  /// its own paths are relative; messages call it `name`, `path` unless given.
  public convenience init(
    _ bytes: [UInt8], path: String, name: String? = nil, overrides: [String] = [],
    registry: Registry, plugins policy: PluginPolicy = .load
  ) throws {
    try self.init(
      parseYAML(bytes, name: name ?? path), text: bytes, path: path, overrides: overrides,
      registry: registry, plugins: policy)
  }

  /// Reads a run's resolved.yaml, whose own paths are relative to the file at `path`.
  /// The name may be any: earlier versions accepted more of them.
  public convenience init(
    resolved bytes: [UInt8], path: String, name: String, registry: Registry,
    plugins policy: PluginPolicy = .load
  ) throws {
    var options = Options(try parseYAML(bytes, name: name))
    try self.init(
      &options, text: bytes, folder: Path.folder(of: path), fileName: nil, registry: registry,
      plugins: policy, memo: nil)
  }

  /// As above, for `text` that has been parsed already.
  ///
  /// - Parameter memo: of experiments of the same path and registry.
  public convenience init(
    _ root: ConfigValue, text: [UInt8], path: String, overrides: [String], registry: Registry,
    plugins policy: PluginPolicy = .load, memo: Memo? = nil
  ) throws {
    try Experiment.requireExperiment(root, path: path)
    let whole = try apply(
      overrides: overrides, to: root, isType: registry.hasType,
      notes: { Experiment.notes(onMissing: $0, in: $1, registry: registry) })
    var options = Options(whole)
    try self.init(
      &options, text: text, folder: Path.folder(of: path), fileName: Path.stem(of: path),
      registry: registry, plugins: policy, memo: memo)
  }

  /// The descriptions of every key that a file may have, as far as `text` has the mappings
  /// that the keys belong to. No plugin is loaded.
  package static func descriptions(
    of text: String, registry: Registry
  ) throws -> [Options.Description] {
    let bytes = Array(text.utf8)
    var options = Options(try parseYAML(bytes, name: "text"), describing: true)
    _ = try? Experiment(
      &options, text: bytes, folder: ".", fileName: "text", registry: registry,
      plugins: .refuse("it is only described", remedy: ""), memo: nil)
    return options.descriptions
  }

  /// Reads a tree for its errors and the descriptions of its keys only.
  static func reading(
    _ tree: ConfigValue, registry: Registry, isDescribing: Bool
  ) -> Options {
    var options = Options(tree, describing: isDescribing)
    _ = try? Experiment(
      &options, text: [], folder: ".", fileName: "text", registry: registry,
      plugins: .refuse("it is only described", remedy: ""), memo: nil)
    return options
  }

  /// - Parameter fileName: the experiment's name where the file gives none; nil for a
  ///   run's resolved.yaml, whose name is not checked.
  private init(
    _ options: inout Options, text: [UInt8], folder: String, fileName: String?,
    registry: Registry, plugins policy: PluginPolicy, memo: Memo?
  ) throws {
    self.text = text
    location = options.location
    let isNamed = options.contains("name")
    name = options.string(
      "name", default: fileName ?? "experiment", "names the folder of its results")
    options.document("name", default: "the file's name")
    if fileName != nil {
      do {
        try isNamed
          ? RunDirectory.validate(name: name) : RunDirectory.validate(fileName: name)
      } catch { options.reject("name", error) }
    }
    options.suggest("seed", for: "random_seed", "random_state")
    options.suggest("model", for: "layers", "network", "architecture")
    options.suggest("train", for: "training", "trainer", "fit")
    options.suggest("loss", for: "criterion", "objective")
    seed = UInt64(
      options.int(
        "seed", default: 0, in: 0...,
        "of the random numbers: initial values, shuffling, splits, dropout"))
    dtype = options.choice(
      "dtype", default: .float32, of: DType.self,
      "the numbers that training computes in; gradient checks are always float64")

    var registry = registry
    plugins = try Experiment.readPlugins(
      from: &options, folder: folder, policy, into: &registry)
    self.registry = registry
    // A plugin may have changed since, and its types with it.
    let memo = plugins.isEmpty ? memo : nil
    let head = writeYAML(options.resolved)

    let dataSection = options.read(["data"], memo) { options -> DataDeclaration? in
      let explanation = "where the samples come from"
      guard let node = options.value("data", "a mapping", explanation, default: nil) else {
        options.reject("data", "missing 'data': where do the samples come from?")
        return nil
      }
      return options.component("data", from: node) { section in
        DataDeclaration(from: &section, registry: registry, folder: folder)
      }
    }
    let modelSection = options.read(["model"], memo) { options in
      ModelDeclaration(from: &options, registry: registry)
    }
    let objectiveSection = options.read(["loss", "metrics"], memo) { options in
      Objective(from: &options, registry: registry, checksNames: fileName != nil)
    }
    let trainingSection = options.read(["train"], memo) { options in
      TrainingDeclaration(from: &options, registry: registry)
    }
    let checkSection = options.read(["gradient_check"], memo) { options in
      GradientCheckSettings.read(from: &options)
    }
    let expectSection = options.read(["expect"], memo) { options in
      ExpectSection(from: &options, folder: folder)
    }
    let startSection = options.read(["start_from"], memo) { options in
      StartDeclaration(section: StartSection(from: &options, folder: folder, registry: registry))
    }
    let predictionsSection = options.read(["predictions"], memo) { options in
      PredictionsSection(from: &options)
    }
    // A single run has the file's own values.
    _ = options.value("sweep", "a mapping", "what nnexp sweep varies; nnexp run ignores it")
    try options.finish()
    // Each of these is nil only after an error, and `finish` has thrown it.
    guard let dataSection, let modelSection, let objectiveSection, let trainingSection,
      let checkSection, let expectSection, let startSection, let predictionsSection
    else { throw options.diagnostics }
    data = dataSection.value
    model = modelSection.value
    objective = objectiveSection.value
    training = trainingSection.value
    gradientCheck = checkSection.value
    expectations = expectSection.value.expectations
    expectsGradientCheck = expectSection.value.gradientCheck
    golden = expectSection.value.golden
    start = startSection.value.section
    predictions = predictionsSection.value.splits
    predictionsLocation = predictionsSection.value.location
    resolved = options.resolved
    resolvedText =
      head + dataSection.yaml + modelSection.yaml + objectiveSection.yaml + trainingSection.yaml
      + checkSection.yaml + expectSection.yaml + startSection.yaml + predictionsSection.yaml
    configuration = SHA256.hex(of: Array(resolvedText.utf8))
  }
}
