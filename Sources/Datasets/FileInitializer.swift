import Files
public import NNExp

/// Initial values from a file: `initial: {weight: {file: weight.npy}}`.
///
/// The path is relative to the file in which it is written, or to the folder under `data:`.
public struct FileInitializer: Initializer, Component {
  public static let typeName = "file"
  public static let documentation = Documentation(
    "the values of an .npy file of the parameter's shape",
    example: "initial: {weight: {file: weight.npy}}")

  private let file: DeclaredPath

  public init(from options: inout Options) {
    let path = options.relocated(
      "path", options.string("path", "an .npy file, relative to the experiment file"))
    let location = options.location(of: "path")
    // An override on the command line is relative to the current folder.
    file = DeclaredPath(
      path, in: options.surroundings?.folder ?? Path.prefix(of: location?.source.name ?? ""),
      at: location)
  }

  public func fill(_ values: Tensor<Double>, random: RandomStream) throws {
    let array = try about("'\(file.path)'", at: file.location) {
      try readNPY(readRegularFile(file.path, at: file.location))
    }
    guard array.axes == values.shape.axes else {
      throw Diagnostic(
        "'\(file.path)' holds an array of [\(list(array.axes))], expected \(values.shape)",
        at: file.location)
    }
    var row = [Double](repeating: 0, count: array.width)
    for sample in 0..<array.count {
      try array.decode(sample, into: &row)
      for i in row.indices { values[sample * array.width + i] = row[i] }
    }
  }
}
