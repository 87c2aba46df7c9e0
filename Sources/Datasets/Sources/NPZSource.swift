import NNExp

/// Inputs and targets in one NPZ archive.
struct NPZSource: DataSource, Component {
  static let typeName = "npz"
  static let documentation = Documentation(
    "inputs and targets in one NPZ archive",
    example: "data: {npz: {path: data/digits.npz, inputs: images, targets: labels}}")
  static let shorthand: String? = "path"

  let file: DeclaredPath
  let inputs: String
  let targets: String
  private let keyPlaces: (inputs: Place?, targets: Place?)

  init(from options: inout Options) {
    file = DeclaredPath("path", "the archive, relative to the experiment file's folder", &options)
    inputs = options.string("inputs", default: "inputs", "the name of the inputs' array")
    targets = options.string("targets", default: "targets", "the name of the targets' array")
    keyPlaces = (options.place(of: "inputs"), options.place(of: "targets"))
  }

  func read(_ request: DataRequest) throws -> SourceSamples {
    let archive = try NPZSource.open(file, request.shelf)
    return try arrays(
      inputs: NPZSource.array(inputs, of: archive, in: file, at: keyPlaces.inputs),
      named: "'\(inputs)' of '\(file.path)'",
      targets: NPZSource.array(targets, of: archive, in: file, at: keyPlaces.targets),
      named: "'\(targets)' of '\(file.path)'", limit: request.limit, at: keyPlaces)
  }

  static func open(_ file: DeclaredPath, _ shelf: FileShelf) throws -> ZipArchive {
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
