import Foundation

/// A layer whose passes a test makes wrong, and an experiment that uses it.
extension Tool {
  /// Built plugins of all tests, so that equal ones are built once.
  static let pluginCache = FileManager.default.temporaryDirectory
    .appendingPathComponent("nnexp-test-plugins-\(getuid())").path

  func runPlugin(_ arguments: String...) throws -> Result {
    try Tool.run(
      Tool.executable.path, arguments, in: folder,
      environment: ProcessInfo.processInfo.environment
        .merging(["XDG_CACHE_HOME": Tool.pluginCache]) { $1 })
  }

  func writeSquare(
    forward: String = "for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }",
    backward: String = "for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * 2 * pass.x[i] }",
    plan: String = "Plan(output: inputs[0])",
    register: String = "registry.register(Square.self)",
    to file: String = "Square.swift"
  ) throws {
    try write(
      """
      import Glibc
      import NNExp

      struct Square: Layer {
        static let typeName = "square"
        static let examples = [Example(inputs: [3])]
        init(from options: inout Options) {}
        func plan(for inputs: [Shape]) throws -> Plan { \(plan) }
        func forward<S: Scalar>(_ pass: Forward<S>) { \(forward) }
        func backward<S: Scalar>(_ pass: Backward<S>) { \(backward) }
      }
      func register(in registry: inout Registry) { \(register) }

      """, to: file)
  }

  func writeExperiment(plugins: String = "[Square.swift]", layer: String = "square") throws {
    try write(
      """
      name: x
      seed: 4
      plugins: \(plugins)
      data:
        inline:
          inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
          targets: [[0], [1], [1], [0]]
      model:
        - {type: dense, units: 2, name: hidden}
        - {type: \(layer), name: bent}
        - {type: dense, units: 1, name: output}
      train: {epochs: 20, batch_size: full}
      loss: squared_error

      """, to: "x.yaml")
  }
}
