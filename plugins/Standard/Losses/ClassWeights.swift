import NNExp

/// The option `class_weights`: the factors of the losses of the classes.
enum ClassWeights: Sendable {
  /// In the order of the classes.
  case list([Double])
  /// n / (k · n_c): every class of the training data counts the same in total.
  case balanced
  /// By name; 1 for the others.
  case named([(name: String, weight: Double, location: SourceLocation?)])

  static func read(
    from options: inout Options, default fallback: [Double], _ explanation: String
  ) -> ClassWeights {
    let key = "class_weights"
    options.suggest(key, for: "weight", "pos_weight", "class_weight")
    let range = "numbers ≥ 0, balanced, or a mapping from class names to numbers ≥ 0"
    func list(_ weights: [Double]) -> ConfigValue {
      ConfigValue(.list(weights.map { ConfigValue(.double($0)) }))
    }
    func weight(_ config: ConfigValue) -> Double? {
      config.number.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
    }
    if case .list? = options.entry(key)?.content {
      return .list(options.doubles(key, default: fallback, in: .nonnegative, explanation))
    }
    let text = "[" + fallback.map { shortest($0) }.joined(separator: ", ") + "]"
    guard
      let config = options.value(
        key, range, explanation, default: text,
        of: .either([
          .words(["balanced"]), .list(.numbers(.nonnegative)), .mapping(.numbers(.nonnegative)),
        ]))
    else {
      options.resolve(key, list(fallback))
      return .list(fallback)
    }
    switch config.content {
    case .string("balanced"):
      options.resolve(key, config)
      return .balanced
    case .map(let entries):
      let weights = entries.compactMap { entry in
        weight(entry.value).map { (entry.key, $0, entry.keyLocation) }
      }
      guard weights.count == entries.count else { break }
      options.resolve(key, config)
      return .named(weights)
    default: break
    }
    options.reject(key, "\(key) must be \(range), found \(config.kind)")
    return .list(fallback)
  }

  /// One weight per class; nil if they are a list already.
  ///
  /// - Throws: the fact if a name is not that of a class, or if a class that must be balanced has
  ///   no sample.
  func fitted(to classes: () throws -> TargetClasses?) throws -> [Double]? {
    if case .list = self { return nil }
    guard let classes = try classes() else {
      throw Diagnostic("class_weights need targets that are classes; list the weights instead")
    }
    switch self {
    case .list: return nil
    case .balanced:
      if let c = classes.counts.firstIndex(of: 0) {
        throw Diagnostic(
          "class_weights: no training sample has the class '\(classes.names[c])', which cannot be "
            + "balanced; list the weights instead")
      }
      let total = Double(classes.counts.reduce(0, +))
      return classes.counts.map { total / (Double(classes.counts.count) * Double($0)) }
    case .named(let named):
      var weights = classes.names.map { _ in 1.0 }
      for (name, weight, location) in named {
        guard let c = classes.names.firstIndex(where: { $0.hasSameBytes(as: name) }) else {
          throw Diagnostic(
            "class_weights: there is no class '\(name)'"
              + suggestion(for: name, among: classes.names), at: location,
            notes: [.init("the classes are: " + listed(classes.names))])
        }
        weights[c] = weight
      }
      return weights
    }
  }
}

/// A loss of k classes with a factor for each of them.
protocol ClassWeightedLoss: Loss {
  /// w; empty for 1 each.
  var weights: [Double] { get set }
  var classWeights: ClassWeights { get }
  /// The location of the weights in the file.
  var weightsLocation: SourceLocation? { get }
}

extension ClassWeightedLoss {
  func fitted(to classes: () throws -> TargetClasses?) throws -> any Loss {
    do {
      guard let weights = try classWeights.fitted(to: classes) else { return self }
      var loss = self
      loss.weights = weights
      return loss
    } catch let fact as Diagnostic { throw fact.located(at: weightsLocation) }
  }

  /// Throws if the number of weights is not that of the classes.
  func requireWeights(for output: Shape) throws {
    if !weights.isEmpty && weights.count != output.count {
      throw Diagnostic(
        "class_weights has \(weights.count) weights for \(output.count) classes",
        at: weightsLocation)
    }
  }

  /// The weights as formulas show them; empty for 1 each.
  var weightsRemark: String {
    weights.isEmpty ? "" : "w = [" + weights.map(Equations.number).joined(separator: ", ") + "]."
  }
}

/// The option `label_smoothing`, ε: targets become (1 − ε)t + ε/k for k classes.
func labelSmoothing(from options: inout Options) -> Double {
  let explanation = "ε: targets become (1 − ε)t + ε/k for k classes"
  guard options.contains("label_smoothing") else {
    _ = options.value(
      "label_smoothing", "0 ≤ a number < 1", explanation, default: "0", of: .numbers(.fraction))
    return 0
  }
  return options.double("label_smoothing", in: .fraction, explanation)
}
