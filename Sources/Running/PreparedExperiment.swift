public import Datasets
public import Engine
public import ExperimentFile
import Files
public import GradientCheck
public import NNExp
public import Results
import YAMLTree

/// An experiment after its data were read and its network was built. At this point, every error
/// in the file has been found.
public struct PreparedExperiment<S: Scalar> {
  public let experiment: Experiment
  public let data: RunDatasets<S>
  public let graph: Graph
  public var heads: [Head] { trainer.heads }
  public let trainer: Trainer<S>
  let gradientCheck: GradientCheckSettings
  /// The table that the run is expected to reproduce.
  private(set) var golden: GoldenMetrics?
  /// The absolute path of the run whose weights training starts from; nil if there is none.
  private(set) var startingRun: String?
  /// Messages before training: guesses and probable errors.
  public private(set) var announcements: [Diagnostic] = []

  /// - Parameters:
  ///   - memo: the memo of experiments with the same path and registry.
  ///   - gradientCheck: replaces the experiment's gradient check.
  ///   - starts: whether the weights of `start_from` are needed.
  ///   - triesPlugins: whether components of plugins are first tried on two samples.
  ///   - readsSamples: false to plan only. Samples that are not in memory yet may then stay in the
  ///     rows of their files.
  ///   - use: `.evaluation` if the network only measures or predicts.
  ///   - scratch: the path near which the numbers of streamed tables are stored; nil if they are
  ///     parsed each time.
  public init(
    _ experiment: Experiment, memo: Memo? = nil,
    gradientCheck: GradientCheckSettings? = nil, triesPlugins: Bool = true, starts: Bool = true,
    readsSamples: Bool = true, use: NetworkUse = .training, scratch: String? = nil
  ) throws {
    let data = try PreparedExperiment.data(experiment, memo, readsSamples, scratch: scratch)
    try self.init(
      experiment, data: data, gradientCheck: gradientCheck, triesPlugins: triesPlugins, use: use)
    golden = try experiment.golden.map { [trainer] in
      try GoldenMetrics($0, columns: trainer.columns)
    }
    try checkExpectations()
    try checkPredictions()
    announcements = data.announcements + announcementsOfSetup()
    if starts, let start = experiment.start {
      let weights = try StartingWeights(start)
      announcements.append(try weights.put(into: trainer.network))
      startingRun = weights.run
    }
  }

  /// The data, which are loaded once for equal declarations. A plan uses the same data as a run
  /// if these are in memory.
  private static func data(
    _ experiment: Experiment, _ memo: Memo?, _ readsSamples: Bool, scratch: String?
  ) throws -> RunDatasets<S> {
    guard let memo else { return try load(experiment, nil, true, scratch: scratch) }
    let key = DataKey(experiment)
    if readsSamples || !experiment.data.hasVariants {
      return try memo.value(for: key) { try load(experiment, memo, true, scratch: scratch) }
    }
    if let data: RunDatasets<S> = memo.newest(for: key) { return data }
    return try memo.value(for: PlanKey(data: key)) {
      try load(experiment, memo, false, scratch: scratch)
    }
  }

  /// Reads the data. If only a split and scales make them differ between experiments, the files are
  /// read once for all experiments that have the memo.
  private static func load(
    _ experiment: Experiment, _ memo: Memo?, _ readsSamples: Bool, scratch: String?
  ) throws -> RunDatasets<S> {
    let (data, seed) = (experiment.data, experiment.seed)
    let (incomplete, needs) = (
      experiment.objective.incompleteTargets, experiment.objective.targetNeeds
    )
    guard let memo, data.hasVariants else {
      return try data.load(
        as: S.self, seed: seed, incomplete: incomplete, needs: needs, scratch: scratch)
    }
    let sources = try memo.value(for: DataKey(sourcesOf: experiment)) {
      try data.sources(seed: seed, incomplete: incomplete, needs: needs, scratch: scratch)
    }
    return try data.load(
      as: S.self, seed: seed, incomplete: incomplete, needs: needs, from: sources,
      areRead: readsSamples)
  }

