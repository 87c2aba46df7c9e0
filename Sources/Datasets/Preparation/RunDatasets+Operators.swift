public import NNExp

extension RunDatasets {
  /// Adds the inputs of the data to a graph, and the operators that convert them as the run
  /// converted the training data. Returns the values of the network's input ports.
  ///
  /// Each column of a table is an input `[batch, 1]`, and each array is one input. Numbers are in
  /// float64 and in the units of the data; a missing one is NaN. Categories are texts; a missing
  /// one is an empty text. A date is its number of days since 1970-01-01, and a boolean value is 0
  /// or 1. A cell that `predict` refuses makes the row NaN; as an index, it is out of range.
  public func addInputs(to graph: inout OperatorGraph) -> [OperatorGraph.Value] {
    encoding.inputs.map { $0.addInputs(to: &graph) }
  }
}

extension PortEncoding {
  fileprivate func addInputs(to graph: inout OperatorGraph) -> OperatorGraph.Value {
    graph.scope = port.name
    let isTensor = table.isEmpty && layout.isPlain
    if port.isIndices {
      if isTensor { return graph.input(port.name, .int64, port.shape.axes) }
      let columns = layout.names.indices.map { column in
        guard layout.categories[column] != nil else {
          return graph.input(layout.names[column], .int64, [1])
        }
        let text = graph.input(layout.names[column], .text, [1])
        return layout.codes(of: text, column, unknown: port.indexCount ?? 0, in: &graph)
      }
      return graph.joined(columns)
    }
    let numbers: OperatorGraph.Value
    if isTensor {
      let input = graph.input(port.name, .float64, port.shape.axes)
      numbers = port.shape.rank == 1 ? input : graph.reshape(input, to: [port.count])
    } else {
      numbers = graph.joined(layout.names.indices.flatMap { layout.numbers(of: $0, in: &graph) })
    }
    var scaled = numbers
    if let scaling { scaled = scaling.add(to: &graph, numbers) }
    if graph.precision == .float32 { scaled = graph.cast(scaled, to: .float32) }
    return port.shape.rank == 1 ? scaled : graph.reshape(scaled, to: port.shape)
  }
}

extension ColumnLayout {
  /// The numbers of a column, in one or two values `[batch, width]` of float64, before scaling.
  fileprivate func numbers(
    of column: Int, in graph: inout OperatorGraph
  ) -> [OperatorGraph.Value] {
    let fill = fills.isEmpty ? nil : fills[column]
    guard let categories = categories[column] else {
      let input = graph.input(names[column], .float64, [1])
      guard let fill else { return [input] }
      let isMissing = graph.add("IsNaN", input)
      var numbers = input
      if let value = fill.value {
        numbers = graph.add("Where", isMissing, graph.constant([value], [], as: .float64), input)
      }
      return fill.hasIndicator ? [numbers, graph.cast(isMissing, to: .float64)] : [numbers]
    }
    let text = graph.input(names[column], .text, [1])
    let unknown = -2
    let code = codes(of: text, column, unknown: unknown, in: &graph)
    // One of the categories is 1, the rest are 0.
    let isCategory = graph.add("Equal", code, graph.integers(Array(categories.indices)))
    var oneHot = graph.cast(isCategory, to: .float64)
    if haveOther.isEmpty || !haveOther[column] {
      let isUnknown = graph.add("Equal", code, graph.integers([unknown]))
      oneHot = graph.add("Where", isUnknown, graph.constant([.nan], [], as: .float64), oneHot)
    }
    guard let fill, fill.hasIndicator else { return [oneHot] }
    let isMissing = graph.add("Equal", code, graph.integers([-1]))
    return [oneHot, graph.cast(isMissing, to: .float64)]
  }

  /// The index of a text's category: that of the fill for an empty text, −1 for an empty text
  /// without categories, and `unknown` for a text that is refused.
  fileprivate func codes(
    of text: OperatorGraph.Value, _ column: Int, unknown: Int, in graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    let categories = categories[column] ?? []
    let hasOther = haveOther.isEmpty ? false : haveOther[column]
    var keys = hasOther ? Array(categories.dropLast()) : categories
    var codes = Array(keys.indices)
    if let fill = fills.isEmpty ? nil : fills[column] {
      keys.append("")
      codes.append(fill.value.map { Int($0) } ?? -1)
    }
    let rest = hasOther ? categories.count - 1 : unknown
    return graph.add(
      "LabelEncoder", text,
      attributes: [
        ("keys_strings", .texts(keys)), ("values_int64s", .integers(codes)),
        ("default_int64", .integer(rest)),
      ], domain: "ai.onnx.ml")
  }
}

extension Scaling {
  /// Adds y = ((x − origin) − shift) / spread, in float64.
  fileprivate func add(
    to graph: inout OperatorGraph, _ numbers: OperatorGraph.Value
  ) -> OperatorGraph.Value {
    var y = numbers
    func constant(_ numbers: [Double]) -> OperatorGraph.Value {
      let isOne = numbers.allSatisfy { $0 == numbers[0] }
      return graph.constant(
        isOne ? [numbers[0]] : numbers, isOne ? [] : [numbers.count], as: .float64)
    }
    if origin.contains(where: { $0 != 0 }) { y = graph.add("Sub", y, constant(origin)) }
    if shift.contains(where: { $0 != 0 }) { y = graph.add("Sub", y, constant(shift)) }
    if spread.contains(where: { $0 != 1 }) {
      // A number that is constant in the training data becomes 0.
      y = graph.add("Div", y, constant(spread.map { $0 > 0 ? $0 : .infinity }))
    }
    if !areLogs.isEmpty {
      let selected = constant(areLogs.map { $0 ? 1 : 0 })
      let isLog = graph.cast(selected, to: .bool)
      // The other numbers may have no logarithm.
      y = graph.add("Where", isLog, graph.add("Log", y), y)
    }
    return y
  }
}

extension OperatorGraph {
  fileprivate mutating func joined(_ columns: [Value]) -> Value {
    columns.count == 1
      ? columns[0] : add("Concat", columns, attributes: [("axis", .integer(1))])
  }
}
