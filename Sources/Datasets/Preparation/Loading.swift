import Files
public import NNExp

extension DataDeclaration {
  /// Reads, splits and scales the data. The result depends only on the declaration, its files
  /// and the seed.
  ///
  /// - Parameter incomplete: the names of the target ports that samples can lack (`target`
  ///   for a single unnamed port). A missing target becomes NaN; in the other ports it is an
  ///   error.
  /// - Parameter needs: the requirements of the losses, by the names of the target ports.
  /// - Parameter fitted: the encoding of a finished run, which is used instead of fitting a
  ///   new one.
  /// - Parameter scratch: as in `sources`.
  /// - Throws: `Diagnostics`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func load<S: Scalar>(
    as type: S.Type, seed: UInt64, incomplete: Set<String> = [],
    needs: [String: TargetNeeds] = [:], fitted: DataEncoding? = nil, scratch: String? = nil
  ) throws -> RunDatasets<S> {
    try DataDeclaration.collectingErrors {
      try assemble(
        as: type, seed: seed, incomplete: incomplete, needs: needs, fitted: fitted,
        FileShelf(isStreamed: isStreamed, scratch: scratch))
    }
  }

  /// Splits and scales data that were read with the same source.
  ///
  /// - Parameter areRead: false if the samples will not be read. Numbers that are known to fit
  ///   are then not converted, and the ranges of the inputs are not noted.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func load<S: Scalar>(
    as type: S.Type, seed: UInt64, incomplete: Set<String> = [],
    needs: [String: TargetNeeds] = [:], from sources: LoadedSources, areRead: Bool
  ) throws -> RunDatasets<S> {
    try DataDeclaration.collectingErrors {
      try assemble(
        as: type, seed: seed, incomplete: incomplete, needs: needs, from: sources, areShared: true,
        areRead: areRead)
    }
  }

  static func collectingErrors<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      throw diagnostics
    }
  }

  /// Whether the samples are generated, not read from files.
  var isGenerated: Bool { !(source?.source is any PortSource) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func assemble<S: Scalar>(
    as type: S.Type, seed: UInt64, incomplete: Set<String> = [],
    needs: [String: TargetNeeds] = [:], fitted: DataEncoding? = nil, _ shelf: FileShelf
  ) throws -> RunDatasets<S> {
    let sources = try sources(
      seed: seed, incomplete: incomplete, needs: needs, fitted: fitted, shelf)
    return try assemble(
      as: type, seed: seed, incomplete: incomplete, needs: needs, fitted: fitted, from: sources)
  }

  /// - Parameters:
  ///   - areShared: whether the rows are used again.
  ///   - areRead: whether the samples will be read.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func assemble<S: Scalar>(
    as type: S.Type, seed: UInt64, incomplete: Set<String>, needs: [String: TargetNeeds],
    fitted: DataEncoding? = nil, from sources: LoadedSources, areShared: Bool = false,
    areRead: Bool = true
  ) throws -> RunDatasets<S> {
    guard let source else { throw Diagnostic("the data section names no source") }
    let incomplete = incomplete.union(needs.compactMapValues(\.ignore).keys)
    let isMade = isGenerated
    let main = sources.main.rows
    var inputs: [PortEncoding] = []
    var columns: [SourceColumns] = []
    var targets: [TargetEncoding]
    if let fitted {
      try fitted.requirePorts(of: main)
      (inputs, targets) = (fitted.inputs, fitted.targets)
      columns = try zip(inputs, main.inputs).map { try $0.columns(of: $1) }
    } else {
      for port in main.inputs {
        let (encoding, own) = try encoding(of: port)
        inputs.append(encoding)
        columns.append(own)
      }
      targets = try self.targets(of: main, incomplete: incomplete, needs: needs)
    }
    func need(_ target: TargetEncoding) -> TargetNeeds? {
      needs[target.name ?? SourceRows.Half.targets.noun]
    }
    for (target, raw) in zip(targets, main.targets) where target.labels == nil {
      try raw.check(for: need(target))
    }
    let classes = try zip(targets, main.targets).map { try $0.labels?.classes(of: $1) }
    var selection = try RowSelection(
      of: main.inputs + main.targets + main.weightPorts, count: main.count)
    selection.limit(to: isMade ? nil : limit, seed: seed)
    let stratum = try strata(of: targets)
    let rows = try split.rows(
      of: main, selection.rows, classes: stratum.flatMap { classes[$0] }, seed: seed)
    var announcements = main.announcements
    if let stratum, let lonely = lonelyClasses(targets[stratum], classes[stratum], selection.rows) {
      announcements.append(lonely)
    }
    if fitted != nil {
      for (port, own) in zip(inputs, columns) {
        announcements += try port.distantValues(in: own, rows: selection.rows)
      }
    }
    var dropped = selection.dropped

    for index in inputs.indices where fitted == nil {
      let (method, location) = scales[inputs[index].name, .inputs]
      try inputs[index].fit(
        &columns[index], rows: rows.train, method, at: location, notesRange: areRead,
        cell: main.inputs[index].location)
    }
    for index in targets.indices where fitted == nil {
      let (target, raw) = (targets[index], main.targets[index])
      let present = try target.present(of: raw, classes[index], rows: rows.train)
      let (method, location) = scales[target.name, .targets]
      let own = target.table.map { $0.scale ?? method }
      guard target.labels == nil else {
        let isForAll = target.name.flatMap { scales.location(ofPort: $0) } == nil
        let isScaled = own.contains { $0 != .none } || method != .none
        if !isScaled || isForAll && targets.contains(where: { $0.labels == nil }) { continue }
        throw Diagnostic("classes cannot be scaled", at: location)
      }
      targets[index].scaling = try Scaling(
        own.isEmpty ? Array(repeating: method, count: target.layout.names.count) : own,
        fittedTo: raw.columns, rows: present, at: location, cell: raw.location)
      targets[index].noteScales(own)
    }

    if fitted == nil { try checkClasses(targets, main.targets) }

    /// The samples of some rows of one source.
    func samples(
      _ columns: [SourceColumns], _ data: [SourcePort], _ targetData: [SourcePort],
      _ classes: [[Int]?], _ weights: SourcePort?, _ rows: [Int], areLast: Bool = false
    ) throws -> Dataset<S> {
      let weightRows = try weights?.weights(of: rows)
      let ports = inputs.indices
      let values = ports.filter { !inputs[$0].port.isIndices }.map { index in
        PortRows(columns[index], inputs[index].scaling, location: data[index].location)
      }
      func wanted(isScaled: Bool) -> [PortRows] {
        targets.indices.map { index in
          targets[index].rows(
            of: targetData[index], classes[index], oneHotLocation: oneHotLocation,
            isScaled: isScaled)
        } + (weightRows.map { [$0] } ?? [])
      }
      let areScaled = targets.contains { $0.scaling != nil }
      let originals = areScaled ? wanted(isScaled: false) : []
      let targets = try StreamedRows<S>(wanted(isScaled: true), rows: rows, half: .targets)
        .gathered(areRead: areRead)
      let originalTargets = try StreamedRows<Double>(originals, rows: rows, half: .targets)
        .gathered(areRead: areRead)
      let indices = try IndexRows(
        ports.filter { inputs[$0].port.isIndices }.map { columns[$0] }, rows: rows
      ).gathered()
      var dataset = Dataset<S>(
        inputs: try StreamedRows(values, rows: rows, half: .inputs)
          .gathered(areRead: areRead, releasing: areLast),
        indices: indices, targets: targets, originalTargets: originalTargets, count: rows.count)
      if rows.indices.contains(where: { rows[$0] != $0 }) { dataset.rows = rows }
      return dataset
    }
    var memory = LoadingMemory(kept: main.lineBytes)
    /// The memory for the classes of streamed targets, in bytes.
    func classBytes(_ classes: [[Int]?]) -> Int {
      guard sources.isStreamed, classes.contains(where: { $0 == nil }) else { return 0 }
      return classes.reduce(0) { $0 + ($1?.count ?? 0) * MemoryLayout<Int>.stride }
    }
    memory.kept += classBytes(classes)
    func part(
      _ rows: [Int], from source: SourceDeclaration?, _ part: LoadedSources.Part?
    ) throws -> Dataset<S>? {
      guard let source, let (data, path) = part else {
        if rows.isEmpty { return nil }
        var dataset = try samples(
          columns, main.inputs, main.targets, classes, main.weights, rows)
        dataset.ids = ids
        return dataset
      }
      guard rows.isEmpty else {
        throw Diagnostic(
          "these data come from a column with the role 'split' already; keep one of the two",
          at: source.location)
      }
      let own = try inputs.map { try data.inputs.port(named: $0.name) }
      let columns = try zip(inputs, own).map { try $0.columns(of: $1) }
      memory.kept += data.lineBytes
      let wanted = try targets.map { try data.targets.port(named: $0.name) }
      let classes = try zip(targets, wanted).map { target, raw in
        if target.labels == nil {
          try target.checkValues(of: raw)
          try raw.check(for: need(target))
        }
        return try target.labels?.classes(of: raw)
      }
      memory.kept += classBytes(classes)
      let selection = try RowSelection(of: own + wanted + data.weightPorts, count: data.count)
      dropped += selection.dropped
      guard !selection.rows.isEmpty else {
        throw Diagnostic("every row has a missing cell", at: source.location)
      }
      var dataset = try samples(columns, own, wanted, classes, data.weights, selection.rows)
      dataset.file = name(of: path)
      dataset.ids = try RowIDs(data.ids)
      return dataset
    }

    let ids = try RowIDs(main.ids)
    let validation = try part(rows.validation, from: self.validation, sources.validation)
    let test = try part(rows.test, from: self.test, sources.test)
    // The training data are the last that need the table, so that its memory is released while
    // they are converted.
    let (tableBytes, blockBytes) = (main.tableBytes, main.blockBytes)
    var train = try samples(
      columns, main.inputs, main.targets, classes, main.weights, rows.train,
      areLast: !areShared)
    train.ids = ids
    if self.validation != nil || self.test != nil { train.file = name(of: sources.main.path) }

    memory.kept += sources.windowBytes
    // A block is released after its numbers are copied.
    let growth = blockBytes / MemoryLayout<Double>.stride - train.inputs.count
    memory.released = min(tableBytes, max(0, tableBytes + growth * MemoryLayout<S>.stride))
    // The allocator may keep the memory of the parts.
    memory.released += sources.heldBytes + sources.partBytes
    memory.reading = tableBytes + sources.partBytes
    if sources.isStreamed { memory.released += LoadingMemory.perStreamedSample * main.count }

    return try RunDatasets(
      targets: zip(targets, main.targets).map {
        try $0.port(axes: fitted == nil ? $1.axes : $0.axes, at: $1.location(0, 0))
      },
      train: train, validation: validation, test: test, files: sources.files,
      encoding: DataEncoding(
        source: source.name, inputs: inputs, targets: targets, otherColumns: main.otherColumns,
        hasColumnNames: main.hasColumnNames),
      announcements: announcements, droppedRows: dropped, memory: memory)
  }

  /// The path of a file as it is written in the experiment file.
  private func name(of path: String?) -> String? {
    guard let path, path.hasPrefix(bytes: folder + "/") else { return path }
    return String(Substring(path.utf8.dropFirst(folder.utf8.count + 1)))
  }

  /// The encoding of an input port before scaling, and the columns of the port.
  private func encoding(of raw: SourcePort) throws -> (PortEncoding, SourceColumns) {
    let name = raw.name ?? SourceRows.Half.inputs.noun
    guard let declared = indices[raw.name] else {
      try raw.checkCategories()
      let layout = raw.columns.layout
      let shape = try inputShape(of: raw, raw.axes, width: layout.width)
      return (
        PortEncoding(Port(name, shape), name: raw.name, layout: layout, table: raw.table),
        raw.columns
      )
    }
    let (columns, layout, count) = try raw.indices(declared)
    let width = layout.names.count
    let shape = try inputShape(of: raw, layout.isNumeric ? raw.axes : [width], width: width)
    return (
      PortEncoding(
        Port(name, shape, kind: .indices(below: count)), name: raw.name, layout: layout,
        table: raw.table), columns
    )
  }

  private func inputShape(of raw: SourcePort, _ axes: [Int], width: Int) throws -> Shape {
    let owner = raw.name.map { " of port '\($0)'" } ?? ""
    guard let shape = shape[raw.name] else {
      return try Loading.shape(
        axes, of: "inputs\(owner)", at: raw.location(0, 0), remedy: "; give their 'shape'")
    }
    guard product(shape) == width else {
      throw Diagnostic(
        "shape \(list(shape)) does not fit the \(counted(width, "input"))\(owner) of a sample",
        at: self.shape.location(for: raw.name))
    }
    return Shape(shape)
  }

  private func targets(
    of data: SourceRows, incomplete: Set<String>, needs: [String: TargetNeeds]
  ) throws -> [TargetEncoding] {
    let targets = try data.targets.map { port in
      let needs = needs[port.name ?? SourceRows.Half.targets.noun]
      let isGuess = try guessesClasses(of: port, needs)
      return TargetEncoding(
        name: port.name, labels: try labels(of: port, areClasses: isGuess),
        isGuess: isGuess, isOneHot: isOneHot,
        isIncomplete: incomplete.contains(port.name ?? SourceRows.Half.targets.noun),
        layout: port.columns.layout, axes: port.axes, table: port.table)
    }
    if isOneHot, !targets.contains(where: { $0.labels != nil }) {
      throw Diagnostic(
        "'one_hot' needs class targets; give 'target_kind: classes'", at: oneHotLocation)
    }
    return targets
  }

  /// Whether numbers are read as classes although the file does not say so.
  private func guessesClasses(of port: SourcePort, _ needs: TargetNeeds?) throws -> Bool {
    guard (targetKind[port.name] ?? .auto) == .auto, port.classCount == nil,
      classes[port.name]?.areDeclared != true
    else { return false }
    return try port.holdsFewClasses(for: needs)
  }

  /// The labels of a target port; nil if it is not one of classes.
  private func labels(of port: SourcePort, areClasses isGuess: Bool) throws -> Labels? {
    let isText = !port.columns.layout.isNumeric
    let kind = targetKind[port.name] ?? .auto
    var declared = classes[port.name] ?? .none
    var areClasses = kind == .classes || (kind == .auto && isText) || isGuess
    if kind == .auto {
      if declared.areDeclared { areClasses = true }
      if let count = port.classCount {
        areClasses = true
        if !declared.areDeclared { declared = .count(count) }
      }
    }
    guard areClasses else {
      guard !isText else {
        throw Diagnostic(
          "expected numbers as targets ('target_kind: values'), found texts",
          at: port.location(0, 0))
      }
      return nil
    }
    return try Labels(of: port, declared: declared)
  }

  /// Throws if there is a single class that the file does not declare.
  private func checkClasses(_ targets: [TargetEncoding], _ ports: [SourcePort]) throws {
    for (target, port) in zip(targets, ports) {
      guard let names = target.labels?.names, names.count == 1, port.classCount == nil,
        classes[target.name]?.areDeclared != true,
        try port.columns.cells(of: 0).count(where: { !$0.isNaN }) > 1
      else { continue }
      throw Diagnostic(
        "all targets are of the same class '\(excerpt(names[0]))'; there is nothing to learn",
        at: port.location(0, 0))
    }
  }

  /// The message about classes of one sample, which a stratified split cannot divide; nil if
  /// there are none.
  private func lonelyClasses(
    _ target: TargetEncoding, _ classes: [Int]?, _ rows: [Int]
  ) -> Diagnostic? {
    guard let classes, let names = target.labels?.names else { return nil }
    var sizes = [Int](repeating: 0, count: names.count)
    for row in rows where classes[row] >= 0 { sizes[classes[row]] += 1 }
    let lonely = names.indices.filter { sizes[$0] == 1 }.map { "'\(excerpt(names[$0]))'" }
    if lonely.isEmpty { return nil }
    let isOne = lonely.count == 1
    let fact = isOne ? "the class \(lonely[0]) has" : "the classes \(listing(lonely)) have each"
    let place = split.folds == nil ? "in the training data only" : "in one fold only"
    return Diagnostic(
      "\(fact) one sample, which the stratified split cannot divide; \(isOne ? "it is" : "they are") "
        + place, at: split.location, severity: .warning)
  }

  /// The index of the target whose classes have the same shares in each part; nil for none.
  private func strata(of targets: [TargetEncoding]) throws -> Int? {
    guard split.isStratified, split.validation > 0 || split.test > 0 || split.folds != nil else {
      return nil
    }
    let ofClasses = targets.indices.filter { targets[$0].labels != nil }
    guard !ofClasses.isEmpty else {
      throw Diagnostic("a stratified split needs class targets", at: split.location)
    }
    if let (name, location) = split.stratum {
      guard
        let index = ofClasses.first(where: { targets[$0].name?.hasSameBytes(as: name) ?? false })
      else {
        throw Diagnostic(
          "a stratified split needs class targets, but those of port '\(name)' are values",
          at: location)
      }
      return index
    }
    guard ofClasses.count == 1 else {
      let names = ofClasses.map { "'\(targets[$0].name ?? "")'" }
      throw Diagnostic(
        "a split is stratified by one target, but \(names.joined(separator: ", ")) have classes; "
          + "write 'stratified: \(targets[ofClasses[0]].name ?? "")'", at: split.location)
    }
    return ofClasses[0]
  }
}

