import Files
public import NNExp

/// The `data:` section of an experiment file.
///
///     data:
///       csv: {path: data/digits.csv, inputs: pixel_*, targets: digit}
///       target_kind: classes
///       shape: [1, 8, 8]
///       split: {validation: 0.2, stratified: true}
///       scale: min_max
///
/// The section names exactly one source: `inline`, `csv`, `idx`, `npy`, `npz`, `generated` or
/// one of a plugin. Validation and test data are split off from it (`split`), or come from
/// sources of their own under `validation:` and `test:`. Paths are relative to the experiment
/// file.
///
/// The `inputs` and `targets` of a source are mappings if the data have several ports of
/// each. A setting then takes one value for all ports, or a mapping:
///
///     data:
///       csv:
///         path: data/houses.csv
///         inputs: {numbers: "x_*", city: city}
///         targets: {price: price, sold: sold}
///       indices: {city: auto}
///       scale: {numbers: standardize, price: standardize}
///       target_kind: {sold: classes}
public struct DataDeclaration: Sendable {
  enum TargetKind: String, Sendable, CaseIterable { case auto, values, classes }

  let source: SourceDeclaration?
  /// The location of the source of the training data.
  public var location: SourceLocation? { source?.location }
  let validation: SourceDeclaration?
  let test: SourceDeclaration?
  let targetKind: PortSetting<TargetKind>
  let classes: PortSetting<DeclaredClasses>
  let isOneHot: Bool
  let shape: PortSetting<[Int]>
  /// The input ports that carry indices.
  let indices: DeclaredIndices
  let limit: Int?
  /// Whether each sample is read from its file every time it is needed, instead of being kept
  /// in memory.
  let isStreamed: Bool
  let split: Split
  let scales: DeclaredScales
  /// The filling of missing cells in columns that do not declare their own.
  let fill: Fill?

  /// The folder that paths are relative to.
  let folder: String

  /// The location for errors about `one_hot`.
  let oneHotLocation: SourceLocation?

  /// Whether other seeds can give other samples: generated ones, a random part of a file, or a
  /// random split.
  public var dependsOnSeed: Bool { limit != nil || split.dependsOnSeed || !areFiles }

  /// Whether other seeds or folds give other samples of the same files.
  public var hasVariants: Bool { areFiles && (limit != nil || split.dependsOnSeed) }

  /// Whether no source generates samples.
  private var areFiles: Bool {
    [source, validation, test].allSatisfy { $0.map { $0.source is any PortSource } ?? true }
  }

  /// The section without the keys that only the use of the rows depends on.
  public static func withoutPreparation(_ section: ConfigValue) -> ConfigValue {
    func without(_ keys: [String], _ section: ConfigValue) -> ConfigValue {
      guard case .map(let entries) = section.content else { return section }
      return ConfigValue(.map(entries.filter { entry in !keys.contains(text: entry.key) }))
    }
    var rest = without(["limit", "scale", "shape", "classes", "target_kind", "one_hot"], section)
    if case .map(var entries) = rest.content,
      let index = entries.firstIndex(where: { $0.key == "split" })
    {
      entries[index].value = without(
        ["validation", "test", "stratified", "folds", "fold"], entries[index].value)
      rest = ConfigValue(.map(entries))
    }
    return rest
  }

