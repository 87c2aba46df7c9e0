import NNExp

// The windows of a pooling layer in a graph of standard operators.

extension Pooling {
  /// Adds one of ONNX's pooling operators; nil if it does not compute the same for these windows.
  func add(
    _ type: String, to graph: inout OperatorGraph, _ node: ExportedNode,
    attributes: [(String, OperatorGraph.Attribute)] = []
  ) -> OperatorGraph.Value? {
    let (input, output) = (node.inputPorts[0].shape, node.outputPorts[0].shape)
    guard let windows = plainWindows(from: input) else { return nil }
    let planes: Shape = input.rank == 1 ? [1, input[0]] : input
    let x = input.rank == 1 ? graph.reshape(node.inputs[0], to: planes) : node.inputs[0]
    let y = graph.add(
      type, x,
      attributes: attributes + [
        ("kernel_shape", .integers(windows.map(\.size))),
        ("pads", .integers(windows.map(\.padding) + windows.map(\.paddingAfter))),
        ("strides", .integers(windows.map(\.stride))),
      ])
    return input.rank == 1 ? graph.reshape(y, to: output) : y
  }

  /// Adds a reduction of the entries of every window; `padding` is the number in the padding.
  func reduce(
    _ type: String, _ padding: Double, _ graph: inout OperatorGraph, _ node: ExportedNode
  ) -> OperatorGraph.Value {
    let x = entries(of: node.inputs[0], padding, &graph, node)
    let y = graph.add(type, x, graph.integers([-1]), attributes: [("keepdims", .integer(0))])
    return graph.reshape(y, to: node.outputPorts[0].shape)
  }

  /// Adds a list of the entries of every window: `[batch] + output + [entries]`, with `padding`
  /// at the end of a window that extends beyond an edge.
  func entries(
    of x: OperatorGraph.Value, _ padding: Double, _ graph: inout OperatorGraph,
    _ node: ExportedNode
  ) -> OperatorGraph.Value {
    let (input, output) = (node.inputPorts[0].shape, node.outputPorts[0].shape)
    let windows = windowEntries(from: input, to: output).positions
    let most = windows.map(\.count).max() ?? 0
    var flat = input.rank == 1 ? x : graph.reshape(x, to: [input.count])
    if windows.contains(where: { $0.count < most }) {
      // The number in the padding is the last one of a sample.
      let pads = graph.integers([0, 0, 0, 1])
      flat = graph.add("Pad", flat, pads, graph.constant(padding))
    }
    let positions = windows.flatMap { window in
      window + Array(repeating: input.count, count: most - window.count)
    }
    let indices = graph.integers(positions, output.axes + [most])
    return graph.add("Gather", flat, indices, attributes: [("axis", .integer(1))])
  }

  /// The number of entries of every window.
  func counts(_ node: ExportedNode, withPadding: Bool) -> [Double] {
    windowEntries(
      from: node.inputPorts[0].shape, to: node.outputPorts[0].shape, countsPadding: withPadding
    ).sizes.map(Double.init)
  }
}
