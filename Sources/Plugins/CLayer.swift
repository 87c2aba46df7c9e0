internal import CPlugins
import NNExp

/// A layer of a C plugin: its table of functions, and its options as stored by `read`.
struct CLayer: Layer, @unchecked Sendable {
  /// A table in the plugin, which is never unloaded.
  private let pointer: UnsafePointer<nnexp_layer>
  private let bytes: OptionBytes

  private var table: nnexp_layer { pointer.pointee }
  private var this: UnsafeMutableRawPointer { bytes.start }

  /// Reads the options.
  init(_ pointer: UnsafePointer<nnexp_layer>, from options: inout Options) {
    self.pointer = pointer
    let table = pointer.pointee
    bytes = OptionBytes(size: max(1, Int(table.size)))
    guard let read = table.read else { return }
    withUnsafeMutablePointer(to: &options) { options in
      var reader = nnexp_options(
        context: UnsafeMutableRawPointer(options),
        integer: { reader, key, fallback, least, most, explanation in
          withOptions(reader) {
            $0.int(
              text(key), default: Int(fallback), in: Int(least)...max(Int(least), Int(most)),
              text(explanation))
          }.map(Int64.init) ?? fallback
        },
        number: { reader, key, fallback, least, most, explanation in
          withOptions(reader) {
            $0.double(
              text(key), default: fallback,
              in: Interval(
                from: least, to: most, includesLower: least.isFinite, includesUpper: most.isFinite),
              text(explanation))
          } ?? fallback
        },
        boolean: { reader, key, fallback, explanation in
          withOptions(reader) { $0.bool(text(key), default: fallback != 0, text(explanation)) }
            .map { $0 ? 1 : 0 } ?? fallback
        })
      read(bytes.start, &reader)
    }
  }

  var inputCount: ClosedRange<Int> {
    let least = max(1, Int(table.least_inputs))
    return least...max(least, Int(table.most_inputs))
  }

  var elementwise: ElementwiseFunction? { nil }

  func takesIndices(at input: Int) -> Bool { false }

  func equations(for inputs: [Port]) -> Equations { Equations(prose: text(table.equation)) }
  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? { nil }

  func plan(for inputs: [Port]) throws -> Plan {
    var plan = nnexp_plan()
    let shapes = inputs.map { nnexp_shape($0.shape) }
    if let fact = table.plan(this, Int32(shapes.count), shapes, &plan) {
      throw Diagnostic(String(cString: fact))
    }
    guard let output = Shape(plan.output) else {
      throw Diagnostic("its plan has an output of \(plan.output.rank) axes, or a negative extent")
    }
    guard (0...Int32(NNEXP_MOST_PARAMETERS)).contains(plan.parameter_count),
      (0...Int32(NNEXP_MOST_SCRATCH)).contains(plan.scratch_count)
    else {
      throw Diagnostic(
        "its plan has \(plan.parameter_count) parameters and \(plan.scratch_count) scratch tensors; "
          + "at most \(NNEXP_MOST_PARAMETERS) and \(NNEXP_MOST_SCRATCH) are possible")
    }
    let parameters = try elements(
      of: &plan.parameters, plan.parameter_count, as: nnexp_parameter.self
    ).map {
      guard let shape = Shape($0.shape) else {
        throw Diagnostic("its parameter '\(text($0.name))' has an invalid shape")
      }
      return Plan.Parameter(
        text($0.name), shape,
        initial: $0.initial.map { Initial(String(cString: $0)) } ?? .constant($0.constant))
    }
    let scratch = elements(of: &plan.scratch, plan.scratch_count, as: nnexp_scratch.self).map {
      $0.is_per_sample != 0
        ? Plan.Scratch.perSample(Int($0.count)) : Plan.Scratch.fixed(Int($0.count))
    }
    return Plan(
      output: output, parameters: parameters, scratch: scratch,
      couplesSamples: plan.couples_samples != 0, work: plan.work > 0 ? Int(plan.work) : nil)
  }

