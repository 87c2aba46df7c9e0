import Foundation
import TestSupport
import Testing

/// Losses with targets that are numbers, and with classes.
@Suite struct ClassTargetTests {
  private func tool(
    loss: String, targets: [String], outputs: Int, data: String = "", train: String = ""
  ) throws -> Tool {
    let tool = try Tool()
    try tool.write(
      """
      name: c
      data: {csv: {path: d.csv, targets: y}\(data)}
      model: [{type: dense, units: \(outputs), name: z}]
      loss: \(loss)
      train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 2, batch_size: full\(train)}
      predictions: [train]
      gradient_check: false

      """, to: "c.yaml")
    let rows = targets.enumerated().map { "\($0).5,\(($0 * 7) % 5),\($1)\n" }.joined()
    try tool.write("a,b,y\n" + rows, to: "d.csv")
    return tool
  }

  @Test func targetsThatTheLossDoesNotTakeAreErrors() throws {
    let many = (0..<25).map { "\($0 * 3)" }
    let cases: [(loss: String, targets: [String], outputs: Int, message: String)] = [
      (
        "binary_cross_entropy", ["1", "-1", "1"], 1,
        """
        d.csv:3:7: error: 'y' is -1, but the loss 'binary_cross_entropy' requires targets from 0 to 1 \
        or two classes
            1.5,2,-1
                  ^
        note: the target has 2 distinct whole numbers; if they are classes, write target_kind: classes

        """
      ),
      (
        "binary_cross_entropy", ["0.5", "1", "1.5"], 1,
        """
        d.csv:4:7: error: 'y' is 1.5, but the loss 'binary_cross_entropy' requires targets from 0 to 1 \
        or two classes
            2.5,4,1.5
                  ^

        """
      ),
      (
        "cross_entropy", many, 25,
        """
        d.csv:2:7: error: the loss 'cross_entropy' requires classes or probabilities, and the target has \
        more than 20 distinct whole numbers
            0.5,0,0
                  ^
        note: the target has more than 20 distinct whole numbers; if they are classes, write \
        target_kind: classes

        """
      ),
      (
        "cross_entropy", ["0.5", "0.25"], 1,
        """
        d.csv:2:7: error: the targets of this sample add up to 0.5, but the loss 'cross_entropy' \
        requires probabilities, which add up to 1, or classes
            0.5,0,0.5
                  ^

        """
      ),
    ]
    for (loss, targets, outputs, message) in cases {
      let tool = try tool(loss: loss, targets: targets, outputs: outputs)
      defer { tool.remove() }
      let result = try tool.run("validate", "c.yaml")
      #expect(result.code == 2)
      #expect(result.errors == message)
      #expect(!tool.exists("results"))
    }
  }

  @Test func fewWholeNumbersAreClasses() throws {
    let tool = try tool(
      loss: "cross_entropy", targets: ["3", "5", "9", "3", "5", "9"], outputs: 3)
    defer { tool.remove() }
    let result = try tool.run("run", "c.yaml")
    #expect(result.code == 0)
    #expect(
      result.errors == """
        c.yaml:4:7: warning: the targets 3, 5, 9 are read as classes; write data: {target_kind: \
        classes} if they are, or data: {target_kind: values}
            loss: cross_entropy
                  ^

        """)
    let predictions = try tool.read("results/c/latest/predictions.csv").split(separator: "\n")
    #expect(
      predictions[0]
        == "split,row,target,prediction,probability_3,probability_5,probability_9")
    #expect(predictions[3].hasPrefix("train,3,9,"))
    let sums = predictions.dropFirst().map { line in
      line.split(separator: ",").suffix(3).map { Double($0)! }.reduce(0, +)
    }
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(
      try tool.read("results/c/latest/classes_train.csv").hasPrefix(
        "class,precision,recall,f1,samples\n3,"))
    try tool.write(
      try tool.read("c.yaml").replacing("targets: y}", with: "targets: y}, target_kind: classes"),
      to: "c.yaml")
    #expect(try tool.run("run", "c.yaml").errors == "")
    try tool.write(
      try tool.read("c.yaml").replacing("target_kind: classes", with: "target_kind: values"),
      to: "c.yaml")
    #expect(try tool.run("run", "c.yaml").code == 2)
  }

  @Test func balancedWeightsAreThoseOfTheTrainingData() throws {
    let targets = ["a", "a", "a", "b", "b", "c"]
    func weights(_ option: String) throws -> [UInt8] {
      let tool = try tool(
        loss: "{type: cross_entropy, class_weights: \(option)}", targets: targets, outputs: 3)
      defer { tool.remove() }
      let result = try tool.run("run", "c.yaml", "-q")
      #expect(result.code == 0, "\(result.errors)")
      return Array(try tool.read("results/c/latest/metrics.csv").utf8)
    }
    #expect(try weights("balanced") == weights("[\(2.0 / 3), 1, 2]"))
    #expect(try weights("{c: 3}") == weights("[1, 1, 3]"))
    #expect(try weights("balanced") != weights("[1, 1, 1]"))
  }

  @Test func weightsOfUnknownClassesAreErrors() throws {
    let tool = try tool(
      loss: "{type: cross_entropy, class_weights: {red: 2, blu: 3}}",
      targets: ["red", "blue", "red"], outputs: 2)
    defer { tool.remove() }
    #expect(
      try tool.run("validate", "c.yaml").errors == """
        c.yaml:4:53: error: loss 'cross_entropy': class_weights: there is no class 'blu'; did you \
        mean 'blue'?
            loss: {type: cross_entropy, class_weights: {red: 2, blu: 3}}
                                                                ^
        note: the classes are: blue, red
        c.yaml:3:16: note: 'z' produces [2]
            model: [{type: dense, units: 2, name: z}]
                           ^

        """)
  }

  /// From 0.9 on instead of 0.5: fewer samples are of class 1.
  @Test func aThresholdDecidesBetweenTwoClasses() throws {
    func count(_ threshold: String) throws -> Int {
      let tool = try tool(
        loss: "{type: binary_cross_entropy\(threshold)}",
        targets: ["no", "yes", "yes", "yes", "no", "yes"], outputs: 1)
      defer { tool.remove() }
      let result = try tool.run("run", "c.yaml", "-q", "train.epochs=50")
      #expect(result.code == 0, "\(result.errors)")
      let rows = try tool.read("results/c/latest/predictions.csv").split(separator: "\n")
        .dropFirst().map { $0.split(separator: ",") }
      let limit = Double(threshold.split(separator: " ").last ?? "0.5") ?? 0.5
      #expect(rows.allSatisfy { (Double($0[5])! >= limit) == ($0[3] == "yes") }, "\(rows)")
      return rows.count { $0[3] == "yes" }
    }
    #expect(try count("") > count(", threshold: 0.9"))
    let wrong = try tool(
      loss: "{type: cross_entropy, threshold: 0.9}", targets: ["a", "b"], outputs: 2)
    defer { wrong.remove() }
    #expect(
      try wrong.run("validate", "c.yaml").errors.hasPrefix(
        """
        c.yaml:4:40: error: threshold: of 2 outputs the largest is predicted, without a threshold

        """))
  }
}
