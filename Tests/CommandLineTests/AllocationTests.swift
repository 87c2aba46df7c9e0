import Foundation
import TestSupport
import Testing

/// A training step allocates nothing: 40,000 more steps allocate only a few more times, for the
/// texts of durations. (A debug build's generic code does allocate; `make test` builds the
/// release first.)
@Suite struct AllocationTests {

  private static let models = [
    "[{type: dense, units: 3, l2: 1e-3}, sigmoid, {type: dense, units: 1}]",
    "[{type: dense, units: 4}, {type: batch_normalization}, relu, {type: dropout, rate: 0.5}, {type: dense, units: 1}]",
    "[{type: reshape, shape: [1, 1, 2]}, {type: convolution, channels: 2, window: [1, 2]}, tanh, {type: lp_pooling, p: 3, window: [1, 1]}, {type: dense, units: 1}]",
  ]

  private static let optimizers = [
    "{type: sgd, momentum: 0.9, nesterov: true}", "adam", "rmsprop", "adagrad", "rprop",
  ]

  @Test(
    .enabled(if: Tool.hasRelease, "needs a release build: make build"), arguments: models,
    optimizers)
  func aTrainingStepAllocatesNothing(model: String, optimizer: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let library = try tool.build(library: "allocation_counter")
    try tool.write(
      """
      name: count
      data:
        inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}
      model: \(model)
      loss: squared_error
      metrics: [mean_absolute_error]
      train: {optimizer: \(optimizer), epochs: 1000, batch_size: 3, record_every: 1000000, clip: {norm: 1}}
      gradient_check: false
      """, to: "count.yaml")
    let counts = try [1000, 21000].map { epochs in
      let result = try runCommand(
        Tool.release.path, ["run", "count.yaml", "-q", "train.epochs=\(epochs)"],
        in: tool.folder,
        environment: .inherited(changing: ["LD_PRELOAD": library]))
      return try #require(Int(result.errors), "\(result.errors)")
    }
    #expect(abs(counts[1] - counts[0]) < 100)
  }
}
