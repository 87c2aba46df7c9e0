import NNExp

/// Inputs and targets in two array files of one format.
struct ArrayPair: Sendable {
  enum Format: String, Sendable { case idx, npy }

  let format: Format
  let inputs: DeclaredPath
  let targets: DeclaredPath

  init(_ format: Format, from options: inout Options, folder: String) {
    self.format = format
    inputs = DeclaredPath(
      options.string("inputs", "the inputs' file, samples along its first axis"), in: folder,
      at: options.place(of: "inputs"))
    targets = DeclaredPath(
      options.string("targets", "the targets' file, as many samples"), in: folder,
      at: options.place(of: "targets"))
  }

  func read(_ shelf: inout FileShelf, limit: Int?) throws -> RawData {
    try arrays(
      inputs: ArrayPair.read(inputs, format, &shelf), named: "'\(inputs.path)'",
      targets: ArrayPair.read(targets, format, &shelf), named: "'\(targets.path)'",
      limit: limit, at: (inputs.place, targets.place))
  }

  static func read(_ file: DeclaredPath, _ format: Format, _ shelf: inout FileShelf) throws
    -> Elements
  {
    if shelf.isStreamed {
      let stream = try shelf.open(file)
      return try about("'\(file.path)'", at: file.place) {
        switch format {
        case .idx: try readIDX(stream)
        case .npy: try readNPY(stream)
        }
      }
    }
    let bytes = try shelf.read(file)
    return try about("'\(file.path)'", at: file.place) {
      switch format {
      case .idx: try readIDX(bytes)
      case .npy: try readNPY(bytes)
      }
    }
  }
}

/// Inputs and targets in one NPZ archive.
struct NPZDeclaration: Sendable {
  let file: DeclaredPath
  let inputs: String
  let targets: String
  private let keyPlaces: (inputs: Place?, targets: Place?)

  init(from options: inout Options, folder: String) {
    file = DeclaredPath(
      options.string("path", "the archive, relative to the experiment file's folder"),
      in: folder, at: options.place(of: "path"))
    inputs = options.string("inputs", default: "inputs", "the name of the inputs' array")
    targets = options.string("targets", default: "targets", "the name of the targets' array")
    keyPlaces = (options.place(of: "inputs"), options.place(of: "targets"))
  }

  func read(_ shelf: inout FileShelf, limit: Int?) throws -> RawData {
    let archive = try NPZDeclaration.open(file, &shelf)
    return try arrays(
      inputs: NPZDeclaration.array(inputs, of: archive, in: file, at: keyPlaces.inputs),
      named: "'\(inputs)' of '\(file.path)'",
      targets: NPZDeclaration.array(targets, of: archive, in: file, at: keyPlaces.targets),
      named: "'\(targets)' of '\(file.path)'", limit: limit, at: keyPlaces)
  }

  static func open(_ file: DeclaredPath, _ shelf: inout FileShelf) throws -> ZipArchive {
    let bytes = try shelf.read(file)
    return try about("'\(file.path)'", at: file.place) { try ZipArchive(bytes) }
  }

  static func array(
    _ key: String, of archive: ZipArchive, in file: DeclaredPath, at place: Place?
  ) throws -> Elements {
    try about("'\(file.path)'", at: place) {
      guard let contents = try archive.contents(of: key + ".npy") else {
        let keys = archive.names.map {
          $0.hasSuffix(bytes: ".npy") ? String(Substring($0.utf8.dropLast(4))) : $0
        }
        throw Diagnostic(
          "no array '\(excerpt(key))'" + suggestion(for: key, among: keys),
          notes: [.init("arrays: " + listing(keys.sorted()))])
      }
      return try about("'\(key)'", at: place) { try readNPY(contents) }
    }
  }
}

/// Adds what a mistake is about, and where the experiment file names it.
func about<Value>(_ subject: String, at place: Place?, _ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch var diagnostic as Diagnostic {
    diagnostic.message = subject + ": " + diagnostic.message
    throw diagnostic.located(at: place)
  }
}

/// Samples from two arrays, whose first axes must agree and whose numbers must
/// be finite.
private func arrays(
  inputs: Elements, named inputsName: String, targets: Elements, named targetsName: String,
  limit: Int?, at places: (inputs: Place?, targets: Place?)
) throws -> RawData {
  guard inputs.count == targets.count else {
    throw Diagnostic(
      "\(inputsName) holds \(inputs.count) samples, but \(targetsName) holds \(targets.count)",
      at: places.inputs)
  }
  let halves = [(inputs, inputsName, places.inputs), (targets, targetsName, places.targets)]
  for (elements, name, place) in halves { try checkSamples(elements, name, at: place) }
  return RawData(
    inputs: RawColumns(inputs, named: "input", limit: limit),
    targets: RawColumns(targets, named: "target", limit: limit),
    inputAxes: inputs.sampleAxes, targetAxes: targets.sampleAxes,
    place: { _, half, _ in half == .inputs ? places.inputs : places.targets })
}

/// Throws where there is nothing in an array, or a number is not finite.
func checkSamples(_ elements: Elements, _ name: String, at place: Place?) throws {
  guard elements.count > 0, elements.width > 0 else {
    throw Diagnostic("\(name) is empty: its shape is \(list(elements.axes))", at: place)
  }
  if let (index, value) = try elements.firstNonFinite() {
    throw Diagnostic("\(name) holds \(shortest(value)) at \(list(index))", at: place)
  }
}

/// `[1, 2]`.
func list(_ integers: some Sequence<Int>) -> String {
  "[" + integers.map(String.init).joined(separator: ", ") + "]"
}
