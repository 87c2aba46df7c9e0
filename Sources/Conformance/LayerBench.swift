public import NNExp

/// One layer on buffers of its own, each between canaries.
///
/// For proving layers, not for training: every buffer can be read and set as an
/// array, and damage beyond its ends is noticed.
public final class LayerBench<S: Scalar> {
  public let layer: any Layer
  public let plan: Plan
  public let samples: Int

  public let inputs: [GuardedBuffer<S>]
  public let y: GuardedBuffer<S>
  public let dy: GuardedBuffer<S>
  public let dInputs: [GuardedBuffer<S>]
  public let parameters: [GuardedBuffer<S>]
  public let gradients: [GuardedBuffer<S>]
  public let state: [GuardedBuffer<S>]
  public let scratch: [GuardedBuffer<S>]

  public var isTraining = true
  public var firstSample = 0
  public var random = RandomStream(seed: 0, purpose: "layer bench")

  private let inputViews: ViewRow<S>
  private let dInputViews: ViewRow<S>
  private let parameterViews: ViewRow<S>
  private let gradientViews: ViewRow<S>
  private let stateViews: ViewRow<S>
  private let scratchViews: ViewRow<S>

  /// Everything is 0 but the state, which is as planned.
  ///
  /// - Throws: what the layer's `plan` throws.
  public init(_ layer: any Layer, inputs shapes: [Shape], samples: Int) throws {
    let plan = try layer.plan(for: shapes)
    func batch(_ name: String, _ shape: Shape) -> GuardedBuffer<S> {
      GuardedBuffer(name, shape, count: samples * shape.count)
    }
    self.layer = layer
    self.plan = plan
    self.samples = samples
    let names = shapes.indices.map { shapes.count == 1 ? "" : " \($0)" }
    inputs = zip(names, shapes).map { batch("x" + $0, $1) }
    dInputs = zip(names, shapes).map { batch("dx" + $0, $1) }
    y = batch("y", plan.output)
    dy = batch("dy", plan.output)
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
    inputViews = ViewRow(inputs)
    dInputViews = ViewRow(dInputs)
    parameterViews = ViewRow(parameters)
    gradientViews = ViewRow(gradients)
    stateViews = ViewRow(state)
    scratchViews = ViewRow(scratch)
  }

  private var forwardPass: Forward<S> {
    Forward(
      samples: samples, inputs: inputViews.tensors, y: y.tensor,
      parameters: parameterViews.tensors, state: stateViews.tensors,
      scratch: scratchViews.tensors, isTraining: isTraining, random: random,
      firstSample: firstSample)
  }

  public func forward() {
    let pass = forwardPass
    if let pass = pass as? Forward<Double> { layer.forward(pass) }
    if let pass = pass as? Forward<Float> { layer.forward(pass) }
  }

  /// True if the layer recomputed what one entry of a parameter moves.
  func forward(changing parameter: Int, at entry: Int) -> Bool {
    guard let pass = forwardPass as? Forward<Double> else { return false }
    return layer.forward(pass, changing: parameter, at: entry)
  }

  public func backward(needsInputGradient: Bool = true) {
    let pass = Backward(
      samples: samples, inputs: inputViews.tensors, y: y.tensor, dy: dy.tensor,
      dInputs: dInputViews.tensors, needsInputGradient: needsInputGradient,
      parameters: parameterViews.tensors, gradients: gradientViews.tensors,
      state: stateViews.tensors, scratch: scratchViews.tensors, isTraining: isTraining,
      random: random, firstSample: firstSample)
    if let pass = pass as? Backward<Double> { layer.backward(pass) }
    if let pass = pass as? Backward<Float> { layer.backward(pass) }
  }

  /// What backward adds to, in the order dInputs, gradients.
  public var sums: [GuardedBuffer<S>] { dInputs + gradients }

  /// Every buffer.
  public var buffers: [GuardedBuffer<S>] {
    inputs + [y, dy] + dInputs + parameters + gradients + state + scratch
  }

  /// The names of the buffers beyond whose ends something was written.
  public var damaged: [String] { buffers.filter { !$0.isIntact }.map(\.name) }
}

/// Numbers between two rows of canaries.
public final class GuardedBuffer<S: Scalar> {
  public let name: String

  /// The view that passes get.
  public let tensor: Tensor<S>

  fileprivate let storage: UnsafeMutablePointer<S>
  fileprivate static var guardCount: Int { 64 }

  // Not a NaN, nor so large that adding to it would go unnoticed.
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

  /// True if both rows of canaries are as they were.
  public var isIntact: Bool {
    let end = Self.guardCount + tensor.count
    return (0..<Self.guardCount).allSatisfy {
      storage[$0] == Self.canary && storage[end + $0] == Self.canary
    }
  }
}

extension GuardedBuffer {
  /// What was written beyond the ends: `2 numbers beyond the end of y, which holds
  /// 8`; nil where nothing was.
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

/// The views of several buffers in a row, as passes take them.
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
