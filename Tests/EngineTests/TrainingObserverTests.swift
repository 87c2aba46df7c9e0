import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// The events that observers receive, and their order.
@Suite struct TrainingObserverTests {
  private func trainer(_ train: String) throws -> Trainer<Float> {
    let declared = try Declared(
      "model: [{type: dense, units: 1}]\nloss: squared_error\ntrain: \(train)")
    let graph = try Graph(declared.model, inputShape: [1], registry: registry)
    return try Trainer(
      graph, heads: declared.heads(graph, .values([1])), training: declared.training,
      data: RunDatasets(
        inputShape: [1], target: .values([1]),
        train: Dataset(inputs: [1, 2, 3], targets: [1, 2, 3], count: 3)), seed: 5)
  }

  /// Writes every event into a list that several observers share.
  private final class Log: TrainingObserver {
    final class Events { var list: [String] = [] }

    let name: String
    let events: Events
    let observesGradients: Bool

    init(_ name: String, _ events: Events, gradients: Bool = false) {
      self.name = name
      self.events = events
      observesGradients = gradients
    }

    func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) {
      events.list.append("\(name) gradients \(gradients.step) of \(gradients.samples)")
    }
    func rowRecorded(_ row: MetricRow) { events.list.append("\(name) row \(row.epoch)") }
    func stateCanBeSaved(_ opportunity: CheckpointOpportunity) {
      events.list.append("\(name) state \(opportunity.epochHasEnded)")
    }
  }

  @Test func everyObserverReceivesEveryEventInTheOrderOfTheList() throws {
    let events = Log.Events()
    _ = try trainer("{epochs: 2, batch_size: 2, checkpoint: {every: 1 epoch}}").run([
      Log("a", events, gradients: true), Log("b", events),
    ])
    #expect(
      events.list == [
        "a gradients 0 of 2", "a gradients 1 of 1", "a row 1", "b row 1", "a state true",
        "b state true", "a gradients 2 of 2", "a gradients 3 of 1", "a row 2", "b row 2",
        "a state true", "b state true",
      ])
  }

  /// The optimizer uses the gradients as the observer changed them.
  @Test func gradientsCanBeChanged() throws {
    final class Zero: TrainingObserver {
      let observesGradients = true
      func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) {
        gradients.values.fill(0)
      }
    }
    let trainer = try trainer("{epochs: 3, optimizer: {type: sgd, learning_rate: 0.1}}")
    func weights() -> [Float] {
      trainer.network.parameters.indices.map { trainer.network.parameters[$0] }
    }
    let before = weights()
    _ = try trainer.run([Zero()])
    #expect(weights() == before)
  }

  /// L-BFGS evaluates the gradients several times in a step.
  @Test func gradientsOfEveryEvaluationAreReported() throws {
    let events = Log.Events()
    _ = try trainer("{epochs: 3, optimizer: lbfgs}").run([Log("a", events, gradients: true)])
    let evaluations = events.list.filter { $0.contains("gradients") }
    #expect(evaluations.count > 3)
  }

  @Test func anErrorOfAnObserverEndsTheTraining() throws {
    final class Failing: TrainingObserver {
      let observesGradients = true
      func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws {
        if gradients.step == 2 { throw Diagnostic("the other process is gone") }
      }
    }
    let trainer = try trainer("{epochs: 9}")
    #expect(throws: Diagnostic.self) { try trainer.run([Failing()]) }
    #expect(trainer.step == 3)
  }

  @Test func aCancelledTrainingDoesNotBegin() throws {
    let trainer = try trainer("{epochs: 9}")
    guard case .interrupted = try trainer.run(cancellation: CancellationToken { 15 }) else {
      Issue.record("training was not interrupted")
      return
    }
    #expect(trainer.step == 0)
  }

  @Test func aPauseEndsAtTheFirstRowFromItsEpochOn() throws {
    let trainer = try trainer("{epochs: 9, record_every: 2}")
    guard case .interrupted = try trainer.run(pausingAfter: 3) else {
      Issue.record("training was not interrupted")
      return
    }
    #expect(trainer.epoch == 4)
    guard case .interrupted = try trainer.run(pausingAfter: 3) else {
      Issue.record("training continued")
      return
    }
    #expect(trainer.epoch == 4)
  }
}
