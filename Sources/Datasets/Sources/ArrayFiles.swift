import Files
import NNExp

/// Inputs and targets in array files of one format, one file per port.
protocol ArrayFiles: StreamableSource, PortSource {
  var files: DeclaredFiles { get }

  /// Reads the array of a file in memory.
  static func array(_ bytes: [UInt8]) throws -> NDArray

  /// Reads the array of a file in parts.
  static func array(_ file: FileBytes) throws -> NDArray

  /// Reads a file of labels as indices into the list of its texts; nil if it contains
  /// numbers.
  static func labels(_ bytes: [UInt8]) throws -> (codes: NDArray, categories: [String])?
}

extension ArrayFiles {
  var inputPorts: [PortName]? { files.inputs.names }
  var targetPorts: [PortName]? { files.targets.names }

  func read(_ request: DataRequest) throws -> SourceSamples {
    func arrays(_ ports: DeclaredPorts<DeclaredPath>) throws -> [PortArray] {
      try ports.ports.map { port in
        PortArray(
          name: port.name, elements: try Self.array(port.value, request.shelf),
          title: "'\(port.value.path)'", location: port.value.location)
      }
    }
    let inputs = try arrays(files.inputs)
    let targets = try files.targets.ports.map { port in
      if let labels = try Self.labels(port.value, request.shelf) {
        return PortArray(
          name: port.name, elements: labels.codes, title: "'\(port.value.path)'",
          location: port.value.location, categories: labels.categories)
      }
      return PortArray(
        name: port.name, elements: try Self.array(port.value, request.shelf),
        title: "'\(port.value.path)'", location: port.value.location)
    }
    return try samples(inputs: inputs, targets: targets, request)
  }

  static func labels(_ bytes: [UInt8]) throws -> (codes: NDArray, categories: [String])? { nil }

  private static func labels(
    _ file: DeclaredPath, _ shelf: FileShelf
  ) throws -> (codes: NDArray, categories: [String])? {
    let whole = try shelf.bytes(file)
    let head = try whole.read(0..<min(256, whole.count))
    // With streaming, only files of labels are read as a whole.
    let words = ["'<U", "'>U", "'|S"]
    guard words.contains(where: { String(decoding: head, as: UTF8.self).contains(text: $0) })
    else { return nil }
    let bytes = try whole.read(0..<whole.count)
    return try about("'\(file.path)'", at: file.location) { try labels(bytes) }
  }

  static func array(_ file: DeclaredPath, _ shelf: FileShelf) throws -> NDArray {
    if shelf.isStreamed {
      let stream = try shelf.open(file)
      return try about("'\(file.path)'", at: file.location) { try array(stream) }
    }
    let bytes = try shelf.read(file)
    return try about("'\(file.path)'", at: file.location) { try array(bytes) }
  }
}

/// The files of the inputs and of the targets, one per port.
struct DeclaredFiles: Sendable {
  let inputs: DeclaredPorts<DeclaredPath>
  let targets: DeclaredPorts<DeclaredPath>

  /// Throws if either contains an error, which is recorded.
  init(from options: inout Options) throws {
    let inputs = DeclaredPorts("inputs", from: &options) { key, options in
      DeclaredPath(key, "the inputs' file, samples along its first axis; or {PORT: FILE}", &options)
    }
    let targets = DeclaredPorts("targets", from: &options) { key, options in
      DeclaredPath(key, "the targets' file, as many samples; or {PORT: FILE}", &options)
    }
    guard let inputs, let targets else { throw Diagnostics() }
    self.inputs = inputs
    self.targets = targets
  }
}

/// Adds the subject and its location in the experiment file to the errors of `body`.
func about<Value>(_ subject: String, at location: SourceLocation?, _ body: () throws -> Value)
  throws -> Value
{
  do {
    return try body()
  } catch var diagnostic as Diagnostic {
    diagnostic.message = subject + ": " + diagnostic.message
    throw diagnostic.located(at: location)
  }
}

/// The array of a source for a port.
struct PortArray {
  let name: String?
  let elements: NDArray
  /// The name of the array in messages, such as `'x.npy'`.
  let title: String
  /// The location of this name in the experiment file.
  let location: SourceLocation?
  /// The texts whose indices are the elements; nil for numbers.
  var categories: [String]? = nil

  /// The port with the elements of the array.
  func port(_ half: SourceRows.Half, limit: Int?) -> SourcePort {
    let location = location
    var columns = SourceColumns(elements, named: name ?? half.noun, limit: limit)
    if let categories {
      columns = columns.with(
        ColumnLayout(names: columns.layout.names, categories: [categories]))
    }
    return SourcePort(
      name: name, columns: columns,
      axes: elements.sampleAxes, location: { _, _ in location })
  }
}

/// The samples of arrays. Their first axes must agree. All numbers must be finite, except for
/// NaN in a target that can be missing. The samples of an input may have no numbers.
func samples(inputs: [PortArray], targets: [PortArray], _ request: DataRequest) throws
  -> SourceSamples
{
  let first = inputs[0]
  for other in inputs.dropFirst() + targets where other.elements.count != first.elements.count {
    throw Diagnostic(
      "\(first.title) holds \(first.elements.count) samples, "
        + "but \(other.title) holds \(other.elements.count)", at: first.location)
  }
  let minimum = leastInputWidth(among: inputs + targets)
  for array in inputs {
    try checkSamples(array.elements, array.title, at: array.location, minimum: minimum)
  }
  for array in targets {
    try checkSamples(
      array.elements, array.title, at: array.location,
      ofTarget: request.settings.incomplete.contains(array.name ?? "target")
        ? .incomplete : .complete)
  }
  return SourceSamples(
    SourceRows(
      inputs: inputs.map { $0.port(.inputs, limit: request.limit) },
      targets: targets.map { $0.port(.targets, limit: request.limit) }))
}

/// Whether samples can lack a target.
enum Completeness { case complete, incomplete }

/// The least numbers of a sample of an input: a file can claim any count of samples that have none,
/// unless another array has as many that take space.
func leastInputWidth(among arrays: [PortArray]) -> Int {
  arrays.contains { $0.elements.width > 0 } ? 0 : 1
}

/// Throws if an array has no samples, too few numbers per sample, or a number that is not finite.
///
/// - Parameter target: the completeness of a target, in which NaN is allowed if it is
///   incomplete; nil for inputs.
func checkSamples(
  _ elements: NDArray, _ name: String, at location: SourceLocation?, minimum: Int = 1,
  ofTarget target: Completeness? = nil
) throws {
  guard elements.count > 0, elements.width >= minimum,
    !Shape(elements.sampleAxes).isEmptyButLarge
  else {
    throw Diagnostic("\(name) is empty: its shape is \(list(elements.axes))", at: location)
  }
  if let (index, value) = try elements.firstNonFinite(but: target == .incomplete) {
    throw Diagnostic(
      "\(name) holds \(shortest(value)) at \(list(index))", at: location,
      notes: target == .complete && value.isNaN ? [missingTargetNote] : [])
  }
}

/// The remedy for samples without a target.
let missingTargetNote = Diagnostic.Note(
  "with 'missing_target: skip' in its loss, a head leaves out the samples that lack its target")

/// Integers in brackets, such as `[1, 2]`.
func list(_ integers: some Sequence<Int>) -> String {
  "[" + integers.map(String.init).joined(separator: ", ") + "]"
}
