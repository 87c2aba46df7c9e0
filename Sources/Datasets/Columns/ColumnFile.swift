public import Files
import NNExp

// columns.json: the interpretation of the data in a run.
//
// `columns` has one entry per column of a table. `inputs` and `targets` are in the order of
// the ports; for arrays, they contain the scales of the ports.

extension DataEncoding {
  /// The name of the file in the folder of a run.
  public static let file = "columns.json"

  static let version = 1

  /// The contents of columns.json.
  ///
  /// - Parameters:
  ///   - targets: the target ports.
  ///   - samples: the number of samples of each part.
  ///   - classCounts: of the training data, by target port.
  public func json(
    _ targets: [TargetPort], samples: [JSON.Member], classCounts: [[Int]?] = []
  ) -> JSON {
    [
      "version": .int(DataEncoding.version),
      "source": .string(source),
      "column_names": .bool(hasColumnNames),
      "samples": .object(samples),
      "inputs": .array(inputs.map(\.json)),
      "targets": .array(
        self.targets.indices.map { index in
          self.targets[index].json(
            targets[index], classCounts.indices.contains(index) ? classCounts[index] : nil)
        }),
      "columns": .array(
        (inputs.flatMap(\.table) + self.targets.flatMap(\.table) + otherColumns).map(\.json)),
    ]
  }

  /// Reads columns.json.
  ///
  /// - Throws: a message if the file is damaged or of a later version.
  public init(_ json: JSON) throws {
    let version = try DataEncoding.need(json["version"]?.int, "version")
    guard version == DataEncoding.version else {
      throw Diagnostic("it is of version \(version); this nnexp reads \(DataEncoding.version)")
    }
    source = try DataEncoding.need(json["source"]?.string, "source")
    hasColumnNames = try DataEncoding.need(json["column_names"]?.bool, "column_names")
    let columns = try DataEncoding.need(json["columns"]?.array, "columns").map(TableColumn.init)
    inputs = try DataEncoding.need(json["inputs"]?.array, "inputs").map {
      try PortEncoding($0, columns)
    }
    targets = try DataEncoding.need(json["targets"]?.array, "targets").map {
      try TargetEncoding($0, columns)
    }
    otherColumns = columns.filter { $0.role != .inputs && $0.role != .targets }
    guard !inputs.isEmpty, !targets.isEmpty else { throw Diagnostic("it has no ports") }
  }

  static func need<Value>(_ value: Value?, _ key: String) throws -> Value {
    guard let value else { throw Diagnostic("it has no valid '\(key)'") }
    return value
  }

  /// A shape with extents of at least `minimum`.
  static func shape(_ json: JSON?, minimum: Int) throws -> Shape {
    let axes = try need(json?.array, "shape").map { $0.int ?? -1 }
    guard axes.count <= Shape.maximumRank, axes.allSatisfy({ $0 >= minimum }),
      let size = product(axes), size <= Int(Int32.max)
    else { throw Diagnostic("it has no valid 'shape'") }
    return Shape(axes)
  }
}

extension RunDatasets {
  /// The contents of columns.json.
  public var columnsJSON: JSON {
    var samples = [JSON.Member("train", .int(train.count))]
    if let validation { samples.append(.init("validation", .int(validation.count))) }
    if let test { samples.append(.init("test", .int(test.count))) }
    return encoding.json(targets, samples: samples, classCounts: classCounts)
  }

  /// Describes the data of columns.json: the number of samples per part without their values,
  /// for a trained network that reads other samples.
  public init(describedBy json: JSON) throws {
    let encoding = try DataEncoding(json)
    let targets = try encoding.targets.map { target in
      try target.port(axes: target.axes, at: nil)
    }
    func part(_ name: String) throws -> Dataset<S>? {
      guard let found = json["samples"]?[name] else { return nil }
      guard let count = found.int, 1...Int(Int32.max) ~= count else {
        throw Diagnostic("it has no valid 'samples'")
      }
      return Dataset(inputs: [], indices: [], targets: [], count: count)
    }
    guard let train = try part("train") else { throw Diagnostic("it has no valid 'samples'") }
    let counts = try (json["targets"]?.array ?? []).enumerated().map { index, target in
      try target["class_counts"].map { json in
        let counts = try DataEncoding.need(json.array, "class_counts").compactMap(\.int)
        guard counts.count == targets[index].classNames.count, counts.allSatisfy({ $0 >= 0 })
        else { throw Diagnostic("it has no valid 'class_counts'") }
        return counts
      }
    }
    self.init(
      targets: targets, train: train, validation: try part("validation"), test: try part("test"),
      files: [], encoding: encoding)
    classCounts = counts
  }
}

// MARK: - Columns