extension DataEncoding {
  /// Throws unless the samples of a source have the ports of the run.
  fileprivate func requirePorts(of rows: SourceRows) throws {
    func names(_ names: [String?]) -> [ByteText] { names.map { ByteText($0 ?? "") } }
    guard names(inputs.map(\.name)) == names(rows.inputs.map(\.name)),
      names(targets.map(\.name)) == names(rows.targets.map(\.name))
    else { throw Diagnostic("the data have other ports than the run was trained with") }
    for (target, raw) in zip(targets, rows.targets) where target.labels == nil {
      try target.checkValues(of: raw)
    }
  }
}

extension [SourcePort] {
  /// The port that corresponds to a port of the training data.
  fileprivate func port(named name: String?) throws -> SourcePort {
    // Declarations with other ports were refused earlier.
    guard let port = first(where: { ($0.name ?? "").hasSameBytes(as: name ?? "") }) else {
      throw Diagnostic("there is no port '\(name ?? "")'")
    }
    return port
  }
}

/// Checks of shapes and sizes during loading.
enum Loading {
  /// Throws if a shape cannot have so many axes.
  static func shape(
    _ axes: [Int], of what: String, at location: SourceLocation?, remedy: String = ""
  ) throws
    -> Shape
  {
    guard axes.count <= Shape.maximumRank else {
      throw Diagnostic(
        "the \(what) of a sample have the shape \(list(axes)), more than \(Shape.maximumRank) axes"
          + remedy, at: location)
    }
    return Shape(axes)
  }

  /// The product `rows · width`; throws if there is not enough memory for the array.
  static func size<Number>(
    _ rows: Int, _ width: Int, of type: Number.Type, at location: SourceLocation?,
    notes: [Diagnostic.Note] = []
  ) throws -> Int {
    guard let size = product([rows, width]),
      let bytes = product([size, MemoryLayout<Number>.size])
    else {
      throw Diagnostic("\(rows) samples of \(width) numbers exceed any memory", at: location)
    }
    try checkMemory(
      bytes: bytes, for: "the array of \(rows) × \(width) numbers", at: location, notes: notes)
    return size
  }
}
