import Files
import NNExp

/// Inputs and targets in NPY files, one file per port.
struct NPYSource: ArrayFiles, Component {
  static let typeName = "npy"
  static let documentation = Documentation(
    "inputs and targets in two NPY files",
    example: "data: {npy: {inputs: x.npy, targets: t.npy}}")

  let inputs: DeclaredPorts<DeclaredPath>
  let targets: DeclaredPorts<DeclaredPath>

  init(from options: inout Options) throws {
    let inputs = DeclaredPorts.inputs(&options)
    let targets = DeclaredPorts.targets(&options)
    // An error in either is recorded.
    guard let inputs, let targets else { throw Diagnostics() }
    self.inputs = inputs
    self.targets = targets
  }

  static func array(_ bytes: [UInt8]) throws -> NDArray { try readNPY(bytes) }
  static func array(_ file: FileBytes) throws -> NDArray { try readNPY(file) }
}
