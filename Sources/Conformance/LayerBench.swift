public import NNExp

/// A layer with its own buffers, each between canaries.
///
/// It is for checks, not for training: every buffer can be read and set as an array, and
/// writes beyond its ends are detected.
public final class LayerBench<S: Scalar> {
  public let layer: any Layer
  public let plan: Plan
  public let samples: Int

  /// The values of each input; empty for an input of indices, as in `dInputs`.
  public let inputs: [GuardedBuffer<S>]
  public let outputs: [GuardedBuffer<S>]
  public let dOutputs: [GuardedBuffer<S>]
  public let dInputs: [GuardedBuffer<S>]
  public let parameters: [GuardedBuffer<S>]
  public let gradients: [GuardedBuffer<S>]
  public let state: [GuardedBuffer<S>]
  public let scratch: [GuardedBuffer<S>]

  public var isTraining = true
  public var firstSample = 0
  public var random = RandomStream(seed: 0, purpose: "layer bench")

  /// The first output.
  public var y: GuardedBuffer<S> { outputs[0] }
  public var dy: GuardedBuffer<S> { dOutputs[0] }

  /// The indices of each input; empty for values.
  let indices: [IndexBuffer]

  private let indexViews: UnsafeMutablePointer<Indices>
  private let outputViews: ViewRow<S>
  private let dOutputViews: ViewRow<S>
  private let inputViews: ViewRow<S>
  private let dInputViews: ViewRow<S>
  private let parameterViews: ViewRow<S>
  private let gradientViews: ViewRow<S>
  private let stateViews: ViewRow<S>
  private let scratchViews: ViewRow<S>

  /// All buffers contain 0, except for the state, which has its planned initial value.
  ///
  /// - Throws: the error of the layer's `plan`.
  public init(_ layer: any Layer, inputs ports: [Port], samples: Int) throws {
    let plan = try layer.plan(for: ports)
    func batch(_ name: String, _ shape: Shape) -> GuardedBuffer<S> {
      GuardedBuffer(name, shape, count: samples * shape.count)
    }
    self.layer = layer
    self.plan = plan
    self.samples = samples
    func inputs(_ name: String) -> [GuardedBuffer<S>] {
      ports.enumerated().map { k, port in
        GuardedBuffer(
          name + (ports.count == 1 ? "" : " \(k)"), port.shape,
          count: port.isIndices ? 0 : samples * port.count)
      }
    }
    func outputs(_ name: String) -> [GuardedBuffer<S>] {
      plan.outputs.map { batch(plan.outputs.count == 1 ? name : "\(name) '\($0.name)'", $0.shape) }
    }
    self.inputs = inputs("x")
    dInputs = inputs("dx")
    self.outputs = outputs("y")
    dOutputs = outputs("dy")
    indices = ports.map { IndexBuffer($0, samples: samples) }
    indexViews = .allocate(capacity: max(1, ports.count))
    for (k, buffer) in indices.enumerated() { (indexViews + k).initialize(to: buffer.view) }
    parameters = plan.parameters.map { GuardedBuffer($0.name, $0.shape, count: $0.shape.count) }
    gradients = plan.parameters.map {
      GuardedBuffer("gradient of " + $0.name, $0.shape, count: $0.shape.count)
    }
    state = plan.state.map { state in
      let buffer = GuardedBuffer<S>("state " + state.name, state.shape, count: state.shape.count)
      buffer.fill(S(state.value))
      return buffer
    }
    scratch = plan.scratch.enumerated().map { index, scratch in
      GuardedBuffer(
        "scratch \(index)", [scratch.count],
        count: scratch.isPerSample ? samples * scratch.count : scratch.count)
    }
    inputViews = ViewRow(self.inputs)
    outputViews = ViewRow(self.outputs)
    dOutputViews = ViewRow(dOutputs)
    dInputViews = ViewRow(dInputs)
    parameterViews = ViewRow(parameters)
    gradientViews = ViewRow(gradients)
    stateViews = ViewRow(state)
    scratchViews = ViewRow(scratch)
  }

  deinit { indexViews.deallocate() }

  private var indexInputs: IndexInputs {
    indices.contains { $0.view.count > 0 }
      ? IndexInputs(start: indexViews, count: indices.count) : .none
  }

  private var forwardPass: ForwardPass<S> {
    ForwardPass(
      samples: samples, inputs: inputViews.tensors, indices: indexInputs,
      outputs: outputViews.tensors, parameters: parameterViews.tensors, state: stateViews.tensors,
      scratch: scratchViews.tensors, isTraining: isTraining, random: random,
      firstSample: firstSample)
  }

  public func forward() {
    spoilTemporaries()
    let pass = forwardPass
    if let pass = pass as? ForwardPass<Double> { layer.forward(pass) }
    if let pass = pass as? ForwardPass<Float> { layer.forward(pass) }
  }

