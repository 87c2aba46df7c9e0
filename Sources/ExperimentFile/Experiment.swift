public import Datasets
public import Engine
public import Explanation
import Files
public import GradientCheck
public import NNExp
public import Plugins
import Results
import YAMLTree

/// An experiment file after reading: every section is typed, but nothing is built.
///
/// A class, because a sweep has thousands of experiments that share most of their content.
public final class Experiment: Sendable {
  public enum DType: String, CaseIterable, Sendable {
    case float32
    case float64
  }

  /// The name, which is also the name of the folder of its results.
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
  /// The metrics.csv that the run must reproduce; nil if there is none.
  public let golden: GoldenDeclaration?
  /// The weights that training starts from; nil for initial values.
  public let start: StartSection?
  /// The location of the section `sweep`, which a single run ignores; nil if there is none.
  public let sweepLocation: SourceLocation?
  /// The splits for which predictions are written.
  public let predictions: [String]
  /// The location of this list in the file.
  public let predictionsLocation: SourceLocation?
  /// The letters in which `nnexp explain` writes the experiment by default.
  public let notation: NotationName

  /// The plugins in `plugins:`, which have been loaded.
  public let plugins: [Plugin]

  /// Every type that the file can name: the given ones, and those of the plugins.
  public let registry: Registry

  /// The folder that the file's paths are relative to, as seen from the current folder.
  public let folder: String

  /// The folder under `data: {folder: …}` as written; nil if there is none.
  public let declaredFolder: String?

  /// The original text of the file.
  public let text: [UInt8]

  /// The original text of the file that `base` names; nil if there is none.
  public let baseText: [UInt8]?

  /// Every option with its effective value, as in `resolved.yaml`.
  public let resolved: ConfigValue

  /// `resolved` as YAML.
  public let resolvedText: String

  /// The SHA-256 of `resolvedText`, which identifies the experiment independently of the file's
  /// formatting.
  public let configuration: String

  /// The location of the whole mapping.
  public let location: SourceLocation?

  /// Reads a file and applies overrides. Throws every error.
  public convenience init(path: String, overrides: [String] = [], registry: Registry) throws {
    let bytes = try readFile(path)
    try self.init(bytes, path: path, overrides: overrides, registry: registry)
  }

  /// Reads the bytes of a file. Paths in the file are relative to the folder of `path`, where
  /// no file need exist. Messages call the file `name`; by default, `path`.
  public convenience init(
    _ bytes: [UInt8], path: String, name: String? = nil, overrides: [String] = [],
    registry: Registry, plugins policy: PluginPolicy = .load
  ) throws {
    try self.init(
      parseYAML(bytes, name: name ?? path), text: bytes, path: path, overrides: overrides,
      registry: registry, plugins: policy)
  }

  /// Reads a run's resolved.yaml. Paths in it are relative to the folder of `path`. The
  /// experiment's name is not checked, because earlier versions accepted more names.
  public convenience init(
    resolved bytes: [UInt8], path: String, name: String, registry: Registry,
    plugins policy: PluginPolicy = .load
  ) throws {
    var options = Options(try parseYAML(bytes, name: name))
    try self.init(
      &options, text: bytes, folder: Path.folder(of: path), fileName: nil, registry: registry,
      plugins: policy, memo: nil)
  }

  /// The same for a text that has already been parsed.
  ///
  /// - Parameter memo: the cache for experiments with the same path and registry.
  public convenience init(
    _ root: ConfigValue, text: [UInt8], path: String, overrides: [String], registry: Registry,
    plugins policy: PluginPolicy = .load, memo: Memo? = nil
  ) throws {
    try Experiment.requireExperiment(root, path: path)
    let base = try BaseFile(of: root, path: path)
    let whole = try apply(
      overrides: overrides, to: Blocks.expanded(base?.merged ?? root), isType: registry.hasType,
      notes: { Experiment.notes(onMissing: $0, in: $1, registry: registry) })
    var options = Options(whole)
    if let base = base?.relocated {
      options.surroundings = Surroundings(
        folder: Path.folder(of: path), registry: registry, base: base)
    }
    try self.init(
      &options, text: text, base: base?.text, folder: Path.folder(of: path),
      fileName: Path.stem(of: path), registry: registry, plugins: policy, memo: memo)
  }

