import Datasets
import Foundation
import NNExp
import Standard
import TestSupport
import Testing
import YAMLTree

@testable import Engine

/// Graphs with several inputs, several losses and shared weights, compared with PyTorch
/// (References/pytorch_graphs.py).
@Suite struct ReferenceGraphTests {
  struct File: Decodable { let cases: [Case] }

  struct Case: Decodable, CustomTestStringConvertible {
    struct Input: Decodable {
      let name: String
      let below: Int?
      let shape: [Int]
      let samples: Int
      let values: [Double]
    }
    struct Target: Decodable {
      let name: String
      let shape: [Int]?
      let classes: Int?
      let values: [Double?]
    }
    struct Numbers: Decodable {
      let shape: [Int]
      let values: [Double]
    }
    let name: String
    let model: String
    let loss: String
    let inputs: [Input]
    let targets: [Target]
    let parameters: [String: Numbers]
    let losses: [String: Double]
    let total: Double
    let gradients: [String: Numbers]

    var testDescription: String { name }

    var samples: Int { inputs[0].samples }

    var ports: [NNExp.Port] {
      inputs.map {
        NNExp.Port($0.name, Shape($0.shape), kind: $0.below.map { .indices(below: $0) } ?? .values)
      }
    }

    var targetPorts: [TargetPort] {
      targets.map { target in
        TargetPort(
          name: target.name,
          target: target.classes.map { .classes($0) } ?? .values(Shape(target.shape ?? [])))
      }
    }

    /// The rows of all samples, each with the numbers of all ports in order.
    func rows<S: Scalar>() -> Dataset<S> {
      func row<Number>(_ sample: Int, _ all: [[Number]]) -> [Number] {
        all.flatMap { values in
          let width = values.count / samples
          return Array(values[sample * width..<(sample + 1) * width])
        }
      }
      let numbers = inputs.filter { $0.below == nil }.map { $0.values.map { S($0) } }
      let indices = inputs.filter { $0.below != nil }.map { $0.values.map { Int32($0) } }
      let targets = targets.map { $0.values.map { S($0 ?? .nan) } }
      return Dataset(
        inputs: (0..<samples).flatMap { row($0, numbers) },
        indices: (0..<samples).flatMap { row($0, indices) },
        targets: (0..<samples).flatMap { row($0, targets) }, count: samples)
    }
  }

  static let cases: [Case] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "References/pytorch_graphs.json")
    return try! JSONDecoder().decode(File.self, from: Data(contentsOf: file)).cases
  }()

  /// The heads and the network of a case, with its samples and parameters.
  private func network<S: Scalar>(_ reference: Case, _ scalar: S.Type) throws -> Network<S> {
    var options = Options(
      try parseYAML(
        Array("model:\(reference.model)loss:\(reference.loss)\n".utf8), name: "graph.yaml"))
    let model = ModelDeclaration(from: &options, registry: standardRegistry)
    let objective = try #require(Objective(from: &options, registry: standardRegistry))
    try options.finish()
    let graph = try Graph(
      model, ports: reference.ports, heads: objective.heads, registry: standardRegistry)
    let heads = try objective.bound(
      to: graph, targets: reference.targetPorts, registry: standardRegistry)
    let network = try Network<S>(graph, heads: heads, capacity: reference.samples, seed: 1)
    try network.load(reference.rows() as Dataset<S>)
    #expect(
      Set(network.learned.map { "\($0.node).\($0.name)" }) == Set(reference.parameters.keys))
    for tensor in network.learned {
      let values = try #require(reference.parameters["\(tensor.node).\(tensor.name)"])
      #expect(tensor.tensor.shape.axes == values.shape)
      for (i, value) in values.values.enumerated() { tensor.tensor[i] = S(value) }
    }
    return network
  }

  private func compare<S: Scalar>(_ reference: Case, _ scalar: S.Type, tolerance: Double) throws {
    let network = try network(reference, scalar)
    let passes = network.passes(reference.samples, isTraining: true)
    let losses = passes.losses(gradient: true)
    network.zero()
    passes.forward()
    let total = losses.evaluate()
    passes.backward()
    func expect(_ found: Double, _ wanted: Double, of largest: Double, _ what: String) {
      #expect(
        abs(found - wanted) <= tolerance * max(abs(wanted), largest),
        "\(what): \(found), PyTorch \(wanted)")
    }
    expect(total, reference.total, of: 0, "total")
    for (index, head) in network.heads.enumerated() {
      let wanted = try #require(reference.losses[head.name ?? "loss"])
      expect(losses.value(of: index), wanted, of: 0, "loss of \(head.name ?? "")")
    }
    for parameter in network.graph.parameters {
      let name = "\(parameter.node).\(parameter.name)"
      let wanted = try #require(reference.gradients[name]).values
      let largest = wanted.reduce(0) { max($0, abs($1)) }
      for (i, value) in wanted.enumerated() {
        expect(
          Double(network.gradients[parameter.offset + i]), value, of: largest, "\(name)[\(i)]")
      }
    }
  }

  @Test(arguments: cases)
  func `losses and gradients are those of PyTorch`(_ reference: Case) throws {
    try compare(reference, Double.self, tolerance: 1e-13)
    try compare(reference, Float.self, tolerance: 1e-5)
  }
}
