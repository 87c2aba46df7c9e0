import Files
public import NNExp

extension DataDeclaration {
  /// Reads inputs without targets, with the columns, categories and scales of the training
  /// data. `path` is relative to the current folder; `-` is standard input.
  ///
  /// The first bytes of the file identify NPY, NPZ and IDX (also compressed with gzip); other
  /// files are read as CSV. If the CSV file has the column names of the training data, the
  /// columns are found by name; otherwise all columns are read in order, port after port. The
  /// array of a port in an NPZ archive has the name from training or the name of the port;
  /// for a single port, it can also be the only array. NPY and IDX files contain a single
  /// port.
  ///
  /// Rows with a missing cell in a column of `fill: drop_row` are not samples. The `rows` of
  /// the result then contain the positions of the samples.
  ///
  /// - Throws: `Diagnostics`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func loadInputs<S: Scalar>(path: String, like data: RunDatasets<S>) throws -> Dataset<S> {
    do {
      let isInput = path == "-"
      let shelf = FileShelf(isStreamed: isStreamed && !isInput)
      let file = DeclaredPath(isInput ? "standard input" : path, in: "", at: nil)
      if isInput { shelf.hold(try readStandardInput(), as: file.path) }
      let bytes = try shelf.bytes(file)
      let encodings = data.encoding.inputs
      let ports: [SourcePort]
      if let arrays = try arrays(bytes.read(0..<min(4, bytes.count)), file, encodings, shelf) {
        ports = try self.ports(arrays, like: encodings)
      } else {
        ports = try csv(shelf, file, data.encoding).inputs
      }
      return try samples(of: ports, like: encodings)
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      throw diagnostics
    }
  }

  /// One sample from the values of its columns, written as in a CSV file. A column that is
  /// absent counts as a missing cell if such cells are filled.
  ///
  /// - Throws: `Diagnostics`.
  public func loadInputs<S: Scalar>(
    setting values: [(name: String, value: String)], like data: RunDatasets<S>
  ) throws -> Dataset<S> {
    let encodings = data.encoding.inputs
    let known = encodings.flatMap(\.layout.names)
    var errors = Diagnostics()
    for (index, (name, _)) in values.enumerated() {
      if !known.contains(text: name) {
        errors.add(
          Diagnostic(
            "--set: no input '\(excerpt(name))'" + suggestion(for: name, among: known),
            notes: [.init("inputs: " + listing(known))]))
      } else if values.prefix(index).contains(where: { $0.name.hasSameBytes(as: name) }) {
        errors.add(Diagnostic("--set: '\(excerpt(name))' is given twice"))
      }
    }
    let filled = encodings.flatMap(\.table).filter { $0.fill != nil && $0.fill != .dropRow }
    let absent = known.filter { name in !values.contains { $0.name.hasSameBytes(as: name) } }
    let needed = absent.filter { name in !filled.contains { $0.name.hasSameBytes(as: name) } }
    if !needed.isEmpty {
      errors.add(
        Diagnostic(
          "--set: the input\(needed.count == 1 ? "" : "s") \(listing(needed.map { "'\($0)'" })) "
            + "\(needed.count == 1 ? "is" : "are") not given"))
    }
    try errors.throwIfAny()
    do {
      let model = source?.source as? CSVDeclaration
      var format = model?.format ?? CSVFormat()
      (format.hasHeader, format.headerIsDeclared) = (true, true)
      (format.comment, format.skippedLines, format.encoding) = (nil, 0, .utf8)
      (format.delimiter, format.skipsBlanks) = (UInt8(ascii: ","), false)
      func line(_ cells: [String]) -> String {
        cells.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",") + "\n"
      }
      let text =
        line(values.map(\.name) + absent)
        + line(values.map(\.value) + absent.map { _ in "" })
      let file = DeclaredPath("--set", in: "", at: nil)
      let table = try CSVTable(.held(Array(text.utf8)), path: file.path, format: format)
      let rows = try CSVDeclaration(file, like: model, hasHeader: true)
        .readInputs(
          table, like: encodings.map(\.layout), names: encodings.map(\.name),
          columns: encodings.flatMap(\.table))
      return try samples(of: rows.inputs, like: encodings)
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      throw diagnostics
    }
  }

  /// The samples of ports of inputs, converted like the training data.
  private func samples<S: Scalar>(
    of ports: [SourcePort], like encodings: [PortEncoding]
  ) throws -> Dataset<S> {
    let columns = try zip(encodings, ports).map { try $0.columns(of: $1) }
    let count = ports[0].columns.count
    let rows = try RowSelection(of: ports, count: count).rows
    let isIndices = encodings.map(\.port.isIndices)
    let values = ports.indices.filter { !isIndices[$0] }.map { index in
      PortRows(columns[index], encodings[index].scaling, location: ports[index].location)
    }
    var samples = try Dataset<S>(
      inputs: StreamedRows(values, rows: rows, half: .inputs).gathered(),
      indices: IndexRows(
        ports.indices.filter { isIndices[$0] }.map { columns[$0] }, rows: rows
      ).gathered(),
      targets: .held([]), count: rows.count
    ).among(rows, of: count)
    for (encoding, own) in zip(encodings, columns) {
      samples.warnings += try encoding.distantValues(in: own, rows: rows)
    }
    return samples
  }

  /// The array of each port; nil if the file is CSV.
  private func arrays(
    _ magic: [UInt8], _ file: DeclaredPath, _ ports: [PortEncoding], _ shelf: FileShelf
  ) throws -> [PortArray]? {
    if magic.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      let archive = try NPZSource.open(file, shelf)
      return try ports.map { port in
        let key = array(of: port, isOnly: ports.count == 1, in: archive)
        return PortArray(
          name: port.name, elements: try NPZSource.array(key, of: archive, in: file, at: nil),
          title: ports.count == 1 ? "'\(file.path)'" : "'\(key)' of '\(file.path)'", location: nil)
      }
    }
    let isNPY = magic.first == 0x93
    let isCompressed = magic.starts(with: [0x1F, 0x8B])
    guard isNPY || isCompressed || magic.starts(with: [0, 0]) else { return nil }
    if isCompressed, source?.source is CSVDeclaration { return nil }
    guard ports.count == 1 else {
      throw Diagnostic(
        "'\(file.path)' holds one array, but the data have the input ports "
          + "\(listing(ports.map(\.port.name))); give a CSV file with the columns of all of them, "
          + "or an NPZ archive with an array for each")
    }
    return [
      PortArray(
        name: ports[0].name,
        elements: try isNPY ? NPYSource.array(file, shelf) : IDXSource.array(file, shelf),
        title: "'\(file.path)'", location: nil)
    ]
  }

  /// The name of a port's array in an archive.
  private func array(of port: PortEncoding, isOnly: Bool, in archive: ZipArchive) -> String {
    if isOnly, archive.names.count == 1, archive.names[0].hasSuffix(bytes: ".npy") {
      return String(Substring(archive.names[0].utf8.dropLast(4)))
    }
    var names = [port.name ?? "inputs"]
    if let declared = (source?.source as? NPZSource)?.inputs.ports.first(where: {
      ($0.name ?? "").hasSameBytes(as: port.name ?? "")
    }) {
      names.insert(declared.value, at: 0)
    }
    return names.first { archive.names.contains(text: $0 + ".npy") } ?? names[0]
  }

  private func ports(_ arrays: [PortArray], like encodings: [PortEncoding]) throws -> [SourcePort] {
    let minimum = leastInputWidth(among: arrays)
    return try zip(arrays, encodings).map { array, encoding in
      try checkSamples(array.elements, array.title, at: nil, minimum: minimum)
      guard array.elements.count == arrays[0].elements.count else {
        throw Diagnostic(
          "\(arrays[0].title) holds \(arrays[0].elements.count) samples, "
            + "but \(array.title) holds \(array.elements.count)")
      }
      let layout = encoding.layout
      let owner = encoding.name.map { "inputs of port '\($0)'" } ?? "inputs"
      guard layout.isNumeric || !encoding.port.isIndices else {
        throw Diagnostic("\(array.title) holds numbers, but the training \(owner) are texts")
      }
      guard array.elements.width == layout.width, layout.isNumeric else {
        throw Diagnostic(
          "\(array.title) has \(counted(array.elements.width, "number")) per sample, "
            + "but the training \(owner) have \(layout.width)")
      }
      return array.port(.inputs, limit: nil)
    }
  }

  /// Reads CSV inputs. The first line is a header if the training file had one, or if the
  /// training data were not CSV and the line contains a text.
  private func csv(_ shelf: FileShelf, _ file: DeclaredPath, _ encoding: DataEncoding) throws
    -> SourceRows
  {
    let model = source?.source as? CSVDeclaration
    var format = model?.format ?? CSVFormat(delimiter: UInt8(ascii: ","), hasHeader: false)
    format.headerIsDeclared = true
    let bytes = try shelf.csv(file, format)
    var table = try CSVTable(bytes, path: file.path, format: format)
    var layouts = encoding.inputs.map(\.layout)
    if model == nil, !table.startsWithNumbers {
      format.hasHeader = true
      table = try CSVTable(bytes, path: file.path, format: format)
      // The training data have no names, so that any names are accepted.
      let known = layouts.flatMap(\.names)
      let areKnown = layouts.count > 1 && known.allSatisfy { table.names.contains(text: $0) }
      if !encoding.hasColumnNames, table.names.count == known.count, !areKnown {
        var names = table.names[...]
        layouts = layouts.map { layout in
          defer { names = names.dropFirst(layout.names.count) }
          return ColumnLayout(
            names: Array(names.prefix(layout.names.count)), categories: layout.categories)
        }
      }
    }
    return try CSVDeclaration(file, like: model, hasHeader: format.hasHeader)
      .readInputs(
        table, like: layouts, names: encoding.inputs.map(\.name),
        columns: encoding.inputs.flatMap(\.table))
  }
}

extension CSVTable {
  /// Whether each field of the first row is a number.
  var startsWithNumbers: Bool {
    names.indices.allSatisfy { column in
      guard let field = field(row: 0, column: column) else { return false }
      guard let content = try? bytes.read(field.range) else { return false }
      return decimal(content.span, content.indices).value != nil
    }
  }
}