  /// Reports the errors that are found before training, for data that are already in memory.
  /// Returns the announcements.
  package static func check(
    _ experiment: Experiment, data: RunDatasets<S>
  ) throws -> (announcements: [Diagnostic], columns: [MetricColumn]) {
    let prepared = try PreparedExperiment(experiment, data: data, triesPlugins: false)
    try prepared.checkExpectations()
    try prepared.checkPredictions()
    return (
      data.announcements + prepared.announcementsOfSetup(), Array(prepared.trainer.columns)
    )
  }

  /// An experiment with data that are already in memory. Its expectations are not checked.
  init(
    _ experiment: Experiment, data: RunDatasets<S>, gradientCheck: GradientCheckSettings? = nil,
    triesPlugins: Bool = true, use: NetworkUse = .training
  ) throws {
    self.experiment = experiment
    var settings = gradientCheck ?? experiment.gradientCheck
    if experiment.expectsGradientCheck { settings.isGuard = false }
    self.gradientCheck = settings
    let registry = experiment.registry
    graph = try Graph(
      experiment.model, ports: data.inputs,
      at: experiment.data.inputPortNames?.map(\.location) ?? [], heads: experiment.objective.heads,
      l1: experiment.training.l1, l2: experiment.training.l2, registry: registry)
    var data = data
    let heads = try experiment.objective.bound(
      to: graph, targets: data.targets, isWeighted: data.isWeighted, registry: registry
    ) { target in
      let classes = try data.classes(ofTarget: target)
      if data.classCounts.isEmpty {
        data.classCounts = Array(repeating: nil, count: data.targets.count)
      }
      data.classCounts[target] = classes?.counts
      return classes
    }
    self.data = data
    if triesPlugins { try checkBuffers(of: experiment, graph, heads) }
    trainer = try Trainer(
      graph, heads: heads, training: experiment.training, data: data, seed: experiment.seed,
      use: use)
    try (gradientCheck ?? experiment.gradientCheck).requireSense(for: graph)
  }

  /// The experiment with training samples of a run, converted as the run converted them.
  ///
  /// The first samples are in the run's folder. If more are needed, the data are read again;
  /// they must not have changed. A run of nnexp 0.1.0 has no columns.json; its data are read
  /// and fitted again.
  ///
  /// - Parameter count: the number of samples that are needed; nil for those of the gradient
  ///   check.
  public init(
    _ experiment: Experiment, gradientCheck: GradientCheckSettings? = nil,
    samplesOf directory: RunDirectory, count: Int? = nil
  ) throws {
    let described = try PreparedExperiment.described(by: directory)
    if let described {
      let needed = min(
        count ?? (gradientCheck ?? experiment.gradientCheck).batch ?? Self.standardBatch,
        described.train.count)
      let kept = try PreparedExperiment.read(KeptSamples.file, of: directory) { bytes, _ in
        try described.holding(bytes)
      }
      if let kept, kept.train.count >= needed {
        try self.init(experiment, data: kept, gradientCheck: gradientCheck)
        return
      }
    }
    try self.init(experiment, gradientCheck: gradientCheck, fittedAs: directory)
    try FileHash.requireSame(
      try RunRecord(of: directory).data, dataHashes, "data file",
      "cannot use '\(directory.path)'")
  }

  /// The experiment with its data, which are read again and converted as a run converted them. If
  /// the run has no columns.json, the data are fitted again.
  public init(
    _ experiment: Experiment, gradientCheck: GradientCheckSettings? = nil,
    fittedAs directory: RunDirectory
  ) throws {
    let encoding = try PreparedExperiment.described(by: directory)?.encoding
    let data = try experiment.data.load(
      as: S.self, seed: experiment.seed, incomplete: experiment.objective.incompleteTargets,
      needs: experiment.objective.targetNeeds, fitted: encoding)
    try self.init(experiment, data: data, gradientCheck: gradientCheck)
  }

  /// The experiment with labeled samples of a file as its training data.
  ///
  /// - Parameter directory: the run whose interpretation of the data is used; nil for that of
  ///   the experiment's own data.
  public init(
    _ experiment: Experiment, gradientCheck: GradientCheckSettings? = nil,
    labeled path: String, like directory: RunDirectory?
  ) throws {
    let prepared =
      try directory.flatMap { try PreparedExperiment(experiment, columnsOf: $0) }
      ?? PreparedExperiment(experiment, starts: false)
    try self.init(experiment, data: prepared.labeled(path), gradientCheck: gradientCheck)
  }

