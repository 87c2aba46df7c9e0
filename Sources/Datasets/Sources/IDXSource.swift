import Files
import NNExp

/// Inputs and targets in IDX files, also compressed with gzip; one file per port.
struct IDXSource: ArrayFiles, Component {
  static let typeName = "idx"
  static let documentation = Documentation(
    "inputs and targets in two IDX files, .gz too",
    example: "data: {idx: {inputs: x.idx.gz, targets: t.idx.gz}}")

  let files: DeclaredFiles

  init(from options: inout Options) throws { files = try DeclaredFiles(from: &options) }

  static func array(_ bytes: [UInt8]) throws -> NDArray { try readIDX(bytes) }
  static func array(_ file: FileBytes) throws -> NDArray { try readIDX(file) }
}
