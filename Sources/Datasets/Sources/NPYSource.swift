import Files
import NNExp

/// Inputs and targets in NPY files, one file per port.
struct NPYSource: ArrayFiles, Component {
  static let typeName = "npy"
  static let documentation = Documentation(
    "inputs and targets in two NPY files",
    example: "data: {npy: {inputs: x.npy, targets: t.npy}}")

  let files: DeclaredFiles

  init(from options: inout Options) throws { files = try DeclaredFiles(from: &options) }

  static func array(_ bytes: [UInt8]) throws -> NDArray { try readNPY(bytes) }
  static func array(_ file: FileBytes) throws -> NDArray { try readNPY(file) }
  static func labels(_ bytes: [UInt8]) throws -> (codes: NDArray, categories: [String])? {
    try readNPYLabels(bytes)
  }
}