  /// The contents of a file of a run; nil if there is none.
  private static func read<Value>(
    _ file: String, of directory: RunDirectory, _ make: ([UInt8], String) throws -> Value
  ) throws -> Value? {
    guard let bytes = try directory.readIfThere(file) else { return nil }
    let path = directory.folder.path(of: file)
    do {
      return try make(bytes, path)
    } catch let fact as Diagnostic where fact.failure == .input && fact.location == nil {
      throw Diagnostic("'\(path)' is damaged: \(fact.message)", failure: .environment)
    }
  }

  /// The data as a run's columns.json describes them; nil if there is none.
  private static func described(by directory: RunDirectory) throws -> RunDatasets<S>? {
    try read(DataEncoding.file, of: directory) { bytes, path in
      try RunDatasets(describedBy: JSON(parsing: bytes, from: path))
    }
  }

  /// The experiment of a finished run, with the run's interpretation of its data: to read
  /// other samples, without the files that it was trained from.
  ///
  /// Nil if the run has no columns.json, as those of nnexp 0.1.0.
  public init?(
    _ experiment: Experiment, columnsOf directory: RunDirectory, use: NetworkUse = .training
  ) throws {
    guard let data = try PreparedExperiment.described(by: directory) else { return nil }
    try self.init(experiment, data: data, use: use)
  }

  /// Labeled samples of another file, converted like the data of the run; all are in `train`.
  public func labeled(_ path: String) throws -> RunDatasets<S> {
    try experiment.data.loadLabeled(
      path: path, like: data, incomplete: experiment.objective.incompleteTargets,
      needs: experiment.objective.targetNeeds)
  }

  /// Checks that every expected column is measured.
  private func checkExpectations() throws {
    var errors = Diagnostics()
    for expectation in experiment.expectations {
      do { try expectation.check(among: columns) } catch { errors.add(error) }
    }
    try errors.throwIfAny()
  }

  /// The columns of metrics.csv that are measured on data. Expectations may refer to them.
  public var columns: [MetricColumn] { trainer.measuredColumns }

  private func checkPredictions() throws {
    for split in experiment.predictions where samples(of: split) == nil {
      throw Diagnostic(
        "there are no \(split) data to predict", at: experiment.predictionsLocation,
        notes: [.init("give data: {split: {\(split): 0.2}}, or omit '\(split)'")])
    }
    if experiment.predictions.isEmpty { return }
    do { _ = try Predictions(self, hasTargets: true, hasSplits: true) } catch {
      throw (error as? Diagnostic)?.located(at: experiment.predictionsLocation) ?? error
    }
  }

  /// The samples of a split; nil if there are none.
  public func samples(of split: String) -> Dataset<S>? {
    switch split {
    case "train": data.train
    case "validation": data.validation
    case "test": data.test
    default: nil
    }
  }

  /// The model as a table: node, type, inputs, output shape, parameters.
  public var modelTable: String { table(nodeRows, rightAligned: [4]) }

  /// The rows of this table under their heading.
  public var nodeRows: [[String]] {
    var rows = [["node", "type", "inputs", "output", "parameters"]]
    for node in graph.nodes {
      let inputs = node.inputs.map(graph.name)
      let parameters = graph.parameters(of: node).filter { $0.node == node.name }
      let count = parameters.reduce(0) { $0 + $1.shape.count }
      let frozen = parameters.filter(\.isFrozen).reduce(0) { $0 + $1.shape.count }
      rows.append([
        node.name, node.typeName, inputs.joined(separator: ", "),
        node.plan.outputs.map { "\($0.shape)" }.joined(separator: ", "),
        frozen == 0 ? "\(count)" : "\(count) (\(frozen) frozen)",
      ])
    }
    return rows
  }

  /// The experiment file with all defaults and all values that were derived from the data.
  public var fullText: String {
    guard case .map(var entries) = experiment.resolved.content,
      let index = entries.firstIndex(where: { $0.key == "data" })
    else { return experiment.resolvedText }
    entries[index].value = data.encoding.declared(in: entries[index].value)
    let text = writeYAML(ConfigValue(.map(entries)))
    return experiment.declaredFolder.map { Experiment.text(text, withFolder: $0) } ?? text
  }

