import Files
import NNExp

extension DataDeclaration {
  /// Reads a file with inputs and targets, and converts both like the data of a run. All
  /// samples are in `train` of the result.
  ///
  /// The file is CSV or NPZ. The columns of a CSV file are found by the names of the training
  /// data; other columns are ignored. Without names, the columns are those of the training
  /// file, or all inputs and then all targets if the training data are no table.
  ///
  /// - Parameters:
  ///   - path: the file, relative to the current folder.
  ///   - incomplete: the target ports that samples may lack, as for `load`.
  ///   - needs: what the loss of a target port needs, as for `load`.
  /// - Throws: `Diagnostics`.
  public func loadLabeled<S: Scalar>(
    path: String, like data: RunDatasets<S>, incomplete: Set<String> = [],
    needs: [String: TargetNeeds] = [:]
  ) throws -> RunDatasets<S> {
    let file = LabeledFile(
      file: DeclaredPath(path, in: "", at: nil), model: source?.source, encoding: data.encoding)
    return try DataDeclaration(self, onlySource: file).load(
      as: S.self, seed: 0, incomplete: incomplete, needs: needs, fitted: data.encoding)
  }
}

/// A file of labeled samples that the command line names.
struct LabeledFile: PortSource {
  let file: DeclaredPath
  /// The source of the training data.
  let model: (any DataSource)?
  /// The interpretation of the training data.
  let encoding: DataEncoding

  var inputPorts: [PortName]? { ports(encoding.inputs.map(\.name)) }
  var targetPorts: [PortName]? { ports(encoding.targets.map(\.name)) }

  private func ports(_ names: [String?]) -> [PortName]? {
    names[0] == nil ? nil : names.map { ($0 ?? "", nil) }
  }

  func read(_ request: DataRequest) throws -> SourceSamples {
    let head = try request.shelf.bytes(file)
    let magic = try head.read(0..<min(4, head.count))
    if magic.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      return try NPZSource(
        file, like: model as? NPZSource, inputs: encoding.inputs.map(\.name),
        targets: encoding.targets.map(\.name)
      ).read(request)
    }
    let isArray = magic.first == 0x93 || magic.starts(with: [0, 0])
    if isArray || magic.starts(with: [0x1F, 0x8B]) && !(model is CSVDeclaration) {
      throw Diagnostic(
        "'\(file.path)' holds one array, and labeled data have inputs and targets; give an NPZ "
          + "archive with both, or a CSV file")
    }
    let declared = model as? CSVDeclaration
    let (table, names) = try table(declared, request.shelf)
    return SourceSamples(
      try CSVDeclaration(file, like: declared, hasHeader: table.hasHeader).readSamples(
        table, like: encoding, names: names, request.settings))
  }

  /// The table, and the names of its columns that are the inputs and targets of the training
  /// data, in their order.
  private func table(
    _ declared: CSVDeclaration?, _ shelf: FileShelf
  ) throws -> (CSVTable, [String]) {
    var format = declared?.format ?? CSVFormat(delimiter: UInt8(ascii: ","), hasHeader: false)
    format.headerIsDeclared = true
    let bytes = try shelf.csv(file, format)
    var table = try CSVTable(bytes, path: file.path, format: format)
    if declared == nil, !table.startsWithNumbers {
      format.hasHeader = true
      table = try CSVTable(bytes, path: file.path, format: format)
    }
    let (inputs, targets) = (
      encoding.inputs.flatMap(\.layout.names), encoding.targets.flatMap(\.layout.names)
    )
    let known = inputs + targets
    if declared != nil || known.allSatisfy({ table.names.contains(text: $0) }) {
      return (table, known)
    }
    guard table.names.count == known.count else {
      throw Diagnostic(
        "'\(file.path)' has \(counted(table.names.count, "column")), but the training data have "
          + "\(counted(inputs.count, "input")) and \(counted(targets.count, "target"))",
        at: table.location(row: 0, column: 0))
    }
    return (table, table.names)
  }
}

extension CSVDeclaration {
  /// Reads the inputs and targets of the training data from another file.
  ///
  /// - Parameter names: the file's names of the columns of the training data, first those of
  ///   the inputs.
  fileprivate func readSamples(
    _ table: CSVTable, like encoding: DataEncoding, names: [String], _ settings: TableSettings
  ) throws -> SourceRows {
    var uses = ColumnUses(table, at: file.location)
    var rest = names[...]
    func ports(_ encodings: [(name: String?, layout: ColumnLayout)]) throws -> [Port] {
      try encodings.map { port in
        let own = Array(rest.prefix(port.layout.names.count))
        rest = rest.dropFirst(own.count)
        let columns = try ColumnSelection(names: own).resolve(in: table, at: file.location)
        return Port(name: port.name, columns: columns, location: file.location)
      }
    }
    let inputs = try ports(encoding.inputs.map { ($0.name, $0.layout) })
    let targets = try ports(encoding.targets.map { ($0.name, $0.layout) })
    for column in inputs.flatMap(\.columns) { try uses.add(column, .inputs) }
    for port in targets where !port.isCopy(of: inputs) {
      for column in port.columns { try uses.add(column, .targets) }
    }
    for id in encoding.columns where id.role == .id {
      if let column = table.names.firstIndex(ofText: id.name) { try uses.add(column, .id) }
    }
    for weight in encoding.columns where weight.role == .weight {
      let column = try ColumnSelection(names: [weight.name]).resolve(in: table, at: file.location)
      try uses.add(column[0], .weight)
    }
    let details = try columns?.resolve(in: table, isPartial: true) ?? [:]
    return try read(
      table, inputs: inputs, targets: targets, split: nil, key: nil, uses, details, settings)
  }
}