  /// The descriptions of all keys that a file may have, for the sections that `text` contains.
  /// No plugin is loaded.
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

  /// Reads a tree only for its errors and the descriptions of its keys.
  static func reading(
    _ tree: ConfigValue, registry: Registry, isDescribing: Bool
  ) -> Options {
    var options = Options(tree, describing: isDescribing)
    _ = try? Experiment(
      &options, text: [], folder: ".", fileName: "text", registry: registry,
      plugins: .refuse("it is only described", remedy: ""), memo: nil)
    return options
  }

  /// - Parameter fileName: the name of the experiment if the file does not declare one; nil
  ///   for the resolved.yaml of a run, whose name is not checked.
  private init(
    _ options: inout Options, text: [UInt8], base: [UInt8]? = nil, folder: String,
    fileName: String?, registry: Registry, plugins policy: PluginPolicy, memo: Memo?
  ) throws {
    self.text = text
    baseText = base
    location = options.location
    let relocated = options.surroundings?.base
    let declaredFolder = Experiment.declaredFolder(in: options)
    self.declaredFolder = declaredFolder
    let folder = declaredFolder.map { Path.join(folder, $0) } ?? folder
    self.folder = folder
    let isNamed = options.contains("name")
    name = options.string(
      "name", default: fileName ?? "experiment", "the name of the folder of its results")
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
        "the seed of all random numbers: initial values, shuffling, splits, dropout"))
    dtype = options.choice(
      "dtype", default: .float32, of: DType.self,
      "the precision of training; gradient checks always use float64")

    var registry = registry
    plugins = try Experiment.readPlugins(
      from: &options, folder: folder, policy, into: &registry)
    self.registry = registry
    // A plugin may have changed since, and with it its types. Sections do not know the folder.
    let memo = plugins.isEmpty && declaredFolder == nil ? memo : nil
    let head = writeYAML(options.resolved)

    let dataSection = options.read(["data"], memo) { options -> DataDeclaration? in
      let explanation = "the source of the samples"
      guard
        let node = options.value(
          "data", "a mapping", explanation, default: nil, of: .keys)
      else {
        options.reject("data", "missing 'data': the source of the samples is required")
        return nil
      }
      return options.component("data", from: node) { section in
        DataDeclaration(from: &section, registry: registry, folder: folder)
      }
    }
    _ = options.value(
      "blocks", "a mapping", "lists of layers that model repeats: {block: NAME, repeat: 3}",
      of: .mapping(.list(.component(registry.layers.kind), 1...Int.max)))
    let modelSection = options.read(["model"], memo) { options in
      // Otherwise the files of initial values are relative to the file that names them.
      if declaredFolder != nil || relocated != nil {
        options.surroundings = Surroundings(folder: folder, registry: registry, base: relocated)
      }
      return ModelDeclaration(from: &options, registry: registry)
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
    _ = options.value(
      "base", "a file name",
      "another experiment, whose settings this one changes", of: .text)
    // A sweep reads this section; a single run ignores it.
    _ = options.value(
      "sweep", "a mapping", "the variations for nnexp sweep; nnexp run ignores them", of: .keys)
    sweepLocation = options.keyLocation(of: "sweep")
    notation = options.choice(
      "notation", default: .tanaka, of: NotationName.self,
      "the letters of nnexp explain: those of a source of experiments/seeds, or names")
    options.rejectUnread()
    if !options.diagnostics.isEmpty, fileName != nil, memo == nil, !options.isDescribing,
      let data = dataSection?.value, data.areTable, let objective = objectiveSection?.value
    {
      // Errors in the data are reported together with those in the file.
      do {
        _ = try data.load(as: Float.self, seed: seed, incomplete: objective.incompleteTargets)
      } catch { options.reject("data", error) }
    }
    try options.diagnostics.throwIfAny()
    // Each of these is nil only after an error, which was thrown.
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