  /// Reads the section; errors are recorded in `options`.
  ///
  /// - Parameter folder: the one that paths are relative to.
  public init(from options: inout Options, registry: Registry, folder: String) {
    options.surroundings = Surroundings(
      folder: folder, registry: registry, base: options.surroundings?.base)
    self.folder = folder
    let text = "a path"
    let explanation =
      "the folder that all paths in the file are relative to; relative to the file's own folder"
    if let config = options.value(
      "folder", text, explanation, default: "the file's folder", of: .text)
    {
      if case .string(let path) = config.content, !path.isEmpty {
        if Path.isThere(folder), !Path.isFolder(folder) {
          options.reject("folder", "'\(folder)' is not a folder")
        } else if !Path.isThere(folder), !options.isDescribing {
          options.reject("folder", "there is no folder '\(folder)'")
        }
      } else {
        options.reject("folder", "folder must be \(text), found \(config.kind)")
      }
    }
    let source = SourceDeclaration(from: &options)
    self.source = source
    let inputs = DeclaredHalf(.inputs, of: source)
    let targets = DeclaredHalf(.targets, of: source)
    targetKind = PortSetting("target_kind", of: targets, from: &options) { key, options in
      options.choice(
        key, default: .auto, of: TargetKind.self,
        "auto: texts are classes, numbers are values unless 'classes' is given")
    }
    classes = PortSetting("classes", of: targets, from: &options) { key, options in
      DeclaredClasses(key, from: &options)
    }
    isOneHot = options.bool(
      "one_hot", default: false, "convert class targets to values, 1 for the class and 0 elsewhere")
    oneHotLocation = options.location(of: "one_hot")
    shape = PortSetting("shape", of: inputs, from: &options) { key, options in
      DataDeclaration.shape(key, from: &options)
    }
    indices = DeclaredIndices(from: &options, inputs: inputs)
    limit = options.optionalInt("limit", in: 1..., "take only a random part, before the split")

    isStreamed = options.bool(
      "stream", default: false,
      "csv, idx, npy: read samples from their files as they are needed, for data beyond the memory")

    options.suggest("shape", for: "input_shape")
    options.suggest("scale", for: "normalize", "standardize", "scaler")
    options.suggest("validation", for: "val", "valid", "dev")
    let split = options.value(
      "split", "a mapping", "parts of the samples for validation and test", of: .keys
    )
    .flatMap { options.component("split", from: $0) { Split(from: &$0, targets: targets) } }
    self.split = split ?? .none

    scales = DeclaredScales(from: &options, inputs: inputs, targets: targets)
    fill = Fill.read(
      "fill", from: &options,
      "csv: the filling of missing cells, fitted to the training data; drop_row is for targets too")
    if fill != nil, let source, !(source.source is CSVDeclaration) {
      options.reject("fill", "'fill' needs a CSV source")
    }

    func part(_ key: String, _ explanation: String) -> SourceDeclaration? {
      guard let config = options.value(key, "a source", explanation, of: .keys) else {
        return nil
      }
      return options.component(key, from: config) { inner in
        SourceDeclaration(from: &inner, training: source)
      } ?? nil
    }
    validation = part("validation", "a separate source of validation data")
    test = part("test", "a separate source of test data")

    for (key, fraction) in [("validation", self.split.validation), ("test", self.split.test)]
    where options.contains(key)
      && (fraction > 0 || self.split.column != nil
        || self.split.folds != nil && key == "validation")
    {
      options.reject(key, "\(key) data come from 'split' already; keep one of the two")
    }
    let byColumn = self.split.column ?? self.split.group ?? self.split.order
    if byColumn != nil, let source, !(source.source is CSVDeclaration) {
      options.reject("split", "a split by a column needs a CSV source")
    }
    if isStreamed, let source, !(source.source is any StreamableSource) {
      options.reject(
        "stream", "only csv, idx and npy data can be streamed")
    }
    for (key, part) in [("validation", validation), ("test", test)] {
      guard let part else { continue }
      for half in [inputs, targets] {
        for fault in half.faults(inPortsOf: part, for: key) { options.reject(key, fault) }
      }
    }
    for port in targets.names.map({ $0.map { Optional($0.name) } }) ?? [nil] {
      if let fault = classesFault(ofPort: port) { options.reject("classes", fault) }
    }
    let targetNames = targets.names?.map(\.name) ?? []
    for port in indices.names where !targetNames.contains(text: port) {
      if let location = scales.location(ofPort: port) {
        options.reject(
          "scale", Diagnostic("port '\(port)' carries indices, which are not scaled", at: location))
      }
    }
  }

  /// The same settings for one file, without a split.
  init(_ model: DataDeclaration, onlySource file: LabeledFile) {
    source = SourceDeclaration(onCommandLine: file)
    (validation, test, split, limit, isStreamed) = (nil, nil, .none, nil, false)
    targetKind = model.targetKind
    classes = model.classes
    isOneHot = model.isOneHot
    oneHotLocation = model.oneHotLocation
    shape = model.shape
    indices = model.indices
    scales = model.scales
    fill = model.fill
    folder = model.folder
  }

  /// The error if `classes` of a target port contradicts `target_kind`; nil if there is none.
  private func classesFault(ofPort port: String?) -> Diagnostic? {
    guard targetKind[port] == .values, classes[port]?.areDeclared == true else { return nil }
    // A single value of `classes` applies only to the ports that are classes.
    if targetKind.isGiven(for: port), !classes.isGiven(for: port) { return nil }
    let owner = classes.isGiven(for: port) ? " of port '\(port ?? "")'" : ""
    return Diagnostic(
      "'classes'\(owner) contradicts 'target_kind: values'", at: classes.location(for: port))
  }

  /// Whether the data are a table, in which single cells can be wrong.
  public var areTable: Bool { source?.source is CSVDeclaration }

  /// The number of runs, one per fold, if the file asks for all folds; nil otherwise.
  public var foldsToRun: Int? { split.folds.flatMap { $0.fold == nil ? $0.count : nil } }

  /// The names of the input ports, in order; nil if the data have a single unnamed port.
  public var inputPortNames: [(name: String, location: SourceLocation?)]? {
    DeclaredHalf(.inputs, of: source).names
  }

  /// The names of the target ports, in order; nil if the data have a single unnamed port.
  public var targetPortNames: [(name: String, location: SourceLocation?)]? {
    DeclaredHalf(.targets, of: source).names
  }

  private static func shape(_ key: String, from options: inout Options) -> [Int]? {
    guard options.contains(key) else {
      _ = options.value(
        key, "a list of 1 to 4 integers", "the inputs' shape, row-major",
        of: .list(.integers(1...Int.max), 1...Shape.maximumRank))
      return nil
    }
    return options.ints(
      key, in: 1..., count: 1...Shape.maximumRank, "the inputs' shape, row-major")
  }
}
