import NNExp

/// Inputs and targets in one NPZ archive, one array per port.
struct NPZSource: PortSource, Component {
  static let typeName = "npz"
  static let documentation = Documentation(
    "inputs and targets in one NPZ archive",
    example: "data: {npz: {path: data/digits.npz, inputs: images, targets: labels}}")
  static let shorthand: String? = "path"

  let file: DeclaredPath
  /// The names of the arrays.
  let inputs: DeclaredPorts<String>
  let targets: DeclaredPorts<String>

  var inputPorts: [PortName]? { inputs.names }
  var targetPorts: [PortName]? { targets.names }

  init(from options: inout Options) throws {
    file = DeclaredPath("path", "the archive, relative to the experiment file's folder", &options)
    let inputs = NPZSource.arrays("inputs", from: &options)
    let targets = NPZSource.arrays("targets", from: &options)
    // Errors in either are recorded.
    guard let inputs, let targets else { throw Diagnostics() }
    self.inputs = inputs
    self.targets = targets
  }

  /// An archive that the command line names, with the arrays of the training data's archive, or
  /// arrays with the names of the ports.
  init(
    _ file: DeclaredPath, like model: NPZSource?, inputs: [String?], targets: [String?]
  ) {
    func ports(_ names: [String?], _ half: String) -> DeclaredPorts<String> {
      DeclaredPorts(names.map { .init(name: $0, value: $0 ?? half, location: nil) })
    }
    self.file = file
    self.inputs = model?.inputs ?? ports(inputs, "inputs")
    self.targets = model?.targets ?? ports(targets, "targets")
  }

  private static func arrays(
    _ half: String, from options: inout Options
  ) -> DeclaredPorts<String>? {
    DeclaredPorts(half, from: &options) { key, options in
      options.string(key, default: half, "the name of the \(half)' array; or {PORT: NAME}")
    }
  }

  func read(_ request: DataRequest) throws -> SourceSamples {
    let archive = try NPZSource.open(file, request.shelf)
    func arrays(
      _ ports: DeclaredPorts<String>,
      labels: (String, SourceLocation?) throws -> (codes: NDArray, categories: [String])?
    ) throws -> [PortArray] {
      try ports.ports.map { port in
        let title = "'\(port.value)' of '\(file.path)'"
        if let labels = try labels(port.value, port.location) {
          return PortArray(
            name: port.name, elements: labels.codes, title: title, location: port.location,
            categories: labels.categories)
        }
        return PortArray(
          name: port.name,
          elements: try NPZSource.array(port.value, of: archive, in: file, at: port.location),
          title: "'\(port.value)' of '\(file.path)'", location: port.location)
      }
    }
    let targets = try arrays(self.targets) { key, location in
      try about("'\(file.path)'", at: location) {
        try archive.contents(of: key + ".npy").flatMap(readNPYLabels)
      }
    }
    return try samples(inputs: arrays(inputs) { _, _ in nil }, targets: targets, request)
  }

  static func open(_ file: DeclaredPath, _ shelf: FileShelf) throws -> ZipArchive {
    let bytes = try shelf.read(file)
    return try about("'\(file.path)'", at: file.location) { try ZipArchive(bytes) }
  }

  static func array(
    _ key: String, of archive: ZipArchive, in file: DeclaredPath, at location: SourceLocation?
  ) throws -> NDArray {
    try about("'\(file.path)'", at: location) {
      guard let contents = try archive.contents(of: key + ".npy") else {
        let keys = archive.names.map {
          $0.hasSuffix(bytes: ".npy") ? String(Substring($0.utf8.dropLast(4))) : $0
        }
        throw Diagnostic(
          "no array '\(excerpt(key))'" + suggestion(for: key, among: keys),
          notes: [.init("arrays: " + listing(keys.sorted()))])
      }
      return try about("'\(key)'", at: location) { try readNPY(contents) }
    }
  }
}