extension TableColumn {
  var json: JSON {
    var members: [JSON.Member] = [
      .init("name", .string(name)), .init("position", .int(position)),
      .init("role", .string(role.rawValue)),
    ]
    if let port { members.append(.init("port", .string(port))) }
    if let type { members.append(.init("type", .string(type))) }
    if let distinct { members.append(.init("distinct", .int(distinct))) }
    if type != nil { members.append(.init("missing", .int(missing))) }
    if let fill {
      members.append(.init("fill", fill.json))
      if let fillValue { members.append(.init("fill_value", .number(fillValue))) }
    }
    if let categories {
      members.append(.init("categories", .array(categories.map(JSON.string))))
      if hasOther { members.append(.init("other", true)) }
    }
    if let range { members.append(.init("range", range.json)) }
    if let scale { members.append(.init("scale", scale.json)) }
    if let scaleNumbers {
      members.append(.init("scale_numbers", scaleNumbers.json))
    }
    return .object(members)
  }

  init(_ json: JSON) throws {
    let role = try DataEncoding.need(json["role"]?.string.flatMap(Role.init), "role")
    self.init(
      try DataEncoding.need(json["name"]?.string, "name"),
      position: try DataEncoding.need(json["position"]?.int, "position"), role: role,
      port: json["port"]?.string, type: json["type"]?.string)
    distinct = json["distinct"]?.int
    missing = json["missing"]?.int ?? 0
    fill = try json["fill"].map { try DataEncoding.need(Fill($0), "fill") }
    fillValue = json["fill_value"]?.double
    categories = try json["categories"].map { list in
      try DataEncoding.need(list.array, "categories").map {
        try DataEncoding.need($0.string, "categories")
      }
    }
    hasOther = json["other"]?.bool ?? false
    if let categories {
      let isIndex = fillValue.map { Int(exactly: $0).map(categories.indices.contains) ?? false }
      guard isIndex ?? true, !hasOther || !categories.isEmpty else {
        throw Diagnostic("column '\(excerpt(name))' has no valid 'categories'")
      }
    }
    range = try json["range"].map(ClosedRange.init)
    scale = try json["scale"].map { try DataEncoding.need(ScaleMethod($0), "scale") }
    scaleNumbers = try json["scale_numbers"].map(ScaleNumbers.init)
  }
}

extension Fill {
  fileprivate var json: JSON {
    switch self {
    case .constant(.number(let value)): ["constant": .number(value)]
    case .constant(.text(let text)): ["constant": .string(text)]
    default: if case .string(let word) = config.content { .string(word) } else { .null }
    }
  }

  fileprivate init?(_ json: JSON) {
    if let word = json.string {
      self.init(ConfigValue(.string(word)))
    } else if let number = json["constant"]?.double {
      self = .constant(.number(number))
    } else if let text = json["constant"]?.string {
      self = .constant(.text(text))
    } else {
      return nil
    }
  }
}

extension ClosedRange<Double> {
  fileprivate var json: JSON { [.number(lowerBound), .number(upperBound)] }

  fileprivate init(_ json: JSON) throws {
    let ends = (json.array ?? []).compactMap(\.double)
    guard ends.count == 2, ends[0] <= ends[1] else { throw Diagnostic("it has no valid 'range'") }
    self = ends[0]...ends[1]
  }
}

extension ScaleMethod {
  fileprivate var json: JSON {
    if case .divide(let by) = self { return ["divide": .number(by)] }
    return if case .string(let word) = config.content { .string(word) } else { .null }
  }

  fileprivate init?(_ json: JSON) {
    if let word = json.string {
      self.init(ConfigValue(.string(word)))
    } else if let by = json["divide"]?.double, by > 0 {
      self = .divide(by)
    } else {
      return nil
    }
  }
}

extension ScaleNumbers {
  fileprivate var json: JSON {
    isLog
      ? ["log": true]
      : ["origin": .number(origin), "shift": .number(shift), "spread": .number(spread)]
  }

  fileprivate init(_ json: JSON) throws {
    self.init()
    if json["log"]?.bool == true {
      isLog = true
      return
    }
    origin = try DataEncoding.need(json["origin"]?.double, "origin")
    shift = try DataEncoding.need(json["shift"]?.double, "shift")
    spread = try DataEncoding.need(json["spread"]?.double, "spread")
    guard origin.isFinite, shift.isFinite, spread.isFinite, spread >= 0 else {
      throw Diagnostic("it has no valid 'scale_numbers'")
    }
  }
}

// MARK: - Ports

extension PortEncoding {
  fileprivate var json: JSON {
    var members: [JSON.Member] = [
      .init("port", .string(port.name)), .init("named", .bool(name != nil)),
      .init("shape", .array(port.shape.axes.map(JSON.int))),
    ]
    if case .indices(let count) = port.kind { members.append(.init("indices", .int(count))) }
    if port.isIndices, let vocabulary = layout.categories.first ?? nil {
      members.append(.init("vocabulary", .array(vocabulary.map(JSON.string))))
    }
    if table.isEmpty {
      let standard = ColumnLayout(layout.names.count, named: name ?? SourceRows.Half.inputs.noun)
      if standard.names != layout.names {
        members.append(.init("columns", .array(layout.names.map(JSON.string))))
      }
      if let range { members.append(.init("range", range.json)) }
      if let scaling {
        let numbers = (0..<layout.width).map { scaling[$0] }
        members.append(.init("scale_numbers", .array(numbers.map(\.json))))
      }
    }
    return .object(members)
  }

