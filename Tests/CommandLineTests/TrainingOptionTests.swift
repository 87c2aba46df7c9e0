import Foundation
import TestSupport
import Testing

/// The options that change what a training measures, where it starts and when it ends.
@Suite struct TrainingOptionTests {
  private func tool(_ text: String = exclusiveOr) throws -> Tool {
    let tool = try Tool()
    try tool.write(text, to: "xor.yaml")
    return tool
  }

  private func lastRow(_ tool: Tool, _ run: String = "results/xor/latest") throws
    -> [String: Double]
  {
    let lines = try tool.read(run + "/metrics.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    return Dictionary(
      zip(lines[0].map(String.init), lines.last!.map { Double($0) ?? .nan }),
      uniquingKeysWith: { a, _ in a })
  }

  /// Without the option the training loss is that of the weights before the last step.
  @Test func trainingIsMeasuredAsEvaluateDoes() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "-q", "+train.measure_training=true").code == 0)
    let measured = try #require(lastRow(tool)["train_loss"])
    let evaluated = try tool.run("evaluate", "results/xor/latest").output
    #expect(evaluated.contains(/train +4 +([0-9.e-]+)\n/))
    let shown = evaluated.firstMatch(of: /train +4 +([0-9.e-]+)\n/).flatMap { Double($0.1) }
    #expect(abs(measured - shown!) < 1e-5 * measured)
    #expect(try tool.run("run", "xor.yaml", "-q").code == 0)
    #expect(try abs(lastRow(tool)["train_loss"]! - shown!) > 1e-5 * measured)
  }

  @Test func trainingEndsAtItsLimits() throws {
    let tool = try tool()
    defer { tool.remove() }
    let steps = try tool.run("run", "xor.yaml", "+train.max_steps=7")
    #expect(steps.code == 0)
    #expect(steps.output.contains("\nstopped at max_steps, in epoch 7\n"), "\(steps.output)")
    #expect(try lastRow(tool)["step"] == 7)
    let time = try tool.run(
      "run", "xor.yaml", "train.epochs=1000000000", "+train.max_time=0.2 seconds",
      "+train.record_every=1000000000")
    #expect(time.code == 0)
    #expect(time.output.contains("\nstopped at max_time, in epoch "), "\(time.output)")
    #expect(try lastRow(tool)["train_loss"]!.isFinite)
    let wrong = try tool.run("run", "xor.yaml", "+train.max_time=fast", "+train.max_steps=0")
    #expect(
      wrong.errors == """
        command line:1:18: error: max_steps must be an integer ≥ 1, found the number 0
            +train.max_steps=0
                             ^
        command line:1:17: error: max_time must be a time such as '10 minutes', found the text 'fast'
            +train.max_time=fast
                            ^
        2 errors

        """)
  }

  @Test func trainingStartsFromOtherWeights() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "-q").code == 0)
    let loss = try lastRow(tool)["train_loss"]!
    try tool.write(
      exclusiveOr + "start_from: {run: results/xor/run-0001}\n", to: "again.yaml")
    let again = try tool.run("run", "again.yaml", "train.epochs=1", "--output", "again")
    #expect(again.code == 0)
    #expect(
      again.errors.hasPrefix(
        """
        again.yaml:16:13: warning: 4 of 4 tensors start from 'results/xor/run-0001' (the weights of \
        epoch 20 (last))

        """), "\(again.errors)")
    #expect(try lastRow(tool, "again")["train_loss"]! < loss)

    // Other layers, some of the old weights.
    let wider = exclusiveOr.replacing(
      "{type: dense, units: 1, name: output}",
      with: "{type: dense, units: 3, name: wide}\n  - tanh\n  - {type: dense, units: 1, name: last}"
    )
    try tool.write(
      wider + "start_from: {weights: again/checkpoints/last.nnx}\n", to: "wider.yaml")
    let part = try tool.run("validate", "wider.yaml")
    #expect(
      part.errors.hasPrefix(
        """
        wider.yaml:18:13: warning: 2 of 6 tensors start from 'again/checkpoints/last.nnx'; with \
        initial values: wide.weight, wide.bias, last.weight, last.bias

        """), "\(part.errors)")
    for (nodes, message) in [
      ("{hiden: hidden}", "the model has no node 'hiden' that learns; did you mean 'hidden'?"),
      (
        "{hidden: hiden}",
        "'results/xor/run-0001' (the weights of epoch 20 (last)) has no 'hiden.weight'; did you mean "
          + "'hidden.weight'?"
      ),
    ] {
      try tool.write(
        exclusiveOr + "start_from: {run: results/xor/run-0001, nodes: \(nodes)}\n", to: "a.yaml")
      let result = try tool.run("validate", "a.yaml")
      #expect(result.code == 2)
      #expect(
        result.errors.hasPrefix("a.yaml:16:49: error: start_from: \(message)\n"), "\(result.errors)"
      )
    }
  }

  /// 33 samples in batches of 32: the last one is no batch for a layer that needs several.
  @Test func aLastBatchOfOneIsMerged() throws {
    let values = (0..<33).map { "[\(4 + 3 * sin(Double($0)))]" }.joined(separator: ", ")
    let zeros = (0..<33).map { _ in "[0]" }.joined(separator: ", ")
    let tool = try tool(
      """
      name: xor
      dtype: float64
      data: {inline: {inputs: [\(values)], targets: [\(zeros)]}}
      model:
        - {type: batch_normalization, affine: false}
        - {type: dense, units: 1, initial: {weight: ones, bias: zeros}}
      loss: squared_error
      train: {optimizer: {type: sgd, learning_rate: 0}, epochs: 300, batch_size: 32, sampling: sequential}
      predictions: [train]
      gradient_check: false

      """)
    defer { tool.remove() }
    #expect(try tool.run("run", "xor.yaml", "-q").code == 0)
    #expect(try lastRow(tool)["step"] == 300)
    let outputs = try tool.read("results/xor/latest/predictions.csv").split(separator: "\n")
      .dropFirst().map { Double($0.split(separator: ",").last!)! }
    let mean = outputs.reduce(0, +) / 33
    let variance = outputs.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 33
    #expect(abs(mean) < 1e-3 && abs(variance.squareRoot() - 1) < 0.03, "\(mean), \(variance)")
  }
}
