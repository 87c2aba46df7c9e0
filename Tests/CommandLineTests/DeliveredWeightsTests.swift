import Foundation
import TestSupport
import Testing

/// Every output of a run is of one set of weights, and says so.
@Suite struct DeliveredWeightsTests {
  /// A line through points that is best after some epochs, and then leaves it: the
  /// validation data lie on another line.
  private let text = """
    name: line
    seed: 3
    data:
      csv: {path: d.csv, inputs: x, targets: price}
      validation: {csv: {path: v.csv, inputs: x, targets: price}}
      scale: {inputs: standardize, targets: standardize}
    model: [{type: dense, units: 1, initial: {weight: zeros}}]
    loss: squared_error
    metrics: [mean_absolute_error, root_mean_squared_error]
    train:
      optimizer: {type: sgd, learning_rate: 0.1}
      epochs: 40
      record_every: 40
      early_stopping: {patience: 40}
    predictions: [train, validation]
    gradient_check: false

    """

  private func tool(_ text: String? = nil) throws -> Tool {
    let tool = try Tool()
    try tool.write(text ?? self.text, to: "line.yaml")
    func rows(_ slope: Double) -> String {
      (0..<8).map { "n\($0),\($0),\(100 + slope * Double($0))\n" }.joined()
    }
    try tool.write("id,x,price\n" + rows(10), to: "d.csv")
    try tool.write("id,x,price\n" + rows(6), to: "v.csv")
    return tool
  }

