import Files
public import NNExp

extension DataDeclaration {
  /// Reads inputs alone, with the columns, categories and scaling of the
  /// training data; `path` is relative to the current folder.
  ///
  /// The file's first bytes tell NPY, NPZ and IDX (.gz too); anything else is
  /// CSV, of which the columns named as in training are read, or, without such
  /// names, all columns in order. An NPZ archive's array is the one that the
  /// training data have as inputs, or the only one there is.
  ///
  /// - Throws: `Diagnostics`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func loadInputs<S: Scalar>(path: String, like data: DataSets<S>) throws -> Samples<S> {
    do {
      let shelf = FileShelf(isStreamed: isStreamed)
      let file = DeclaredPath(path, in: "", at: nil)
      let bytes = try shelf.csv(file)
      let encoding = data.encoding
      let columns: RawColumns
      var place: @Sendable (Int, RawData.Half, Int) -> Place? = { _, _, _ in nil }
      if let elements = try array(bytes.read(0..<min(4, bytes.count)), file, shelf) {
        try checkSamples(elements, "'\(path)'", at: nil)
        guard elements.width == encoding.layout.width, encoding.layout.isNumeric else {
          throw Diagnostic(
            "'\(path)' has \(counted(elements.width, "number")) a sample, "
              + "but the training inputs have \(encoding.layout.width)")
        }
        columns = RawColumns(elements, named: "input")
      } else {
        let raw = try csv(bytes, file, encoding)
        columns = try raw.inputs(like: encoding.layout)
        place = raw.place
      }
      let rows = ScaledRows<S>(
        columns: columns, rows: Array(0..<columns.count), scaling: encoding.scaling, half: .inputs,
        place: place)
      return Samples(
        inputs: try rows.gathered(), targets: .held([]), count: columns.count)
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      throw diagnostics
    }
  }

  /// The array that the file holds; nil where it is CSV.
  private func array(_ magic: [UInt8], _ file: DeclaredPath, _ shelf: FileShelf) throws
    -> Elements?
  {
    if magic.first == 0x93 { return try NPYSource.array(file, shelf) }
    if magic.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      let archive = try NPZSource.open(file, shelf)
      var key = "inputs"
      if let declared = source?.source as? NPZSource { key = declared.inputs }
      if archive.names.count == 1, archive.names[0].hasSuffix(bytes: ".npy") {
        key = String(Substring(archive.names[0].utf8.dropLast(4)))
      }
      return try NPZSource.array(key, of: archive, in: file, at: nil)
    }
    if magic.starts(with: [0x1F, 0x8B]) || magic.starts(with: [0, 0]) {
      return try IDXSource.array(file, shelf)
    }
    return nil
  }

  /// CSV inputs; the first line is a header where training had one, or where
  /// it did not come from CSV and the line is not all numbers.
  private func csv(_ bytes: CSVBytes, _ file: DeclaredPath, _ encoding: InputEncoding) throws
    -> RawData
  {
    let model = source?.source as? CSVDeclaration
    let delimiter = model?.delimiter ?? UInt8(ascii: ",")
    var hasHeader = model?.hasHeader ?? false
    var table = try CSVTable(
      bytes, path: file.path, delimiter: delimiter, hasHeader: hasHeader)
    var layout = encoding.layout
    if model == nil, !table.startsWithNumbers {
      table = try CSVTable(bytes, path: file.path, delimiter: delimiter, hasHeader: true)
      // Its names need not be those of the training data, which have none.
      if !encoding.hasColumnNames, table.names.count == layout.names.count {
        layout = ColumnLayout(names: table.names, categories: layout.categories)
      }
      hasHeader = true
    }
    return try CSVDeclaration(file, like: model, hasHeader: hasHeader)
      .readInputs(table, like: layout)
  }
}

extension CSVTable {
  /// True if every field of the first row is a number.
  fileprivate var startsWithNumbers: Bool {
    names.indices.allSatisfy { column in
      guard let field = field(row: 0, column: column) else { return false }
      guard let content = try? bytes.read(field.range) else { return false }
      if case .number = decimal(content.span, content.indices) { return true }
      return false
    }
  }
}