  func forward(_ pass: ForwardPass<Float>) { run(pass, table.forward_float) }
  func forward(_ pass: ForwardPass<Double>) { run(pass, table.forward_double) }
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    guard let body = table.forward_changing else { return false }
    return with(pass) { body(this, &$0, Int32(parameter), Int64(entry)) != 0 }
  }
  func backward(_ pass: BackwardPass<Float>) { run(pass, table.backward_float) }
  func backward(_ pass: BackwardPass<Double>) { run(pass, table.backward_double) }

  private func run<S: Scalar>(
    _ pass: ForwardPass<S>,
    _ body: @convention(c) (UnsafeRawPointer?, UnsafePointer<nnexp_forward>?) -> Void
  ) {
    with(pass) { body(this, &$0) }
  }

  private func with<S: Scalar, Result>(
    _ pass: ForwardPass<S>, _ body: (inout nnexp_forward) -> Result
  ) -> Result {
    withViews([pass.inputs, pass.parameters, pass.scratch, pass.state, pass.state]) { views in
      var forward = nnexp_forward(
        samples: Int64(pass.samples), is_training: pass.isTraining ? 1 : 0, inputs: views[0],
        y: nnexp_tensor(pass.y), parameters: views[1], scratch: views[2])
      return body(&forward)
    }
  }

  private func run<S: Scalar>(
    _ pass: BackwardPass<S>,
    _ body: @convention(c) (UnsafeRawPointer?, UnsafePointer<nnexp_backward>?) -> Void
  ) {
    withViews([pass.inputs, pass.dInputs, pass.parameters, pass.gradients, pass.scratch]) {
      views in
      var backward = nnexp_backward(
        samples: Int64(pass.samples), is_training: pass.isTraining ? 1 : 0,
        needs_input_gradient: pass.needsInputGradient ? 1 : 0, inputs: views[0],
        y: nnexp_tensor(pass.y), dy: nnexp_tensor(pass.dy), d_inputs: views[1],
        parameters: views[2], gradients: views[3], scratch: views[4])
      body(this, &backward)
    }
  }
}

/// The bytes in which the layer keeps its options.
private final class OptionBytes: @unchecked Sendable {
  let start: UnsafeMutableRawPointer

  init(size: Int) {
    start = .allocate(byteCount: size, alignment: 16)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: size)
  }

  deinit { start.deallocate() }
}

/// Converts lists of views to C arrays on the stack, so that a pass allocates nothing.
private func withViews<S: Scalar, Result>(
  _ rows: InlineArray<5, Tensors<S>>,
  _ body: (InlineArray<5, UnsafePointer<nnexp_tensor>?>) -> Result
) -> Result {
  var count = 0
  for index in rows.indices { count += rows[index].count }
  return withUnsafeTemporaryAllocation(of: nnexp_tensor.self, capacity: max(1, count)) { views in
    var starts = InlineArray<5, UnsafePointer<nnexp_tensor>?>(repeating: nil)
    var next = views.baseAddress!
    for index in rows.indices {
      starts[index] = UnsafePointer(next)
      for i in 0..<rows[index].count {
        next.initialize(to: nnexp_tensor(rows[index][i]))
        next += 1
      }
    }
    return body(starts)
  }
}

/// The first elements of an array in a C struct.
private func elements<Array, Element>(
  of array: inout Array, _ count: Int32, as type: Element.Type
) -> [Element] {
  withUnsafeBytes(of: &array) { bytes in
    bytes.bindMemory(to: Element.self).prefix(max(0, Int(count))).map { $0 }
  }
}

extension Shape {
  /// Nil if there are too many axes, or a negative extent.
  fileprivate init?(_ shape: nnexp_shape) {
    var shape = shape
    let axes = elements(of: &shape.extents, shape.rank, as: Int64.self)
    guard axes.count == Int(shape.rank), axes.allSatisfy({ $0 >= 0 }) else { return nil }
    self.init(axes.map(Int.init))
  }
}

