import NNExp
import Standard
import Testing

/// Every registered layer, as a file would reach it.
let layerTypes: ComponentRegistry<any Layer> = {
  var registry = Registry()
  registerLayers(in: &registry)
  return registry.layers
}()

/// A layer made as a file would make it; its mistakes are a test's failure.
func makeLayer(_ type: String, _ options: [(String, Node)] = []) throws -> any Layer {
  try #require(layerTypes[type]).value(Node.map(options))
}

/// The mistakes that reading these options gives, as they are shown.
func optionMistakes(_ type: String, _ options: [(String, Node)]) throws -> String {
  var read = Options(Node.map(options))
  _ = try #require(layerTypes[type]).make(&read)
  read.rejectUnread()
  return read.diagnostics.description
}

/// The fact that planning throws.
func planMistake(
  _ type: String, _ options: [(String, Node)] = [], for inputs: Shape...
) throws -> String {
  let layer = try makeLayer(type, options)
  do {
    return "planned \(try layer.plan(for: inputs).output)"
  } catch let diagnostic as Diagnostic {
    return diagnostic.message
  }
}

/// One layer with buffers of its own, each between two canaries.
final class LayerBench<S: Scalar> {
  let layer: any Layer
  let plan: Plan
  let samples: Int
  var inputs: [Buffer<S>]
  var parameters: [Buffer<S>]
  var state: [Buffer<S>]
  var y: Buffer<S>
  var dy: Buffer<S>
  var dInputs: [Buffer<S>]
  var gradients: [Buffer<S>]
  var isTraining = true
  var needsInputGradient = true
  var firstSample = 0
  var random = RandomStream(key: 7)
  var scratch: [Buffer<S>]

  init(_ layer: any Layer, inputs shapes: [Shape], samples: Int) throws {
    self.layer = layer
    self.samples = samples
    plan = try layer.plan(for: shapes)
    inputs = shapes.map { Buffer(shape: $0, copies: samples) }
    dInputs = shapes.map { Buffer(shape: $0, copies: samples) }
    parameters = plan.parameters.map { Buffer(shape: $0.shape) }
    gradients = plan.parameters.map { Buffer(shape: $0.shape) }
    state = plan.state.map { Buffer(shape: $0.shape, value: S($0.value)) }
    scratch = plan.scratch.map {
      Buffer(shape: [$0.count], copies: $0.isPerSample ? samples : 1, value: .nan)
    }
    y = Buffer(shape: plan.output, copies: samples, value: .nan)
    dy = Buffer(shape: plan.output, copies: samples)
  }

  var x: Buffer<S> { inputs[0] }
  var dx: Buffer<S> { dInputs[0] }

  func forward() {
    y.values = Array(repeating: .nan, count: y.count)
    withViews(inputs, parameters, state, scratch) { inputs, parameters, state, scratch in
      let pass = Forward(
        samples: samples, inputs: inputs, y: y.tensor, parameters: parameters, state: state,
        scratch: scratch, isTraining: isTraining, random: random, firstSample: firstSample)
      switch pass {
      case let pass as Forward<Float>: layer.forward(pass)
      case let pass as Forward<Double>: layer.forward(pass)
      default: fatalError("no such precision")
      }
    }
  }

  /// Backward onto gradients that all hold `prefill` before.
  func backward(prefill: S = 0) {
    for buffer in dInputs + gradients {
      buffer.values = Array(repeating: prefill, count: buffer.count)
    }
    withViews(inputs, parameters, state, scratch) { inputs, parameters, state, scratch in
      withViews(dInputs, gradients, [], []) { dInputs, gradients, _, _ in
        let pass = Backward(
          samples: samples, inputs: inputs, y: y.tensor, dy: dy.tensor, dInputs: dInputs,
          needsInputGradient: needsInputGradient, parameters: parameters, gradients: gradients,
          state: state, scratch: scratch, isTraining: isTraining, random: random,
          firstSample: firstSample)
        switch pass {
        case let pass as Backward<Float>: layer.backward(pass)
        case let pass as Backward<Double>: layer.backward(pass)
        default: fatalError("no such precision")
        }
      }
    }
  }

  /// Every buffer whose canaries were overwritten, by name.
  var trespasses: [String] {
    let named =
      [("y", y), ("dy", dy)] + inputs.map { ("input", $0) } + dInputs.map { ("dInput", $0) }
      + parameters.map { ("parameter", $0) } + gradients.map { ("gradient", $0) }
      + state.map { ("state", $0) } + scratch.map { ("scratch", $0) }
    return named.filter { !$0.1.isIntact }.map(\.0)
  }

  private func withViews(
    _ a: [Buffer<S>], _ b: [Buffer<S>], _ c: [Buffer<S>], _ d: [Buffer<S>],
    _ body: (Tensors<S>, Tensors<S>, Tensors<S>, Tensors<S>) -> Void
  ) {
    let all = (a + b + c + d).map(\.tensor)
    all.withUnsafeBufferPointer { views in
      // A row of no views still needs an address.
      let nowhere = UnsafePointer<Tensor<S>>(bitPattern: 64)!
      let start = views.baseAddress ?? nowhere
      body(
        Tensors(start: start, count: a.count),
        Tensors(start: start + a.count, count: b.count),
        Tensors(start: start + a.count + b.count, count: c.count),
        Tensors(start: start + a.count + b.count + c.count, count: d.count))
    }
  }
}

/// Numbers between two canaries.
final class Buffer<S: Scalar> {
  let shape: Shape
  let count: Int
  private let start: UnsafeMutablePointer<S>
  private static var margin: Int { 16 }
  private static var canary: S { 0x1.abcdp-40 }

  init(shape: Shape, copies: Int = 1, value: S = 0) {
    self.shape = shape
    count = shape.count * copies
    start = .allocate(capacity: count + 2 * Self.margin)
    start.initialize(repeating: Self.canary, count: count + 2 * Self.margin)
    tensor.fill(value)
  }

  deinit { start.deallocate() }

  var tensor: Tensor<S> { Tensor(start: start + Self.margin, count: count, shape: shape) }

  var values: [S] {
    get { tensor.indices.map { tensor[$0] } }
    set {
      precondition(newValue.count == count)
      for i in newValue.indices { tensor[i] = newValue[i] }
    }
  }

  var isIntact: Bool {
    (0..<Self.margin).allSatisfy {
      start[$0] == Self.canary && start[Self.margin + count + $0] == Self.canary
    }
  }
}
