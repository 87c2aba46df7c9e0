import Conformance
import NNExp
import TestSupport
import Testing

/// Every layer compared with PyTorch; see `Tests/References/pytorch_layers.py`.
struct ReferenceLayerTests {
  struct File: Decodable {
    let cases: [Case]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Parameter: Decodable {
      let name: String
      let shape: [Int]
      let values: [Double]
    }

    struct State: Decodable {
      let name: String
      let before: [Double]
      let after: [Double]
    }

    let name: String
    let type: String
    let options: [String: ReferenceOption]
    let samples: Int
    let training: Bool
    let inputs: [ReferenceTensor]
    let parameters: [Parameter]
    let state: [State]
    let dy: [Double]
    let y: ReferenceTensor
    let dInputs: [[Double]]
    let gradients: [[Double]]

    var testDescription: String { name }
  }

  static let cases = ["pytorch_layers.json", "pytorch_blocks.json"].flatMap {
    try! Repository.reference($0, as: File.self).cases
  }

  @Test(arguments: cases)
  func everyLayerAgreesWithPyTorch(_ reference: Case) throws {
    let isElementwise = Self.elementwise.contains(reference.type)
    try compare(reference, in: Double.self, within: isElementwise ? .everyEntry : .float64)
  }

  @Test(arguments: cases)
  func everyLayerAgreesWithPyTorchInFloat32(_ reference: Case) throws {
    try compare(reference, in: Float.self, within: .float32)
  }

  static let elementwise: Set = [
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "add", "multiply",
    "concatenate", "max_pooling", "silu", "mish", "log_sigmoid", "softsign", "selu", "hard_sigmoid",
    "hard_swish",
    "hard_tanh", "relu6",
  ]

  /// Every layer that has weights or changes the shape is in the file.
  @Test func everyLayerIsCompared() {
    // Dropout and noise are random, and two others only copy. Embeddings are in the file of graphs.
    // Formulas have references of their own.
    let elsewhere: Set = [
      "dropout", "spatial_dropout", "gaussian_noise", "flatten", "reshape", "embedding", "formula",
    ]
    let covered = Set(Self.cases.map(\.type))
    #expect(covered.union(elsewhere) == Set(standardRegistry.layers.names))
  }

  private func compare<S: Scalar>(
    _ reference: Case, in type: S.Type, within tolerance: Tolerance
  ) throws {
    var options = Options(ReferenceOption.map(reference.options))
    let layer = try #require(standardRegistry.layers[reference.type]).make(&options)
    try options.finish()
    let bench = try LayerBench<S>(
      layer, inputs: reference.inputs.map { Port(Shape($0.shape)) }, samples: reference.samples)
    #expect(bench.plan.output == Shape(reference.y.shape))
    #expect(bench.plan.parameters.map(\.name) == reference.parameters.map(\.name))
    #expect(bench.plan.parameters.map(\.shape) == reference.parameters.map { Shape($0.shape) })
    #expect(bench.plan.state.map(\.name) == reference.state.map(\.name))

    for (buffer, input) in zip(bench.inputs, reference.inputs) {
      buffer.values = input.values.map { S($0) }
    }
    for (buffer, parameter) in zip(bench.parameters, reference.parameters) {
      buffer.values = parameter.values.map { S($0) }
    }
    for (buffer, state) in zip(bench.state, reference.state) {
      buffer.values = state.before.map { S($0) }
    }
    bench.dy.values = reference.dy.map { S($0) }
    bench.isTraining = reference.training

    bench.runForward()
    bench.runBackward()
    expectAgreement(bench.y.values, reference.y.values, within: tolerance, "y")
    for (k, expected) in reference.dInputs.enumerated() {
      expectAgreement(bench.dInputs[k].values, expected, within: tolerance, "∂x\(k)")
    }
    for (k, expected) in reference.gradients.enumerated() {
      let name = reference.parameters[k].name
      expectAgreement(bench.gradients[k].values, expected, within: tolerance, "∂\(name)")
    }
    for (buffer, state) in zip(bench.state, reference.state) {
      expectAgreement(buffer.values, state.after, within: tolerance, state.name)
    }
  }
}