  fileprivate init(_ json: JSON, _ columns: [TableColumn]) throws {
    let portName = try DataEncoding.need(json["port"]?.string, "port")
    let isNamed = try DataEncoding.need(json["named"]?.bool, "named")
    let shape = try DataEncoding.shape(json["shape"], minimum: 0)
    let count = json["indices"]?.int
    let table = columns.filter {
      $0.role == .inputs && $0.port.map { $0.hasSameBytes(as: portName) } ?? !isNamed
    }
    var layout: ColumnLayout
    if table.isEmpty {
      let names = json["columns"]?.array?.compactMap(\.string)
      layout =
        names.map(ColumnLayout.init(numbers:))
        ?? ColumnLayout(shape.count, named: isNamed ? portName : SourceRows.Half.inputs.noun)
    } else {
      layout = ColumnLayout(table)
    }
    if let vocabulary = json["vocabulary"]?.array?.compactMap(\.string) {
      layout = ColumnLayout(
        names: layout.names, categories: layout.names.map { _ in vocabulary }, fills: layout.fills)
    }
    var scaling: Scaling?
    if let numbers = json["scale_numbers"]?.array {
      scaling = Scaling(try numbers.map(ScaleNumbers.init))
    } else if table.contains(where: { $0.scaleNumbers != nil }) {
      scaling = Scaling(
        table.flatMap { column in
          [column.scaleNumbers ?? ScaleNumbers()]
            + Array(repeating: ScaleNumbers(), count: max(0, column.width - 1))
        })
    }
    let width = count == nil ? layout.width : layout.names.count
    guard width == shape.count, scaling.map({ $0.count == width }) ?? true, count ?? 1 > 0 else {
      throw Diagnostic("its columns do not make the shape \(shape) of '\(excerpt(portName))'")
    }
    let port =
      count.map { Port(portName, shape, kind: .indices(below: $0)) } ?? Port(portName, shape)
    self.init(
      port, name: isNamed ? portName : nil, layout: layout, table: table, scaling: scaling,
      range: try json["range"].map(ClosedRange.init))
  }
}

extension TargetEncoding {
  fileprivate func json(_ port: TargetPort, _ classCounts: [Int]?) -> JSON {
    var members: [JSON.Member] = [
      .init("port", .string(port.name)), .init("named", .bool(name != nil)),
      .init("shape", .array(axes.map(JSON.int))),
      .init("numbers", .array(layout.names.map(JSON.string))),
      .init("incomplete", .bool(isIncomplete)),
    ]
    if let labels {
      members.append(.init("classes", .array(labels.names.map(JSON.string))))
      members.append(.init("labels_are_indices", .bool(labels.areIndices)))
      members.append(.init("one_hot", .bool(isOneHot)))
      if let classCounts {
        members.append(.init("class_counts", .array(classCounts.map(JSON.int))))
      }
    }
    if table.isEmpty, let scaling {
      let numbers = (0..<layout.width).map { scaling[$0] }
      members.append(.init("scale_numbers", .array(numbers.map(\.json))))
    }
    return .object(members)
  }

  fileprivate init(_ json: JSON, _ columns: [TableColumn]) throws {
    let portName = try DataEncoding.need(json["port"]?.string, "port")
    let isNamed = try DataEncoding.need(json["named"]?.bool, "named")
    let names = try DataEncoding.need(json["numbers"]?.array, "numbers").compactMap(\.string)
    let table = columns.filter {
      $0.role == .targets && $0.port.map { $0.hasSameBytes(as: portName) } ?? !isNamed
    }
    let classes = json["classes"]?.array?.compactMap(\.string)
    guard !names.isEmpty, table.isEmpty || table.count == names.count, classes?.isEmpty != true
    else { throw Diagnostic("its targets of '\(excerpt(portName))' have no columns") }
    var scaling: Scaling?
    if let numbers = json["scale_numbers"]?.array {
      scaling = Scaling(try numbers.map(ScaleNumbers.init))
    } else if table.contains(where: { $0.scaleNumbers != nil }) {
      scaling = Scaling(table.map { $0.scaleNumbers ?? ScaleNumbers() })
    }
    self.init(
      name: isNamed ? portName : nil,
      labels: try classes.map { names in
        Labels(
          names,
          areIndices: try DataEncoding.need(json["labels_are_indices"]?.bool, "labels_are_indices"))
      }, isOneHot: json["one_hot"]?.bool ?? false,
      isIncomplete: try DataEncoding.need(json["incomplete"]?.bool, "incomplete"),
      layout: table.isEmpty ? ColumnLayout(numbers: names) : ColumnLayout(table),
      axes: try DataEncoding.shape(json["shape"], minimum: 1).axes, table: table, scaling: scaling)
  }
}
