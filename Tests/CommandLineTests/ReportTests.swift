import Foundation
import FoundationXML
import TestSupport
import Testing

/// `nnexp report`. `Tests/Browser/report.py` compares its numbers with the CSV files.
@Suite struct ReportTests {
  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try body(tool)
  }

  private func report(_ run: String, _ tool: Tool) throws -> String {
    let result = try tool.run("report", run, "-o", "page.html", "--force")
    #expect(result.output == "wrote page.html\n", "\(result.errors)")
    let page = try tool.read("page.html")
    let parser = XMLParser(data: Data(page.replacing("<!DOCTYPE html>\n", with: "").utf8))
    #expect(parser.parse())
    return page
  }

  private let images = """
    name: images
    seed: 3
    data:
      inline:
        inputs: [[0, 1, 0, 1, 1, 1, 0, 1, 0], [1, 0, 0, 0, 1, 0, 0, 0, 1],
          [0, 1, 1, 1, 1, 1, 0, 1, 1], [1, 0, 1, 0, 1, 0, 0, 1, 1]]
        targets: [[1], [0], [1], [0]]
      shape: [1, 3, 3]
    model:
      - {type: convolution, channels: 2, window: 2, name: features}
      - tanh
      - flatten
      - {type: dense, units: 1, name: output}
    loss: squared_error
    predictions: [train]
    train: {epochs: 3, record: [weight_norm, gradient_norm, update_ratio]}

    """

  @Test func samplesFiltersAndActivationsAreImages() throws {
    try withTool { tool in
      try tool.write(images, to: "images.yaml")
      #expect(try tool.run("run", "images.yaml", "-q").code == 0)
      let page = try report("results/images/latest", tool)
      #expect(page.contains("<p>The inputs of the worst predictions, by row:</p>"))
      #expect(page.contains("<p>The filters of &#39;features&#39;: black is "))
      #expect(page.contains("<p>The output of &#39;features&#39; for row "))
      // Four samples, two filters, and two channels of two nodes.
      #expect(page.ranges(of: "src=\"data:image/png;base64,").count == 10)
      for quantity in ["weight_norm", "gradient_norm", "update_ratio"] {
        #expect(page.contains(">\(quantity)</text>"), "\(quantity)")
      }
      #expect(page.contains("aria-label=\"the graph of the network\""))
      #expect(
        page.contains("<td>features</td><td>convolution</td><td>input</td><td>[2, 2, 2]</td>"))
    }
  }

  /// A table that has changed since is not read as if it was that of the run.
  @Test func imagesOfAnotherTableAreNotShown() throws {
    try withTool { tool in
      let rows = (0..<6).map { "0,\($0),1,0.\($0),\($0 % 2)" }
      try tool.write("a,b,c,d,t\n" + rows.joined(separator: "\n") + "\n", to: "d.csv")
      try tool.write(
        """
        name: table
        data: {csv: {path: d.csv, targets: t}, shape: [1, 2, 2]}
        model: [flatten, {type: dense, units: 1}]
        loss: squared_error
        predictions: [train]
        train: {epochs: 2}
        gradient_check: false

        """, to: "table.yaml")
      let run = try tool.run("run", "table.yaml", "-q")
      #expect(run.code == 0, "\(run.errors)")
      #expect(try report("results/table/latest", tool).contains("data:image/png"))
      try tool.write("a,b,c,d,t\n" + rows.reversed().joined(separator: "\n") + "\n", to: "d.csv")
      let page = try report("results/table/latest", tool)
      #expect(!page.contains("data:image/png"))
      #expect(page.contains("<p>The images of samples are missing: "))
    }
  }

  @Test func aKilledRunIsNamed() throws {
    try withTool { tool in
      try tool.write(exclusiveOr, to: "xor.yaml")
      #expect(try tool.run("run", "xor.yaml", "-q", "--output", "run").code == 0)
      let summary = try tool.read("run/summary.json")
        .replacing("\"completed\"", with: "\"running\"")
        .replacing("\"exit_status\": 0", with: "\"exit_status\": null")
      try tool.write(summary, to: "run/summary.json")
      let rows = try tool.read("run/metrics.csv").split(separator: "\n").prefix(8)
      try tool.write(rows.joined(separator: "\n") + "\n", to: "run/metrics.csv")
      let page = try report("run", tool)
      #expect(
        page.contains(
          "<strong class=\"bad\">killed</strong> after epoch 7; its process ended, and nnexp "
            + "resume run continues it"))
      #expect(try tool.run("plot", "run").output.hasPrefix("run: killed, 7 epochs\n"))
      let runs = try tool.run("runs", ".").output
      #expect(runs.contains("killed"))
      // Before its first row, too.
      try tool.write("", to: "run/metrics.csv")
      #expect(try report("run", tool).contains("</strong> before its first epoch"))
    }
  }

  @Test func aRunWithAPluginIsReportedWithoutItsCode() throws {
    try withTool { tool in
      try tool.write(exclusiveOr, to: "xor.yaml")
      #expect(try tool.run("run", "xor.yaml", "-q", "--output", "run").code == 0)
      let resolved = try tool.read("run/resolved.yaml")
      try tool.write("plugins: [Cube.swift]\n" + resolved, to: "run/resolved.yaml")
      let page = try report("run", tool)
      #expect(page.contains("<p>The model is in resolved.yaml below; it is not drawn: "))
    }
  }

  @Test func aReportIsAlsoAPicture() throws {
    try withTool { tool in
      try tool.write(exclusiveOr, to: "xor.yaml")
      #expect(try tool.run("run", "xor.yaml", "-q", "--output", "run").code == 0)
      for name in ["a.svg", "b.svg"] {
        #expect(try tool.run("report", "run", "-o", name).output == "wrote \(name)\n")
      }
      let picture = try tool.read("a.svg")
      #expect(picture == (try tool.read("b.svg")))
      #expect(picture.contains(">run: completed, 20 epochs</text>"))
    }
  }

  /// Eight trials: y is 1 or 2 by `a`, plus a little by `b`.
  @Test func aSweepNamesWhatMattersMost() throws {
    try withTool { tool in
      try tool.write(
        """
        name: sums
        seed: 1
        data: {inline: {inputs: [[1]], targets: [[0]]}}
        model: [{type: dense, units: 1, bias: false, initial: {weight: {constant: 1}}}]
        loss: squared_error
        gradient_check: false
        train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 1}
        sweep:
          grid:
            model.dense.initial.weight.constant: [1, 5]
            train.optimizer.learning_rate: [0.1, 0.2]
            seed: [1, 2]

        """, to: "sums.yaml")
      let sweep = try tool.run("sweep", "sums.yaml", "-q", "--output", "sweep")
      #expect(sweep.code == 0, "\(sweep.errors)")
      let page = try report("sweep", tool)
      #expect(page.contains("<h2>What matters most for train_loss</h2>"))
      // The loss before the only step is 1 or 25: the ranks are 1.5 and 5.5, and the learning
      // rate explains nothing.
      #expect(
        page.contains(
          "<td>model.dense.initial.weight.constant</td><td class=\"number\">1</td>"
            + "<td class=\"number\">1</td><td class=\"number\">1</td>"))
      #expect(
        page.contains(
          "<td>train.optimizer.learning_rate</td><td class=\"number\">0</td>"))
      #expect(
        page.contains("<h2>Settings by mean train_loss, with 95% intervals over seeds</h2>"))
    }
  }

  /// By the training loss, the first trial is the best, and by the validation loss the second.
  @Test func `a sweep is ordered by the monitored column`() throws {
    try withTool { tool in
      try tool.write(
        """
        name: order
        data:
          inline: {inputs: [[1]], targets: [[0]]}
          validation: {inline: {inputs: [[1]], targets: [[4]]}}
        model: [{type: dense, units: 1, bias: false, initial: {weight: {constant: 1}}}]
        loss: squared_error
        gradient_check: false
        train: {optimizer: {type: sgd, learning_rate: 1e-9}, epochs: 1}
        sweep: {grid: {model.dense.initial.weight.constant: [1, 5], train.epochs: [1, 2]}}

        """, to: "order.yaml")
      #expect(try tool.run("sweep", "order.yaml", "-q").code == 0)
      let page = try report("results/order/sweep", tool)
      #expect(page.contains("<h2>Trials by validation_loss, best first</h2>"))
      #expect(page.contains("<h2>What matters most for validation_loss</h2>"))
      #expect(
        page.contains(
          "<td>model.dense.initial.weight.constant</td><td class=\"number\">1</td>"
            + "<td class=\"number\">5</td><td class=\"number\">1</td>"))
      #expect(try tool.run("runs").output.contains("validation_loss 1"))
      // A damaged entry is left out, with the reason.
      try tool.write("{", to: "results/order/sweep/plan.json")
      let runs = try tool.run("runs")
      #expect(runs.output == "no runs below 'results'\n")
      #expect(
        runs.errors.hasPrefix(
          "results/order/sweep/plan.json:1:2: warning: 'results/order/sweep' is left out: "))
    }
  }

  @Test func `each head has its predictions`() throws {
    try withTool { tool in
      try tool.write(
        """
        x,kind,size
        0.1,a,1
        0.9,b,2
        0.2,a,
        0.8,b,4
        0.3,,5

        """, to: "d.csv")
      try tool.write(
        """
        name: heads
        data:
          csv: {path: d.csv, inputs: x, targets: {kind: kind, size: size}}
        model:
          - {type: dense, units: 2, name: kind}
          - {type: dense, units: 1, name: size, inputs: input}
        loss:
          kind: {type: cross_entropy, missing_target: skip}
          size: {type: squared_error, missing_target: skip}
        predictions: [train]
        train: {epochs: 1}

        """, to: "heads.yaml")
      let run = try tool.run("run", "heads.yaml", "-q")
      #expect(run.code == 0, "\(run.errors)")
      let page = try report("results/heads/latest", tool)
      for title in [
        "train, kind: receiver operating characteristic", "train, kind: calibration",
        "train, size: predicted and true target", "train, size: residuals of target",
      ] {
        #expect(page.contains(title), "\(title)")
      }
      #expect(page.contains("<p>The worst predictions of &#39;kind&#39;:</p>"))
      #expect(page.contains("<p>The worst predictions of &#39;size&#39;:</p>"))
    }
  }

  /// All samples of the validation part have one class.
  @Test func `an undefined curve is not drawn`() throws {
    try withTool { tool in
      try tool.write(
        """
        name: one
        data:
          inline: {inputs: [[1], [2]], targets: [[0], [1]]}
          validation: {inline: {inputs: [[3], [4]], targets: [[1], [1]]}}
          target_kind: classes
        model: [{type: dense, units: 2}]
        loss: cross_entropy
        predictions: [validation]
        train: {epochs: 1}

        """, to: "one.yaml")
      let run = try tool.run("run", "one.yaml", "-q")
      #expect(run.code == 0, "\(run.errors)")
      let page = try report("results/one/latest", tool)
      #expect(page.contains("validation: calibration"))
      #expect(!page.contains("receiver operating characteristic"))
      #expect(
        page.contains(
          "<p>validation: no curves of 0, 1, because all samples or none have that class.</p>"))
    }
  }
}
