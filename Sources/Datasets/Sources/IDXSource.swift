import Files
import NNExp

/// Inputs and targets in IDX files, .gz too; one file per port.
struct IDXSource: ArrayFiles, Component {
  static let typeName = "idx"
  static let documentation = Documentation(
    "inputs and targets in two IDX files, .gz too",
    example: "data: {idx: {inputs: x.idx.gz, targets: t.idx.gz}}")

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

  static func array(_ bytes: [UInt8]) throws -> NDArray { try readIDX(bytes) }
  static func array(_ file: FileBytes) throws -> NDArray { try readIDX(file) }
}