  private func cells(_ text: String) -> [[String]] {
    text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// The run's folder names the folder of the file with the initial values.
  @Test func initialValuesFromAFileAreFoundFromTheRun() throws {
    let tool = try tool(
      text.replacing(
        "initial: {weight: zeros}",
        with: "initial: {weight: {file: w.npy}}"))
    defer { tool.remove() }
    try Data(ArrayWriter.npy([0.5], [1, 1])).write(to: tool.folder.appending(path: "w.npy"))
    #expect(try tool.run("run", "line.yaml", "-q").code == 0)
    let run = "results/line/latest"
    for arguments in [["evaluate", run], ["export", run, "--npz", "line.npz"]] {
      let result = try tool.run(arguments)
      #expect(result.code == 0, "\(result.errors)")
    }
  }

  @Test func predictionsExpectEvaluateAndPredictAgree() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "line.yaml", "-q").code == 0)
    let metrics = cells(try tool.read("results/line/latest/metrics.csv"))
    #expect(metrics.count == 3)
    let epoch = metrics[1][0]
    #expect(epoch != "40")
    let summary = try tool.read("results/line/latest/summary.json")
    #expect(
      summary.contains(
        """
          "delivered": {
            "weights": "best",
            "epoch": \(epoch),
            "column": "validation_loss"
          },
        """), "\(summary)")

    let predictions = cells(try tool.read("results/line/latest/predictions.csv"))
    #expect(predictions[0] == ["split", "file", "row", "target", "prediction"])
    #expect(predictions[1].prefix(4) == ["train", "d.csv", "1", "100"])
    #expect(predictions[9].prefix(4) == ["validation", "v.csv", "1", "100"])
    let errors = predictions.dropFirst(9).map { abs(Double($0[3])! - Double($0[4])!) }
    let mean = errors.reduce(0, +) / 8
    let column = try #require(metrics[0].firstIndex(of: "validation_mean_absolute_error"))
    #expect(abs(Double(metrics[1][column])! - mean) < 1e-3)
    let root = (errors.map { $0 * $0 }.reduce(0, +) / 8).squareRoot()
    let rootColumn = try #require(metrics[0].firstIndex(of: "validation_root_mean_squared_error"))
    #expect(abs(Double(metrics[1][rootColumn])! - root) < 1e-3)

    let evaluated = try tool.run("evaluate", "results/line/latest")
    #expect(
      evaluated.output.hasPrefix("the weights of epoch \(epoch) (best validation_loss)\nsplit"))
    let predicted = try tool.run(
      "predict", "results/line/latest", "--input", "v.csv", "--keep", "id,price", "-o", "p.csv")
    #expect(
      predicted.output
        == "8 predictions by the weights of epoch \(epoch) (best validation_loss) in p.csv\n")
    let found = cells(try tool.read("p.csv"))
    #expect(found[0] == ["row", "id", "price", "prediction"])
    #expect(found[1].prefix(3) == ["1", "n0", "100.0"])
    #expect(found.dropFirst().map(\.last) == predictions.dropFirst(9).map(\.last))

    let last = try tool.run(
      "predict", "results/line/latest", "--input", "v.csv", "--weights", "last", "-o", "-")
    #expect(last.errors == "8 predictions by the weights of epoch 40 (last)\n")
    #expect(cells(last.output).count == 9)
    #expect(cells(last.output)[1].last != found[1].last)
  }

  @Test func expectSeesTheDeliveredRow() throws {
    for (deliver, code) in [("best", 0), ("last", 1)] {
      let tool = try tool(
        text.replacing("record_every: 40", with: "deliver: \(deliver)")
          + "expect: {validation_root_mean_squared_error: \"< 15\", epochs: \"== 40\"}\n")
      defer { tool.remove() }
      #expect(try tool.run("run", "line.yaml", "-q").code == code, "\(deliver)")
      let predictions = cells(try tool.read("results/line/latest/predictions.csv"))
      let errors = predictions.dropFirst(9).map { abs(Double($0[3])! - Double($0[4])!) }
      let root = (errors.map { $0 * $0 }.reduce(0, +) / 8).squareRoot()
      #expect((root < 15) == (code == 0), "\(deliver): \(root)")
    }
  }

  @Test func withoutValidationDataTheLastWeightsAreDelivered() throws {
    let tool = try tool(
      text.replacing(
        "  validation: {csv: {path: v.csv, inputs: x, targets: price}}\n", with: ""
      ).replacing("predictions: [train, validation]", with: "predictions: [train]"))
    defer { tool.remove() }
    #expect(try tool.run("run", "line.yaml", "-q").code == 0)
    let summary = try tool.read("results/line/latest/summary.json")
    #expect(summary.contains("\"weights\": \"last\",\n    \"epoch\": 40,\n    \"column\": null"))
    #expect(
      cells(try tool.read("results/line/latest/predictions.csv"))[0]
        == ["split", "row", "target", "prediction"])
  }

  @Test func aColumnThatIsNotThereCannotBeKept() throws {
    let tool = try tool()
    defer { tool.remove() }
    #expect(try tool.run("run", "line.yaml", "-q").code == 0)
    let result = try tool.run("predict", "results/line/latest", "--input", "v.csv", "--keep", "ids")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: 'v.csv' has no column 'ids' to keep; did you mean 'id'?
        note: columns: id, x, price

        """)
  }

  /// The id columns are those of the file, a logarithm is undone, and weights that balance
  /// classes need no training data afterward.
  @Test func predictionsHaveIdsAndUnits() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let rows = (0..<12).map { "n\($0),\($0),\(pow(2, Double($0))),\($0 > 8 ? "yes" : "no")\n" }
    try tool.write("id,x,price,y\n" + rows.joined(), to: "d.csv")
    func text(_ target: String, _ more: String) -> String {
      """
      name: l
      data:
        csv: {path: d.csv, inputs: x, targets: \(target), id: id}
        scale: {inputs: standardize\(more)
      predictions: [train]
      gradient_check: false

      """
    }
    try tool.write(
      text(
        "price",
        """
        , targets: log}
        model: [{type: dense, units: 1}]
        loss: squared_error
        train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 200}
        """), to: "l.yaml")
    #expect(try tool.run("run", "l.yaml", "-q").errors == "")
    let found = cells(try tool.read("results/l/latest/predictions.csv"))
    #expect(found[0] == ["split", "row", "id", "target", "prediction"])
    #expect(found[12].prefix(4) == ["train", "12", "n11", "2048"])
    #expect(abs(Double(found[12][4])! - 2048) < 1)

    try tool.write(
      text(
        "y",
        """
        }
        model: [{type: dense, units: 2}]
        loss: {type: cross_entropy, class_weights: balanced}
        train: {optimizer: adam, epochs: 5}
        """), to: "b.yaml")
    #expect(try tool.run("run", "b.yaml", "-q", "--output", "b").errors == "")
    try FileManager.default.moveItem(
      at: tool.folder.appendingPathComponent("d.csv"),
      to: tool.folder.appendingPathComponent("q.csv"))
    let predicted = try tool.run("predict", "b", "--input", "q.csv", "--keep", "id")
    #expect(
      cells(predicted.output)[0] == [
        "row", "id", "prediction", "probability_no", "probability_yes",
      ])
    #expect(cells(predicted.output)[1].prefix(2) == ["1", "n0"])
  }
}
