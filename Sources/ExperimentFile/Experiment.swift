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

  /// What may be taken over by an experiment of the same file.
  private let parts: Parts

  /// The sections as they were read.
  private struct Parts: Sendable {
    let data: Options.Reading<DataDeclaration?>
    let model: Options.Reading<ModelDeclaration>
    let objective: Options.Reading<Objective?>
    let training: Options.Reading<TrainingDeclaration?>
    let gradientCheck: Options.Reading<GradientCheckSettings>
    let expected: Options.Reading<ExpectSection>
    let entries: [ResolvedEntry]
  }

  /// An entry of `resolved`, as `resolvedText` has it.
  private struct ResolvedEntry: Sendable {
    let key: String
    let node: Node
    let text: String
    /// Of the text as far as its end.
    let hash: SHA256
  }

  /// Reads a file and applies overrides. Throws every mistake found.
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
    try self.init(
      parseYAML(bytes, name: name), text: bytes, folder: Path.folder(of: path), fileName: nil,
      registry: registry, plugins: policy, like: nil)
  }

  /// As above, for `text` that has been parsed already.
  ///
  /// - Parameter sibling: an experiment of the same `root`, path and registry, whose
  ///   sections are taken over where the overrides leave them alone.
  public convenience init(
    _ root: Node, text: [UInt8], path: String, overrides: [String], registry: Registry,
    plugins policy: PluginPolicy = .load, like sibling: Experiment? = nil
  ) throws {
    try self.init(
      apply(overrides: overrides, to: root), text: text, folder: Path.folder(of: path),
      fileName: Path.stem(of: path), registry: registry, plugins: policy, like: sibling)
  }

  /// - Parameter fileName: the experiment's name where the file gives none; nil for a
  ///   run's resolved.yaml, whose name is not checked.
  private init(
    _ root: Node, text: [UInt8], folder: String, fileName: String?, registry: Registry,
    plugins policy: PluginPolicy, like sibling: Experiment?
  ) throws {
    var options = Options(root)
    self.text = text
    place = root.place
    // What `nnexp sweep` varies; a single run is of the file's own values.
    _ = options.node("sweep", "a mapping", "what nnexp sweep varies")
    let isNamed = options.contains("name")
    name = options.string(
      "name", default: fileName ?? "experiment", "names the folder of its results")
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
      options.int("seed", default: 0, in: 0..., "of initial values, shuffling, splits, dropout"))
    dtype = options.choice(
      "dtype", default: .float32, of: DType.self,
      "the numbers that training computes in; gradient checks are always float64")

    var registry = registry
    plugins = try Experiment.readPlugins(
      from: &options, folder: folder, policy, into: &registry)
    self.registry = registry
    // A plugin may have changed since, and its types with it.
    let earlier = plugins.isEmpty ? sibling : nil

    let dataPart = options.read(like: earlier?.parts.data) { options -> DataDeclaration? in
      if options.contains("data") {
        return options.section("data", "where the samples come from") { section in
          DataDeclaration(from: &section, registry: registry, folder: folder)
        }
      }
      options.reject("data", "missing 'data': where do the samples come from?")
      _ = options.node("data", "a mapping")
      return nil
    }
    let model = options.read(like: earlier?.parts.model) { options in
      ModelDeclaration(from: &options, registry: registry)
    }
    let objectivePart = options.read(like: earlier?.parts.objective) { options in
      Objective(from: &options, registry: registry, checksNames: fileName != nil)
    }
    let trainingPart = options.read(like: earlier?.parts.training) { options in
      TrainingDeclaration(from: &options, registry: registry)
    }
    let gradientCheck = options.read(like: earlier?.parts.gradientCheck) { options in
      GradientCheckSettings.read(from: &options)
    }
    let expected = options.read(like: earlier?.parts.expected) { options in
      ExpectSection(from: &options, folder: folder)
    }
    self.model = model.value
    self.gradientCheck = gradientCheck.value
    expectations = expected.value.expectations
    expectsGradientCheck = expected.value.gradientCheck
    golden = expected.value.golden
    predictions = options.strings(
      "predictions", default: [], "splits to write to predictions.csv: train, validation, test")
    predictionsPlace = options.place(of: "predictions")
    for mistake in Experiment.mistakes(inSplits: predictions) {
      options.reject("predictions", mistake)
    }
    try options.finish()
    // Each of these is nil only after a mistake, and `finish` has thrown it.
    guard let data = dataPart.value, let objective = objectivePart.value,
      let training = trainingPart.value
    else { throw options.diagnostics }
    self.data = data
    self.objective = objective
    self.training = training
    resolved = options.resolved
    parts = Parts(
      data: dataPart, model: model, objective: objectivePart, training: trainingPart,
      gradientCheck: gradientCheck, expected: expected,
      entries: Experiment.entries(of: resolved, like: earlier?.parts.entries ?? []))
    resolvedText = parts.entries.map { $0.text }.joined()
    configuration = parts.entries.last?.hash.hex ?? SHA256().hex
  }

  /// Every entry of the resolved mapping as YAML; the first of them that are
  /// `earlier` ones need not be hashed again.
  private static func entries(
    of resolved: Node, like earlier: [ResolvedEntry]
  ) -> [ResolvedEntry] {
    guard case .map(let entries) = resolved.content else { return [] }
    var hash = SHA256()
    var isBegunAlike = true
    return entries.enumerated().map { index, entry in
      let known = earlier.dropFirst(index).first.flatMap {
        $0.key == entry.key && $0.node.isSame(as: entry.value) ? $0 : nil
      }
      isBegunAlike = isBegunAlike && known != nil
      if isBegunAlike, let known {
        hash = known.hash
        return known
      }
      let text = known?.text ?? writeYAML(Node(.map([entry])))
      hash.update(text)
      return ResolvedEntry(key: entry.key, node: entry.value, text: text, hash: hash)
    }
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
