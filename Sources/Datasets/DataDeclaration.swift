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
/// Exactly one source: `inline`, `csv`, `idx`, `npy`, `npz`, `generated` or a plugin's.
/// Validation and test data come from it by `split`, or from sources of their
/// own under `validation:` and `test:`. Paths are relative to the experiment
/// file.
public struct DataDeclaration: Sendable {
  enum TargetKind: String, Sendable, CaseIterable { case auto, values, classes }

  let source: SourceDeclaration?
  let validation: SourceDeclaration?
  let test: SourceDeclaration?
  let targetKind: TargetKind
  let classes: DeclaredClasses
  let isOneHot: Bool
  let shape: [Int]?
  let limit: Int?
  /// Whether samples are read when they are asked for, again in every epoch.
  let isStreamed: Bool
  let split: Split
  let inputScale: Scaling.Method
  let targetScale: Scaling.Method

  /// Where mistakes about a setting are shown.
  let places: [String: Place]

  /// Reads the section; mistakes are recorded in `options`. `folder` is the
  /// experiment file's.
  public init(from options: inout Options, registry: Registry, folder: String) {
    options.surroundings = Surroundings(folder: folder, registry: registry)
    let source = SourceDeclaration(from: &options)
    self.source = source
    targetKind = options.choice(
      "target_kind", default: .auto, of: TargetKind.self,
      "auto: texts are classes, numbers are values unless 'classes' is given")
    classes = DeclaredClasses(from: &options)
    isOneHot = options.bool(
      "one_hot", default: false, "turn class targets into values, 1 for the class and 0 elsewhere")
    shape = DataDeclaration.shape(from: &options)
    limit = options.optionalInt("limit", in: 1..., "take only the first samples, before the split")

    isStreamed = options.bool(
      "stream", default: false,
      "csv, idx, npy: read samples from their files as they are needed, for data beyond the memory")

    options.suggest("shape", for: "input_shape")
    options.suggest("scale", for: "normalize", "standardize", "scaler")
    options.suggest("validation", for: "val", "valid", "dev")
    let split = options.node("split", "a mapping", "parts of the samples for validation and test")
      .flatMap { options.component("split", from: $0) { Split(from: &$0) } }
    self.split = split ?? .none

    var scales = (Scaling.Method.none, Scaling.Method.none)
    if var node = options.node("scale", "a method or a mapping", "fitted on the training data") {
      if case .string = node.content {
        node = Node(.map([.init(key: "inputs", value: node)]), at: node.place)
      }
      scales =
        options.component("scale", from: node) { inner in
          (
            inner.choice("inputs", default: Scaling.Method.none, "of the inputs' columns"),
            inner.choice("targets", default: Scaling.Method.none, "of the targets' columns")
          )
        } ?? scales
    }
    (inputScale, targetScale) = scales

    func part(_ key: String, _ explanation: String) -> SourceDeclaration? {
      guard let node = options.node(key, "a source", explanation) else { return nil }
      return options.component(key, from: node) { inner in
        SourceDeclaration(from: &inner, training: source)
      } ?? nil
    }
    validation = part("validation", "validation data from a source of their own")
    test = part("test", "test data from a source of their own")

    for (key, fraction) in [("validation", self.split.validation), ("test", self.split.test)]
    where options.contains(key) && (fraction > 0 || self.split.column != nil) {
      options.reject(key, "\(key) data come from 'split' already; keep one of the two")
    }
    if self.split.column != nil, let source, !(source.source is CSVDeclaration) {
      options.reject("split", "a split by a column needs a CSV source")
    }
    if isStreamed, let source, !(source.source is any StreamableSource) {
      options.reject(
        "stream", "only csv, idx and npy data can be streamed")
    }
    if targetKind == .values {
      if case .none = classes {
      } else {
        options.reject("classes", "'classes' does not go with 'target_kind: values'")
      }
    }
    places = Dictionary(
      uniqueKeysWithValues: ["shape", "split", "scale", "one_hot", "target_kind", "classes"]
        .compactMap { key in options.place(of: key).map { (key, $0) } })
  }

  private static func shape(from options: inout Options) -> [Int]? {
    guard options.contains("shape") else {
      _ = options.node("shape", "a list of 1 to 4 integers", "the inputs' shape, row-major")
      return nil
    }
    return options.ints(
      "shape", in: 1..., count: 1...Shape.maximumRank, "the inputs' shape, row-major")
  }
}
