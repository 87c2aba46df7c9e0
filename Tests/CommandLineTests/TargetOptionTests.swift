import Foundation
import TestSupport
import Testing

/// Sample weights, ignored targets and inputs as targets, from the file to the results.
@Suite struct TargetOptionTests {
  private func experiment(_ csv: String, _ loss: String, units: Int = 2) -> String {
    """
    name: c
    seed: 1
    data: {csv: {path: \(csv)}, target_kind: \(units == 2 ? "classes" : "values")}
    model: [{type: dense, units: \(units)}]
    loss: {\(loss)}
    metrics: [\(units == 2 ? "accuracy" : "mean_absolute_error")]
    train: {epochs: 3, batch_size: full}
    predictions: [train]

    """
  }

  private func metrics(_ tool: Tool, _ text: String, _ output: String) throws -> [[Double]] {
    try tool.write(text, to: "\(output).yaml")
    let run = try tool.run("run", "\(output).yaml", "-q", "--output", output)
    #expect(run.code == 0 && run.errors == "", "\(run.errors)")
    return try tool.rows(of: "\(output)/metrics.csv").dropFirst().map {
      $0.map { Double($0) ?? .nan }
    }
  }

  private func expectClose(_ a: [[Double]], _ b: [[Double]]) {
    #expect(a.count == b.count && !a.isEmpty)
    for (a, b) in zip(a, b) {
      for (x, y) in zip(a, b) where !(x.isNaN && y.isNaN) {
        #expect(abs(x - y) <= 1e-6 * max(1, abs(y)), "\(a), \(b)")
      }
    }
  }

