import Files
import NNExp

/// Inputs and targets in two array files of one format.
protocol ArrayPair: StreamableSource {
  var inputs: DeclaredPath { get }
  var targets: DeclaredPath { get }

  /// The array of a file that is held.
  static func array(_ bytes: [UInt8]) throws -> Elements

  /// The array of a file that is read in parts.
  static func array(_ file: FileBytes) throws -> Elements
}

extension ArrayPair {
  func read(_ request: DataRequest) throws -> SourceSamples {
    try arrays(
      inputs: Self.array(inputs, request.shelf), named: "'\(inputs.path)'",
      targets: Self.array(targets, request.shelf), named: "'\(targets.path)'",
      limit: request.limit, at: (inputs.place, targets.place))
  }

  static func array(_ file: DeclaredPath, _ shelf: FileShelf) throws -> Elements {
    if shelf.isStreamed {
      let stream = try shelf.open(file)
      return try about("'\(file.path)'", at: file.place) { try array(stream) }
    }
    let bytes = try shelf.read(file)
    return try about("'\(file.path)'", at: file.place) { try array(bytes) }
  }
}

extension DeclaredPath {
  static func inputs(_ options: inout Options) -> DeclaredPath {
    DeclaredPath("inputs", "the inputs' file, samples along its first axis", &options)
  }
  static func targets(_ options: inout Options) -> DeclaredPath {
    DeclaredPath("targets", "the targets' file, as many samples", &options)
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
func arrays(
  inputs: Elements, named inputsName: String, targets: Elements, named targetsName: String,
  limit: Int?, at places: (inputs: Place?, targets: Place?)
) throws -> SourceSamples {
  guard inputs.count == targets.count else {
    throw Diagnostic(
      "\(inputsName) holds \(inputs.count) samples, but \(targetsName) holds \(targets.count)",
      at: places.inputs)
  }
  let halves = [(inputs, inputsName, places.inputs), (targets, targetsName, places.targets)]
  for (elements, name, place) in halves { try checkSamples(elements, name, at: place) }
  return SourceSamples(
    RawData(
      inputs: RawColumns(inputs, named: "input", limit: limit),
      targets: RawColumns(targets, named: "target", limit: limit),
      inputAxes: inputs.sampleAxes, targetAxes: targets.sampleAxes,
      place: { _, half, _ in half == .inputs ? places.inputs : places.targets }))
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
