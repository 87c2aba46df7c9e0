import NNExp
import TestSupport
import Testing

@testable import GradientCheck

/// Random sound networks of all shipped layers: the check never calls a right gradient wrong.
@Suite struct RandomGraphTests {
  /// Writes a random model: a chain with branches that meet again.
  private struct Author {
    private let random: RandomStream
    private var position = 0
    private var lines: [String] = []
    private var count = 0

    init(_ random: RandomStream) { self.random = random }

    mutating func pick<T>(_ items: [T]) -> T {
      position += 1
      return items[random.integer(below: items.count, at: position)]
    }

    /// Adds a node that reads `input`, and returns its name.
    mutating func add(_ options: String, _ inputs: String) -> String {
      count += 1
      lines.append("  - {\(options), name: n\(count), inputs: \(inputs)}")
      return "n\(count)"
    }

    mutating func activation() -> String {
      "type: "
        + pick([
          "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "softmax",
          "log_softmax", "layer_normalization", "batch_normalization", "dropout, rate: 0.3",
        ])
    }

    mutating func pooling(window: String) -> String {
      let p = pick(["1", "2", "3", "2.5", "4", ".inf"])
      return pick([
        "type: lp_pooling, p: \(p), \(window)",
        "type: lp_pooling, p: 2.2, learned: true, \(window)",
        "type: lp_pooling, p: \(p), normalize: true, \(window)",
        "type: max_pooling, \(window)", "type: average_pooling, \(window)",
      ])
    }

    mutating func model(isImage: Bool) -> (text: String, outputs: Int) {
      var last = "input"
      if isImage {
        last = add(
          "type: convolution, channels: \(pick([2, 4])), window: \(pick([2, 3])), padding: 1", last)
        last = add(activation(), last)
        if pick([true, false]) {
          let one = add(activation(), last)
          let two = add(activation(), last)
          last = add("type: \(pick(["add", "multiply", "concatenate"]))", "[\(one), \(two)]")
        }
        last = add(pooling(window: "window: 2"), last)
        if pick([true, false]) { last = add("type: flatten", last) }
      }
      for _ in 0..<pick([1, 2, 3]) {
        last = add("type: dense, units: 4, bias: \(pick(["true", "false"]))", last)
        switch pick([0, 1, 2, 3]) {
        case 0: last = add(activation(), last)
        case 1:
          let one = add(activation(), last)
          let two = add(activation(), last)
          last = add("type: \(pick(["add", "multiply", "concatenate"]))", "[\(one), \(two)]")
        case 2: last = add(pooling(window: "window: 2"), last)
        default:
          let one = add("type: dense, units: 4", last)
          last = add("type: add", "[\(one), \(last)]")
        }
      }
      let outputs = pick([2, 3])
      _ = add("type: dense, units: \(outputs)", last)
      return ("model:\n" + lines.joined(separator: "\n"), outputs)
    }
  }

  @Test func fiveHundredCorrectGraphsNeverFail() throws {
    var verdicts: [Verdict: Int] = [:]
    try withEvery("seed", in: 0..<500) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "random graphs")
      var author = Author(random.stream(0))
      let isImage = author.pick([true, false, false])
      let (model, outputs) = author.model(isImage: isImage)
      let isClassifier = author.pick([true, false])
      let loss =
        isClassifier
        ? author.pick(["cross_entropy", "hinge"])
        : author.pick(["squared_error", "huber", "{type: squared_error, reduction: half_mean}"])
      let text = "\(model)\nloss: \(loss)\n"
      let shape: Shape = isImage ? [1, 4, 4] : [5]

      let target: Target = isClassifier ? .classes(outputs) : .values([outputs])
      let subject = try networkSubject(
        text, inputShape: shape, target: target, samples: 4, seed: UInt64(seed),
        registry: standardRegistry
      ) {
        random.stream(1).normal(at: $0)
      } goal: {
        isClassifier
          ? Double(random.stream(2).integer(below: outputs, at: $0))
          : random.stream(2).normal(at: $0)
      }
      var settings = GradientCheckSettings.standard
      settings.entries = .count(4)
      let report = GradientChecker(settings, random: random.stream(3)).check(subject, at: "start")
      #expect(report.outcome != .failed, "seed \(seed)\n\(text)\n\(report)")
      for tensor in report.tensors { verdicts[tensor.verdict, default: 0] += 1 }
    }
    // Nearly all tensors are proven too.
    let all = verdicts.values.reduce(0, +)
    let proven = verdicts[.pass, default: 0] + verdicts[.zero, default: 0]
    #expect(Double(proven) > 0.9 * Double(all), "\(verdicts)")
  }
}
