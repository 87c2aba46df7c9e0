import Files
import NNExp

/// Inputs and targets in two IDX files, .gz too.
struct IDXSource: ArrayPair, Component {
  static let typeName = "idx"
  static let documentation = Documentation(
    "inputs and targets in two IDX files, .gz too",
    example: "data: {idx: {inputs: x.idx.gz, targets: t.idx.gz}}")

  let inputs: DeclaredPath
  let targets: DeclaredPath

  init(from options: inout Options) {
    inputs = .inputs(&options)
    targets = .targets(&options)
  }

  static func array(_ bytes: [UInt8]) throws -> Elements { try readIDX(bytes) }
  static func array(_ file: FileBytes) throws -> Elements { try readIDX(file) }
}
