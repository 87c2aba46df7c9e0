import Foundation
import TestSupport
import Testing

/// Choices that are probably mistakes are announced in one line each, and recorded.
@Suite struct AnnouncementTests {
  private func tool(_ train: String, _ data: String = "split: {validation: 0.25}") throws -> Tool {
    let tool = try Tool()
    let rows = (0..<8).map {
      "\($0),\(2 * $0),\($0 == 3 ? "rare" : $0 % 2 == 0 ? "even" : "odd")\n"
    }
    try tool.write("x,y,kind\n" + rows.joined(), to: "d.csv")
    try tool.write(
      """
      name: a
      data: {csv: {path: d.csv, inputs: x, targets: y}, \(data)}
      model: [{type: dense, units: 1}]
      loss: squared_error
      metrics: [r2]
      train: {optimizer: {type: sgd, learning_rate: 0.001}, epochs: 5, batch_size: 2, \(train)}
      gradient_check: false

      """, to: "a.yaml")
    return tool
  }

  @Test(arguments: [
    ("schedule: {type: step, every: 30}", "30 epochs, and the training has 5"),
    ("schedule: {type: cosine, length: 6}", "6 epochs, and the training has 5"),
    ("schedule: {type: cosine, length: 20, by: step}", "20 steps, and the training has 15"),
    ("schedule: {type: linear_warmup, epochs: 10}", "10 epochs, and the training has 5"),
    (
      "schedule: {type: step, every: 4, warmup: {epochs: 3}}", "7 epochs, and the training has 5"
    ),
    ("schedule: {type: linear_warmup, steps: 9}, max_steps: 8", "9 steps, and the training has 8"),
    ("schedule: {type: cyclic, up: 16}", "16 steps, and the training has 15"),
    ("schedule: {type: cosine_restarts, period: 6}", "6 epochs, and the training has 5"),
  ])
  func `a schedule longer than the training`(train: String, fact: String) throws {
    let tool = try tool(train)
    defer { tool.remove() }
    let result = try tool.run("run", "a.yaml")
    #expect(result.code == 0)
    #expect(
      result.errors.split(separator: "\n").first
        == "a.yaml:6:8: warning: the schedule plans \(fact); make it shorter, or the training longer",
      "\(result.errors)")
    let record = try tool.read("results/a/latest/run.json")
    #expect(record.contains("\"announcements\": [\"the schedule plans \(fact); "), "\(record)")
  }

  @Test(arguments: [
    (
      "average: {from_epoch: 6}",
      "the average of the weights begins at epoch 6, and the training has 5; the results are "
        + "computed without it"
    ),
    ("accumulate: 4", "accumulate is 4, and an epoch has 3 batches; each epoch is one step"),
  ])
  func `an average or an accumulation longer than the training`(train: String, fact: String) throws
  {
    let tool = try tool(train)
    defer { tool.remove() }
    let result = try tool.run("run", "a.yaml")
    #expect(result.code == 0)
    #expect(
      result.errors.split(separator: "\n").first.map(String.init) == "a.yaml:6:8: warning: \(fact)",
      "\(result.errors)")
  }

  @Test(arguments: [
    "average: {from_epoch: 5}", "accumulate: 3",
    "schedule: {type: step, every: 5}", "schedule: cosine",
    "schedule: {type: exponential, factor: 0.9}",
    "schedule: {type: cosine, length: 15, by: step}",
  ])
  func `a schedule that fits is not announced`(train: String) throws {
    let tool = try tool(train)
    defer { tool.remove() }
    #expect(try tool.run("run", "a.yaml").errors == "")
    #expect(try tool.read("results/a/latest/run.json").contains("\"announcements\": []"))
  }

  @Test func `a sweep announces before its trials, once`() throws {
    let tool = try tool("schedule: {type: step, every: 6}")
    defer { tool.remove() }
    let fact = "a.yaml:6:8: warning: the schedule plans 6 epochs, and the training has"
    func errors(_ words: String...) throws -> [String] {
      let result = try tool.run(["sweep", "a.yaml"] + words)
      #expect(result.code == 0)
      return result.errors.split(separator: "\n").filter { !$0.hasPrefix(" ") }.map(String.init)
    }
    let remedy = "; make it shorter, or the training longer"
    #expect(try errors("+seed=1,2") == ["\(fact) 5\(remedy)"])
    #expect(
      try errors("+seed=1,2", "train.epochs=7,5", "--dry-run") == [
        "\(fact) 5\(remedy)", "note: in 2 of 4 trials, first in trial 2: +seed=1 train.epochs=5",
      ])
    let folder = try #require(tool.contents.first { $0.hasSuffix("run.json") })
    #expect(try tool.read(folder).contains("the schedule plans 6 epochs"))
  }

  @Test func `a metric of probabilities reads outputs without limits`() throws {
    let tool = try tool("")
    defer { tool.remove() }
    let text = try tool.read("a.yaml").replacing("targets: y", with: "targets: kind")
      .replacing("units: 1", with: "units: 3")
      .replacing("[r2]", with: "[accuracy, log_loss]")
      .replacing(
        "squared_error", with: "{type: formula, value: \"log(sum(exp(z))) − sum(z·t)\"}")
    try tool.write(text, to: "b.yaml")
    #expect(
      try tool.run("run", "b.yaml").errors.split(separator: "\n").first
        == "b.yaml:3:16: warning: the metric 'log_loss' reads the outputs of 'dense' as "
        + "probabilities, but they are not limited to 0 to 1")
    try tool.write(
      text.replacing("units: 3}]", with: "units: 3}, softmax]")
        .replacing("log(sum(exp(z))) − sum(z·t)", with: "(z − t)²"), to: "c.yaml")
    #expect(try tool.run("run", "c.yaml").errors == "")
  }

  @Test func `a class of one sample in a stratified split`() throws {
    let tool = try tool("")
    defer { tool.remove() }
    let text = try tool.read("a.yaml").replacing("targets: y", with: "targets: kind")
      .replacing("units: 1", with: "units: 3").replacing("squared_error", with: "cross_entropy")
      .replacing("metrics: [r2]\n", with: "")
    func errors(_ split: String) throws -> String {
      try tool.write(text.replacing("{validation: 0.25}", with: split), to: "b.yaml")
      let result = try tool.run("validate", "b.yaml")
      #expect(result.code == 0, "\(result.errors)")
      return String(result.errors.split(separator: "\n").first ?? "")
    }
    #expect(
      try errors("{validation: 0.25, stratified: true}") == """
        b.yaml:2:61: warning: the class 'rare' has one sample, which the stratified split cannot \
        divide; it is in the training data only
        """)
    #expect(
      try errors("{folds: 3, stratified: true}") == """
        b.yaml:2:61: warning: the class 'rare' has one sample, which the stratified split cannot \
        divide; it is in one fold only
        """)
    #expect(try errors("{validation: 0.25}") == "")
  }

  /// r² of one sample is not defined.
  @Test func `a monitored column that is never measured`() throws {
    let tool = try tool(
      "early_stopping: {monitor: validation_r2, patience: 2}", "split: {validation: 0.1}")
    defer { tool.remove() }
    let result = try tool.run("run", "a.yaml")
    #expect(result.code == 0)
    #expect(
      result.errors.split(separator: "\n").first == """
        a.yaml:6:8: warning: validation_r2 was not measured in any epoch, so that none is the best \
        one; the last weights are delivered
        """)
    #expect(result.output.contains("\nstopped early: validation_r2 is never measured\n"))
    #expect(try tool.read("results/a/latest/summary.json").contains("\"weights\": \"last\""))
  }
}