  @Test func `a sample whose target is ignored changes nothing`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("x,y\n1,0\n2,-1\n-3,1\n0.5,-1\n-2,0\n", to: "d.csv")
    try tool.write("x,y\n1,0\n-3,1\n-2,0\n", to: "e.csv")
    let ignoring = try metrics(
      tool, experiment("d.csv", "type: cross_entropy, from: logits, ignore: -1"), "a")
    let without = try metrics(
      tool, experiment("e.csv", "type: cross_entropy, from: logits"), "b")
    expectClose(ignoring, without)
    let predictions = try tool.rows(of: "a/predictions.csv")
    #expect(predictions.dropFirst().map { $0[2] } == ["0", "", "1", "", "0"])
    #expect(try tool.run("evaluate", "a").code == 0)
  }

  @Test func `metrics read the distances of contrastive`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    func text(_ targets: String, loss: String = "contrastive") -> String {
      """
      seed: 1
      data: {inline: {inputs: [[0], [0], [1], [1]], targets: [\(targets)]}}
      model: [{type: dense, units: 1}, softplus]
      loss: \(loss)
      metrics: [accuracy, roc_auc]
      train: {epochs: 500, optimizer: {type: adam, learning_rate: 0.05}}

      """
    }
    try tool.write(text("1, 1, 0, 0"), to: "c.yaml")
    let run = try tool.run("run", "c.yaml", "-q", "--output", "c")
    #expect(run.code == 0 && run.errors == "", "\(run.errors)")
    let last = try #require(try tool.rows(of: "c/metrics.csv").last)
    #expect(last[5] == "1" && last[7] == "1", "\(last)")

    try tool.write(
      text("[1, 0], [1, 0], [0, 1], [0, 1]").replacingOccurrences(of: "units: 1", with: "units: 2"),
      to: "d.yaml")
    #expect(try tool.run("run", "d.yaml", "-q", "--output", "d").code == 0)
    let several = try #require(try tool.rows(of: "d/metrics.csv").last)
    #expect(several[5] == "1" && several[7] == "1", "\(several)")

    for (targets, loss, message) in [
      (
        "1, 1, 0.5, 2", "contrastive",
        "'target' is 2, but the loss 'contrastive' requires targets from 0 to 1"
      ),
      (
        "2, -3, 1, 4", "poisson",
        "'target' is -3, but the loss 'poisson' requires targets of at least 0"
      ),
      (
        "same, same, apart, apart", "contrastive",
        "loss 'contrastive': its targets are the numbers 1 for samples that belong together and 0 "
          + "for others, not classes, whose order says neither"
      ),
    ] {
      try tool.write(text(targets, loss: loss), to: "c.yaml")
      let errors = try tool.run("validate", "c.yaml").errors
      #expect(errors.contains("error: \(message)\n"), "\(errors)")
    }
  }

  @Test func `the first loss is not finite`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      """
      seed: 1
      data: {inline: {inputs: [[1], [-1]], targets: [2.5, 3]}}
      model: [{type: dense, units: 1}]
      loss: poisson
      train: {epochs: 2}
      gradient_check: false

      """, to: "c.yaml")
    let run = try tool.run("run", "c.yaml", "-q", "--output", "c")
    #expect(run.code == 1)
    #expect(
      run.errors.contains(
        "note: no weight has changed yet, so that a smaller learning_rate cannot help; 'nnexp types "
          + "poisson' says which outputs the loss requires\n"), "\(run.errors)")
  }

  @Test func `values that ignore does not take`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("x,y\n1,0\n2,1\n", to: "d.csv")
    try tool.write(experiment("d.csv", "type: cross_entropy, ignore: [1]"), to: "c.yaml")
    #expect(
      try tool.run("validate", "c.yaml").errors == """
        c.yaml:5:37: error: ignore must be a number or a text, found a list
            loss: {type: cross_entropy, ignore: [1]}
                                                ^

        """)
    try tool.write(experiment("d.csv", "type: cross_entropy, ignore_index: 1"), to: "c.yaml")
    #expect(
      try tool.run("validate", "c.yaml").errors.hasPrefix(
        "c.yaml:5:29: error: unknown key 'ignore_index'; did you mean 'ignore'?\n"))
  }

  @Test func `a weight of 2 is the sample twice, and metrics count it once`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("x,y,w\n1,0.5,2\n2,-1,1\n-3,1,0\n0.5,2,3\n", to: "d.csv")
    try tool.write("x,y\n1,0.5\n1,0.5\n2,-1\n0.5,2\n0.5,2\n0.5,2\n", to: "e.csv")
    let loss = "type: squared_error"
    let weighted = try metrics(
      tool, experiment("d.csv, targets: y, weight: w", loss, units: 1), "a")
    let repeated = try metrics(tool, experiment("e.csv", loss, units: 1), "b")
    expectClose(weighted.map { Array($0[..<4]) }, repeated.map { Array($0[..<4]) })
    #expect(weighted[0][4] != repeated[0][4])
    #expect(
      try tool.read("a/columns.json").contains("\"role\": \"weight\""))
    #expect(try tool.run("evaluate", "a").code == 0)
    #expect(try tool.run("gradcheck", "a.yaml").code == 0)
    #expect(try tool.run("explain", "a.yaml").code == 0)
    let predictions = try tool.rows(of: "a/predictions.csv")
    #expect(predictions.dropFirst().map { $0[2] } == ["0.5", "-1", "1", "2"])
    try tool.write("x\n4\n", to: "q.csv")
    #expect(try tool.run("predict", "a", "--input", "q.csv", "--output", "p.csv").code == 0)
  }

  @Test func `an autoencoder trains from a table`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("id,x0,x1\na,1,2\nb,2,4\nc,-1,-2\nd,3,6\n", to: "d.csv")
    try tool.write(
      """
      name: c
      seed: 1
      data: {csv: {path: d.csv, inputs: "x*", targets: "x*", id: id}}
      model: [{type: dense, units: 1, name: code}, {type: dense, units: 2}]
      loss: squared_error
      metrics: [r2]
      train: {epochs: 300, batch_size: full, optimizer: {type: adam, learning_rate: 0.05}}
      predictions: [train]
      expect: {train_r2: ">= 0.99"}

      """, to: "c.yaml")
    let run = try tool.run("run", "c.yaml", "-q")
    #expect(run.code == 0 && run.errors == "", "\(run.errors)")
    #expect(
      try tool.rows(of: "results/c/latest/predictions.csv")[0] == [
        "split", "row", "id", "target_x0", "target_x1", "prediction_x0", "prediction_x1",
      ])
    try tool.write("x1,x0\n8,4\n", to: "q.csv")
    #expect(
      try tool.run("predict", "results/c/latest", "--input", "q.csv", "--output", "p.csv").code == 0
    )
    #expect(try tool.run("validate", "c.yaml", "--write", "full.yaml").code == 0)
    let full = try tool.run("validate", "full.yaml")
    #expect(full.code == 0 && full.errors == "", "\(full.errors)")
  }
}
