import Files
public import NNExp

extension DataDeclaration {
  /// Reads, splits and scales the data; a function of the declaration, its
  /// files and the seed alone.
  ///
  /// - Throws: `Diagnostics`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func load<S: Scalar>(as type: S.Type, seed: UInt64) throws -> DataSets<S> {
    do {
      return try assemble(as: type, seed: seed, FileShelf(isStreamed: isStreamed))
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      throw diagnostics
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func assemble<S: Scalar>(
    as type: S.Type, seed: UInt64, _ shelf: FileShelf
  ) throws -> DataSets<S> {
    guard let source else { throw Diagnostic("the data section names no source") }
    let random = RandomStream(seed: seed, purpose: "generated data")
    let main = try source.read(
      DataRequest(
        limit: limit, random: random, files: shelf, partColumn: split.column?.items ?? []))
    let shape = try inputShape(of: main)
    let labels = try self.labels(of: main)
    let classes = try labels?.classes(of: main)
    let rows =
      try main.parts.map { try Split.rows(of: $0, at: split.place) }
      ?? split.rows(count: main.count, classes: classes, seed: seed)

    let inputScaling = try Scaling(
      inputScale, fittedTo: main.inputs, rows: rows.train, at: places["scale"])
    if labels != nil, targetScale != .none {
      throw Diagnostic("classes cannot be scaled", at: places["scale"])
    }
    let targetScaling = try Scaling(
      targetScale, fittedTo: main.targets, rows: rows.train, at: places["scale"])

    /// The samples of some rows of one source.
    func samples(
      _ data: RawData, _ inputs: RawColumns, _ classes: [Int]?, _ rows: [Int]
    ) throws -> Samples<S> {
      func gather(
        _ columns: RawColumns, _ scaling: Scaling?, _ half: RawData.Half
      ) throws -> SampleRows<S> {
        try ScaledRows<S>(
          columns: columns, rows: rows, scaling: scaling, half: half, place: data.place
        ).gathered()
      }
      return Samples(
        inputs: try gather(inputs, inputScaling, .inputs),
        targets: try classes.map {
          .held(try numbers(of: $0, rows, count: labels?.names.count ?? 0))
        } ?? gather(data.targets, targetScaling, .targets),
        count: rows.count)
    }
    var memory = LoadingMemory(kept: main.inputs.bytes, released: main.tableBytes)
    func part(_ rows: [Int], from source: SourceDeclaration?, _ index: Int) throws -> Samples<S>? {
      guard let source else {
        return rows.isEmpty ? nil : try samples(main, main.inputs, classes, rows)
      }
      let data = try source.read(
        DataRequest(
          random: random.stream(index), files: shelf, training: SourceSamples(main)))
      let inputs = try data.inputs(like: main.inputs.layout)
      memory.kept += inputs.bytes
      try checkTargets(of: data, like: main, hasClasses: labels != nil)
      let classes = try labels?.classes(of: data)
      return try samples(data, inputs, classes, Array(0..<data.count))
    }

    let train = try samples(main, main.inputs, classes, rows.train)
    let validation = try part(rows.validation, from: self.validation, 1)
    let test = try part(rows.test, from: self.test, 2)

    memory.kept += shelf.windowBytes
    memory.released += shelf.heldBytes
    if shelf.isStreamed { memory.released += LoadingMemory.perStreamedSample * main.count }

    let isOneHot = self.isOneHot && labels != nil
    let target: Target =
      if let labels {
        isOneHot ? .values([labels.names.count]) : .classes(labels.names.count)
      } else {
        .values(try Loading.shape(main.targetAxes, of: "targets", at: main.place(0, .targets, 0)))
      }
    return DataSets(
      inputShape: shape, target: target, train: train, validation: validation, test: test,
      targetNames: isOneHot ? labels?.names ?? [] : main.targets.layout.names,
      classNames: isOneHot ? [] : labels?.names ?? [], files: shelf.files,
      encoding: InputEncoding(
        layout: main.inputs.layout, scaling: inputScaling, hasColumnNames: main.hasColumnNames),
      memory: memory)
  }

  private func inputShape(of data: RawData) throws -> Shape {
    let width = data.inputs.layout.width
    guard let shape else {
      return try Loading.shape(
        data.inputAxes, of: "inputs", at: data.place(0, .inputs, 0),
        remedy: "; give their 'shape'")
    }
    guard product(shape) == width else {
      throw Diagnostic(
        "shape \(list(shape)) does not hold the \(counted(width, "input")) of a sample",
        at: places["shape"])
    }
    return Shape(shape)
  }

  /// The classes, where the targets are classes.
  private func labels(of data: RawData) throws -> Labels? {
    let isText = !data.targets.layout.isNumeric
    var declared = classes
    var areClasses = targetKind == .classes || (targetKind == .auto && isText)
    if targetKind == .auto {
      if case .none = classes {} else { areClasses = true }
      if let count = data.classCount {
        areClasses = true
        if case .none = classes { declared = .count(count) }
      }
    }
    guard areClasses else {
      if isText {
        throw Diagnostic(
          "expected numbers as targets ('target_kind: values'), found texts",
          at: data.place(0, .targets, 0))
      }
      if isOneHot {
        throw Diagnostic(
          "'one_hot' needs class targets; give 'target_kind: classes'", at: places["one_hot"])
      }
      return nil
    }
    return try Labels(of: data, declared: declared)
  }

  private func checkTargets(of data: RawData, like main: RawData, hasClasses: Bool) throws {
    guard !hasClasses else { return }
    guard data.targets.layout.isNumeric else {
      throw Diagnostic(
        "expected numbers as targets, as in the training data, found texts",
        at: data.place(0, .targets, 0))
    }
    guard data.targets.layout.width == main.targets.layout.width else {
      throw Diagnostic(
        "each sample has \(counted(data.targets.layout.width, "target")) here, "
          + "but \(main.targets.layout.width) in the training data",
        at: data.place(0, .targets, 0))
    }
  }

  /// Class indices, or one row of zeros and a one a sample.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func numbers<S: Scalar>(of classes: [Int], _ rows: [Int], count: Int) throws -> [S] {
    guard isOneHot else { return rows.map { S(classes[$0]) } }
    let size = try Loading.size(rows.count, count, of: S.self, at: places["one_hot"])
    var values = [S](repeating: 0, count: size)
    for (i, row) in rows.enumerated() { values[i * count + classes[row]] = 1 }
    return values
  }
}

/// Checks on the way from files to arrays.
enum Loading {
  /// Throws where `axes` are more than a shape has.
  static func shape(_ axes: [Int], of what: String, at place: Place?, remedy: String = "") throws
    -> Shape
  {
    guard axes.count <= Shape.maximumRank else {
      throw Diagnostic(
        "the \(what) of a sample have the shape \(list(axes)), more than \(Shape.maximumRank) axes"
          + remedy, at: place)
    }
    return Shape(axes)
  }

  /// `rows · width`, once the memory for it is known to be there.
  static func size<S: Scalar>(
    _ rows: Int, _ width: Int, of type: S.Type, at place: Place?, notes: [Diagnostic.Note] = []
  ) throws -> Int {
    guard let size = product([rows, width]),
      let bytes = product([size, MemoryLayout<S>.size])
    else {
      throw Diagnostic("\(rows) samples of \(width) numbers exceed any memory", at: place)
    }
    try checkMemory(
      bytes: bytes, for: "the array of \(rows) × \(width) numbers", at: place, notes: notes)
    return size
  }
}
