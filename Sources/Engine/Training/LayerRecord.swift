import NNExp

/// The sizes of weights and gradients per layer, which `train: {record: […]}` adds to the rows.
///
///     weight_norm   = ‖θ‖₂ after the epoch
///     gradient_norm = ‖∂L/∂θ‖₂ of the epoch's last batch, before penalties and clipping
///     update_ratio  = ‖θ − θ′‖₂ / ‖θ′‖₂, with θ′ before the last step
///
/// θ are the parameters that a node owns; those that are frozen have a weight norm only.
final class LayerRecord<S: Scalar> {
  let quantities: [TrainingDeclaration.LayerQuantity]
  private let network: Network<S>
  private let layers: [[Graph.Parameter]]
  /// The trainable parameters before the last step of an epoch.
  private var before: [S] = []
  private var gradientNorms: [Double]
  private var updateRatios: [Double]

  /// The nodes that own parameters, with these.
  static func layers(of graph: Graph) -> [(name: String, parameters: [Graph.Parameter])] {
    graph.nodes.compactMap { node in
      let own = node.parameters.map { graph.parameters[$0] }.filter { $0.node == node.name }
      return own.isEmpty ? nil : (node.name, own)
    }
  }

  init(_ quantities: [TrainingDeclaration.LayerQuantity], _ network: Network<S>) {
    self.quantities = quantities
    self.network = network
    layers = Self.layers(of: network.graph).map(\.parameters)
    gradientNorms = layers.map { _ in .nan }
    updateRatios = gradientNorms
  }

  /// Notes the gradients and the weights before the last step of an epoch.
  func prepare() {
    let w = network.trainable
    before = w.indices.map { w[$0] }
    for (index, parameters) in layers.enumerated() {
      gradientNorms[index] = norm(parameters.filter { !$0.isFrozen }, of: network.gradients)
    }
  }

  /// The value of a quantity for a layer; NaN if it has none.
  func value(_ quantity: TrainingDeclaration.LayerQuantity, of layer: Int) -> Double {
    switch quantity {
    case .weightNorm: norm(layers[layer], of: network.parameters)
    case .gradientNorm: gradientNorms[layer]
    case .updateRatio: before.isEmpty ? updateRatios[layer] : updateRatio(layer)
    }
  }

  /// The numbers that a resumed training needs if it continues between the last step of an
  /// epoch and its row.
  var state: [Double] {
    get { gradientNorms + layers.indices.map { value(.updateRatio, of: $0) } }
    set {
      before = []
      gradientNorms = Array(newValue.prefix(layers.count))
      updateRatios = Array(newValue.suffix(layers.count))
    }
  }

  /// The count of the numbers in `state`.
  var stateCount: Int { 2 * layers.count }

  private func norm(_ parameters: [Graph.Parameter], of vector: Tensor<S>) -> Double {
    if parameters.isEmpty { return .nan }
    var sum = 0.0
    for parameter in parameters {
      let values = vector.slice(from: parameter.offset, shape: parameter.shape)
      for i in values.indices { sum += Double(values[i]) * Double(values[i]) }
    }
    return sum.squareRoot()
  }

  private func updateRatio(_ layer: Int) -> Double {
    var (change, size) = (0.0, 0.0)
    for parameter in layers[layer] where !parameter.isFrozen {
      let values = network.parameters.slice(from: parameter.offset, shape: parameter.shape)
      for i in values.indices {
        let earlier = Double(before[parameter.offset + i])
        let step = Double(values[i]) - earlier
        change += step * step
        size += earlier * earlier
      }
    }
    return size > 0 ? change.squareRoot() / size.squareRoot() : .nan
  }
}

extension TrainingDeclaration {
  /// A quantity per layer that `record:` adds to metrics.csv.
  public enum LayerQuantity: String, CaseIterable, Sendable {
    case weightNorm = "weight_norm"
    case gradientNorm = "gradient_norm"
    case updateRatio = "update_ratio"

    /// The column of a node: `hidden_weight_norm`.
    public func column(of node: String) -> MetricColumn {
      MetricColumn(nil, head: node, quantity: rawValue)
    }
  }

  /// Reads `record:`. Unknown and repeated quantities are errors.
  static func readRecord(_ train: inout Options) -> [LayerQuantity] {
    let known = LayerQuantity.allCases.map(\.rawValue)
    let explanation =
      "columns per layer in metrics.csv: weight_norm, gradient_norm, update_ratio"
    guard train.contains("record") else {
      _ = train.value(
        "record", "a list", explanation, default: "[]",
        of: .either([.words(known), .list(.words(known))]))
      return []
    }
    var found: [LayerQuantity] = []
    for name in train.strings("record", default: [], explanation) {
      guard let quantity = LayerQuantity(rawValue: name) else {
        train.reject(
          "record", "unknown quantity '\(name)'\(suggestion(for: name, among: known))",
          notes: [.init("quantities are: " + known.joined(separator: ", "))])
        continue
      }
      if found.contains(quantity) {
        train.reject("record", "the quantity '\(name)' is named twice")
      } else {
        found.append(quantity)
      }
    }
    return found
  }
}