  /// Recomputes the outputs that depend on one entry of a parameter; returns false if the
  /// layer does not support this.
  func forward(changing parameter: Int, at entry: Int) -> Bool {
    guard let pass = forwardPass as? ForwardPass<Double> else { return false }
    return layer.forward(pass, changing: parameter, at: entry)
  }

  public func backward(needsInputGradient: Bool = true) {
    spoilTemporaries()
    let unread =
      (plan.backwardReads.contains(.inputs) ? [] : inputs)
      + (plan.backwardReads.contains(.outputs) ? [] : outputs)
    let values = unread.map(\.values)
    for buffer in unread { buffer.fill(.nan) }
    defer {
      // A number that the pass wrote stays, so that it is found.
      for (buffer, values) in zip(unread, values) {
        buffer.values = zip(buffer.values, values).map { $0.isNaN ? $1 : $0 }
      }
    }
    let pass = BackwardPass(
      samples: samples, inputs: inputViews.tensors, indices: indexInputs,
      outputs: outputViews.tensors, dOutputs: dOutputViews.tensors, dInputs: dInputViews.tensors,
      needsInputGradient: needsInputGradient,
      parameters: parameterViews.tensors, gradients: gradientViews.tensors,
      state: stateViews.tensors, scratch: scratchViews.tensors, isTraining: isTraining,
      random: random, firstSample: firstSample)
    if let pass = pass as? BackwardPass<Double> { layer.backward(pass) }
    if let pass = pass as? BackwardPass<Float> { layer.backward(pass) }
  }

  /// Fills the memory that other nodes may use between two passes.
  private func spoilTemporaries() {
    for (buffer, part) in zip(scratch, plan.scratch) where part.isTemporary { buffer.fill(.nan) }
  }

  /// The buffers to which the backward pass adds: dInputs, then gradients.
  public var sums: [GuardedBuffer<S>] { dInputs + gradients }

  /// Every buffer.
  public var buffers: [GuardedBuffer<S>] {
    inputs + outputs + dOutputs + dInputs + parameters + gradients + state + scratch
  }

  /// The names of the buffers with writes beyond their ends.
  public var damaged: [String] { buffers.filter { !$0.isIntact }.map(\.name) }
}

/// Numbers between two rows of canaries.
public final class GuardedBuffer<S: Scalar> {
  public let name: String

  /// The tensor that passes receive.
  public let tensor: Tensor<S>

  fileprivate let storage: UnsafeMutablePointer<S>
  fileprivate static var guardCount: Int { 64 }

  // The canary is finite, and small enough that an addition changes it.
  fileprivate static var canary: S { 1234.5 }

  package init(_ name: String, _ shape: Shape, count: Int) {
    self.name = name
    let total = count + 2 * Self.guardCount
    storage = .allocate(capacity: total)
    storage.initialize(repeating: Self.canary, count: total)
    tensor = Tensor(start: storage + Self.guardCount, count: count, shape: shape)
    tensor.fill(0)
  }

  deinit { storage.deallocate() }

  public var values: [S] {
    get { tensor.indices.map { tensor[$0] } }
    set {
      precondition(newValue.count == tensor.count, "\(name) holds \(tensor.count) numbers")
      for (i, value) in newValue.enumerated() { tensor[i] = value }
    }
  }

  public func fill(_ value: S) { tensor.fill(value) }

  /// Whether both rows of canaries are unchanged.
  public var isIntact: Bool {
    let end = Self.guardCount + tensor.count
    return (0..<Self.guardCount).allSatisfy {
      storage[$0] == Self.canary && storage[end + $0] == Self.canary
    }
  }
}

extension GuardedBuffer {
  /// A description of the numbers written beyond the ends, such as `2 numbers beyond the end
  /// of y, which holds 8`; nil if there are none.
  var overrun: String? {
    let guards = 0..<Self.guardCount
    let end = Self.guardCount + tensor.count
    func text(_ count: Int, _ side: String) -> String {
      "\(count == Self.guardCount ? "\(count) or more" : "\(count)") "
        + "number\(count == 1 ? "" : "s") \(side) of \(name), which holds \(tensor.count)"
    }
    if let last = guards.last(where: { storage[end + $0] != Self.canary }) {
      return text(last + 1, "beyond the end")
    }
    if let first = guards.first(where: { storage[$0] != Self.canary }) {
      return text(Self.guardCount - first, "before the start")
    }
    return nil
  }
}

/// Consecutive tensors of several buffers, as passes expect them.
private final class ViewRow<S: Scalar> {
  private let start: UnsafeMutablePointer<Tensor<S>>
  private let count: Int

  init(_ buffers: [GuardedBuffer<S>]) {
    count = buffers.count
    start = .allocate(capacity: max(1, count))
    for (i, buffer) in buffers.enumerated() { (start + i).initialize(to: buffer.tensor) }
  }

  deinit { start.deallocate() }

  var tensors: Tensors<S> { Tensors(start: start, count: count) }
}
