import Datasets
import Foundation
import NNExp
import TestSupport
import Testing

@testable import Engine

/// The engine's training, declared in YAML, compared with PyTorch's in float64 on the same
/// 3-4-2 network: every loss and every parameter of each step.
/// `Tests/References/pytorch_training.py` wrote the reference values.
@Suite struct TrajectoryTests {
  private struct Reference: Decodable {
    struct Values: Decodable {
      let values: [Double]
    }
    struct Course: Decodable {
      let name: String
      let type: String
      let options: [String: Option]
      let rate: Double?
      let rates: [Double]?
      let losses: [Double]
      let parameters: [[Double]]
    }
    let inputs: [Double]
    let targets: [Double]
    let initial: [Values]
    let optimizers: [Course]
    let schedules: [Course]
  }

  /// An option in YAML's flow style.
  private enum Option: Decodable {
    case flow(String)

    init(from decoder: any Decoder) throws {
      if let map = try? [String: Option](from: decoder) {
        self = .flow(Option.map(map))
        return
      }
      if let list = try? [Option](from: decoder) {
        self = .flow("[" + list.map(\.text).joined(separator: ", ") + "]")
        return
      }
      let scalar = try decoder.singleValueContainer()
      if let value = try? scalar.decode(Bool.self) {
        self = .flow("\(value)")
      } else if let value = try? scalar.decode(Double.self) {
        self = .flow(shortest(value))
      } else {
        self = .flow(try scalar.decode(String.self))
      }
    }

    var text: String {
      switch self {
      case .flow(let text): text
      }
    }

    static func map(_ options: [String: Option]) -> String {
      "{" + members(options).joined(separator: ", ") + "}"
    }

    static func members(_ options: [String: Option]) -> [String] {
      options.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.text)" }
    }
  }

  private static let reference: Reference = try! Repository.reference("pytorch_training.json")

  /// Stores every row and the parameters after it.
  private final class Course: TrainingObserver {
    weak var trainer: Trainer<Double>?
    var rates: [Double] = []
    var losses: [Double] = []
    var parameters: [[Double]] = []

    func rowRecorded(_ row: MetricRow) {
      rates.append(row.values[2])
      losses.append(row.values[3])
      if let w = trainer?.network.parameters { parameters.append(w.indices.map { w[$0] }) }
    }
  }

  private func train(_ train: String) throws -> Course {
    let r = TrajectoryTests.reference
    func list(_ index: Int) -> String {
      "[" + r.initial[index].values.map { shortest($0) }.joined(separator: ", ") + "]"
    }
    let declared = try Declared(
      """
      model:
        - {type: dense, units: 4, initial: {weight: {values: \(list(0))}, bias: {values: \(list(1))}}}
        - tanh
        - {type: dense, units: 2, initial: {weight: {values: \(list(2))}, bias: {values: \(list(3))}}}
      loss: squared_error
      train: \(train)
      """)
    let data = RunDatasets<Double>(
      inputShape: [3], target: .values([2]),
      train: Dataset(inputs: r.inputs, targets: r.targets, count: 6))
    let graph = try Graph(declared.model, inputShape: [3], registry: registry)
    let trainer = try Trainer(
      graph, heads: declared.heads(graph, data.target), training: declared.training, data: data,
      seed: 0)
    let course = Course()
    course.trainer = trainer
    _ = try trainer.run([course])
    return course
  }

  private func expectClose(_ found: [Double], _ wanted: [Double], _ what: String) {
    #expect(found.count == wanted.count, "\(what)")
    let largest = wanted.map(abs).max() ?? 0
    for (a, b) in zip(found, wanted) {
      #expect(abs(a - b) <= 1e-10 * largest, "\(what): \(a), PyTorch has \(b)")
    }
  }

  @Test func everyOptimizerFollowsPyTorch() throws {
    for wanted in TrajectoryTests.reference.optimizers {
      let optimizer = (["type: \(wanted.type)"] + Option.members(wanted.options))
        .joined(separator: ", ")
      let found = try train("{optimizer: {\(optimizer)}, epochs: \(wanted.losses.count)}")
      expectClose(found.losses, wanted.losses, wanted.name)
      for (step, parameters) in wanted.parameters.enumerated() {
        expectClose(found.parameters[step], parameters, "\(wanted.name), step \(step + 1)")
      }
    }
  }

  @Test func everyScheduleFollowsPyTorch() throws {
    for wanted in TrajectoryTests.reference.schedules {
      let schedule = (["type: \(wanted.type)"] + Option.members(wanted.options))
        .joined(separator: ", ")
      let found = try train(
        """
        {optimizer: {type: sgd, learning_rate: \(wanted.rate!)}, schedule: {\(schedule)},
         epochs: \(wanted.losses.count), batch_size: 3, sampling: sequential}
        """)
      expectClose(found.losses, wanted.losses, wanted.name)
      // The row contains the learning rate of the last step of the epoch.
      let rates = stride(from: 1, to: wanted.rates!.count, by: 2).map { wanted.rates![$0] }
      expectClose(found.rates, rates, wanted.name)
      for (epoch, parameters) in wanted.parameters.enumerated() {
        expectClose(found.parameters[epoch], parameters, "\(wanted.name), epoch \(epoch + 1)")
      }
    }
  }
}