  /// The columns of a table: their use, and how they are read; nil for other data.
  public var columnTable: String? {
    data.encoding.columnRows.map { table($0, rightAligned: [3, 4, 7]) }
  }

  /// The parts of the memory in words: `program 17.4 MB, data …`.
  public var memoryParts: String { MemoryForecast(self).parts }

  /// The totals below the table: `9 parameters; 17.4 MB of memory; …`.
  public var totals: String {
    var parts = ["\(graph.parameterCount) parameters"]
    if graph.trainableCount != graph.parameterCount {
      parts.append("\(graph.trainableCount) learn")
    }
    parts.append("\(describeBytes(MemoryForecast(self).total)) of memory")
    let splits = ["train", "validation", "test"].compactMap { split in
      samples(of: split).map { "\($0.count) \(split)" }
    }
    let dropped = data.droppedRows
    parts.append(
      "samples: " + splits.joined(separator: ", ")
        + (dropped > 0 ? " (rows left out for a missing cell: \(dropped))" : ""))
    return parts.joined(separator: "; ")
  }
}

/// The declaration and files that an experiment's data depend on.
private struct DataKey: Equatable, Sendable {
  let declaration: ConfigValue?
  let folder: String
  /// Nil if all seeds give the same data, so that they are read once.
  let seed: UInt64?
  let plugins: [FileHash]
  let incomplete: Set<String>
  let needs: [String: TargetNeeds]

  init(_ experiment: Experiment) {
    declaration = experiment.resolved["data"]
    folder = experiment.folder
    seed = experiment.data.dependsOnSeed ? experiment.seed : nil
    plugins = experiment.pluginHashes
    incomplete = experiment.objective.incompleteTargets
    needs = experiment.objective.targetNeeds
  }

  /// The part that the rows of the files depend on.
  init(sourcesOf experiment: Experiment) {
    declaration = experiment.resolved["data"].map(DataDeclaration.withoutPreparation)
    folder = experiment.folder
    seed = nil
    plugins = experiment.pluginHashes
    incomplete = experiment.objective.incompleteTargets
    needs = experiment.objective.targetNeeds
  }
}

/// The key of data that are only planned with.
private struct PlanKey: Equatable, Sendable {
  let data: DataKey
}

extension PreparedExperiment {
  /// Sets the network's weights and state to those of a checkpoint.
  public func load(_ checkpoint: Checkpoint) throws {
    for parameter in trainer.network.learned {
      let name = "\(parameter.node).\(parameter.name)"
      guard let stored = checkpoint[name] else {
        throw Diagnostic("the checkpoint has no '\(name)', which the model has")
      }
      try stored.copy(to: parameter.tensor)
    }
  }

  /// The maximum number of samples of a gradient check, if the file specifies none.
  static var standardBatch: Int { 8 }

  /// The number of training samples that a gradient check uses.
  var checkedSamples: Int { min(gradientCheck.batch ?? Self.standardBatch, data.train.count) }

  /// Checks the gradients at the network's current weights.
  ///
  /// The batch consists of the first training samples: as many as the file specifies, by
  /// default up to eight.
  ///
  /// Nil if the check was cancelled.
  public func checkGradients(
    at moment: GradientCheckSettings.Moment, cancellation: CancellationToken = .never
  ) throws -> GradientReport? {
    let settings = gradientCheck
    let batch = try data.train.held(0..<checkedSamples)
    let checker = GradientChecker(
      settings, random: RandomStream(seed: experiment.seed, purpose: "gradient check"))
    return try checker.check(at: moment.rawValue, cancellation: cancellation) {
      try NetworkSubject(
        of: trainer.network, samples: batch, seed: experiment.seed)
    }
  }

  /// Counts the confusion matrix of each head that learns classes; nil if there is no such
  /// head.
  public var confusion: Evaluator<S>? {
    let counts = heads.map { head -> [BoundMetric] in
      guard case .classes = head.target,
        let size = try? ConfusionCounts().plan(output: head.outputShape, target: head.target)
      else { return [] }
      return [BoundMetric(name: "confusion", metric: ConfusionCounts(), tallySize: size)]
    }
    return counts.allSatisfy(\.isEmpty) ? nil : Evaluator(trainer.network, metrics: counts)
  }
}
