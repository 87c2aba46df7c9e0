import Files
import NNExp

/// Inputs and targets in two NPY files.
struct NPYSource: ArrayPair, Component {
  static let typeName = "npy"
  static let documentation = Documentation(
    "inputs and targets in two NPY files",
    example: "data: {npy: {inputs: x.npy, targets: t.npy}}")

  let inputs: DeclaredPath
  let targets: DeclaredPath

  init(from options: inout Options) {
    inputs = .inputs(&options)
    targets = .targets(&options)
  }

  static func array(_ bytes: [UInt8]) throws -> Elements { try readNPY(bytes) }
  static func array(_ file: FileBytes) throws -> Elements { try readNPY(file) }
}