extension nnexp_shape {
  fileprivate init(_ shape: Shape) {
    self.init()
    rank = Int32(shape.rank)
    withUnsafeMutableBytes(of: &extents) { bytes in
      let extents = bytes.bindMemory(to: Int64.self)
      for axis in 0..<shape.rank { extents[axis] = Int64(shape[axis]) }
    }
  }
}

extension nnexp_tensor {
  fileprivate init<S: Scalar>(_ tensor: Tensor<S>) {
    self.init(
      start: UnsafeMutableRawPointer(tensor.start), count: Int64(tensor.count),
      shape: nnexp_shape(tensor.shape))
  }
}

private func withOptions<Value>(
  _ reader: UnsafeMutablePointer<nnexp_options>?, _ body: (inout Options) -> Value
) -> Value? {
  guard let options = reader?.pointee.context?.assumingMemoryBound(to: Options.self) else {
    return nil
  }
  return body(&options.pointee)
}

private func text(_ start: UnsafePointer<CChar>?) -> String {
  start.map { String(cString: $0) } ?? ""
}

extension ComponentType<any Layer> {
  fileprivate init(_ pointer: UnsafePointer<nnexp_layer>) {
    // Tables are never changed.
    nonisolated(unsafe) let pointer = pointer
    self.init(
      text(pointer.pointee.type_name),
      details: {
        let table = pointer.pointee
        return Details(
          documentation: Documentation(text(table.summary), equation: text(table.equation)),
          examples: declaredExamples(table))
      }, make: { CLayer(pointer, from: &$0) })
  }
}

private func declaredExamples(_ table: nnexp_layer) -> [Example] {
  (0..<max(0, Int(table.example_count))).compactMap { index in
    var example = table.examples[index]
    let shapes = elements(of: &example.inputs, example.input_count, as: nnexp_shape.self)
      .compactMap { Shape($0) }.map { Port($0) }
    guard shapes.count == Int(example.input_count) else { return nil }
    let options = elements(of: &example.options, example.option_count, as: nnexp_option.self)
    return Example(
      options: ConfigValue.map(options.map { (text($0.key), ConfigValue(.double($0.value))) }),
      inputs: shapes)
  }
}

/// Registers the layers in a C plugin's table. Throws a diagnostic that states the fact if the
/// table is invalid.
func registerCLayers(
  _ table: UnsafeRawPointer, in registry: inout Registry
) throws {
  let table = table.assumingMemoryBound(to: nnexp_plugin_table.self).pointee
  guard table.version == NNEXP_PLUGIN_VERSION else {
    throw Diagnostic(
      "its table is of version \(table.version), and this nnexp accepts \(NNEXP_PLUGIN_VERSION)")
  }
  guard (1...64).contains(table.layer_count), let layers = table.layers else {
    throw Diagnostic("its table has \(table.layer_count) layers; 1 to 64 are possible")
  }
  for index in 0..<Int(table.layer_count) {
    let layer = layers + index
    let name = text(layer.pointee.type_name)
    guard !name.isEmpty, layer.pointee.plan != nil, layer.pointee.forward_float != nil,
      layer.pointee.forward_double != nil, layer.pointee.backward_float != nil,
      layer.pointee.backward_double != nil
    else { throw Diagnostic("its layer \(index) ('\(name)') lacks a name, a plan or a pass") }
    guard (0...1 << 20).contains(layer.pointee.size) else {
      throw Diagnostic(
        "its layer '\(name)' keeps \(layer.pointee.size) bytes; at most 1 MiB is possible")
    }
    guard registry.layers[name] == nil else {
      throw Diagnostic("it has two layers named '\(name)'")
    }
    registry.layers.add(ComponentType(layer))
  }
}
