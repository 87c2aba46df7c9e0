import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// A loss on a batch, which gives a value and a gradient.
struct LossBatch {
  var loss: any Loss
  var outputs: Int
  var hasClasses = false
  var targets: [Double]
  var scale = 1.0

  func value(_ z: [Double]) -> Double { evaluate(z, gradient: nil) }

  func gradient(_ z: [Double], from start: Double = 0) -> [Double] {
    let dz = GuardedBuffer(Array(repeating: start, count: z.count), shape: [outputs])
    _ = evaluate(z, gradient: dz)
    return dz.values
  }

  private func evaluate<S: Scalar>(_ z: [S], gradient: GuardedBuffer<S>?) -> Double {
    let z = GuardedBuffer(z, shape: [outputs])
    let t = GuardedBuffer(targets.map { S($0) }, shape: hasClasses ? [1] : [outputs])
    return withExtendedLifetime((z, t, gradient)) {
      let pass = LossPass(
        samples: z.tensor.count / outputs, z: z.tensor, t: t.tensor, hasClasses: hasClasses,
        dz: gradient?.tensor, scale: S(scale))
      return pass.run(loss)
    }
  }

  /// The value and the gradient in float32.
  func single(_ z: [Double]) -> (value: Double, gradient: [Float]) {
    let dz = GuardedBuffer<Float>(Array(repeating: 0, count: z.count), shape: [outputs])
    let value = evaluate(z.map { Float($0) }, gradient: dz)
    return (value, dz.values)
  }
}

/// Every loss with every option and kind of target.
func lossBatches() throws -> [(name: String, batch: LossBatch, probabilities: Bool)] {
  let values: [Double] = [0.3, -1.2, 2.5, 0.1, 0.9, -0.4, 1.1, 0.7, -2.2]
  let shares: [Double] = [0.2, 0.5, 0.3, 0, 1, 0, 0.9, 0.05, 0.05]
  let classes: [Double] = [2, 0, 1]
  let bits: [Double] = [1, 0, 1, 1, 0, 0]
  func on(
    _ outputs: Int, _ targets: [Double], classes: Bool = false, _ loss: any Loss
  ) -> LossBatch {
    LossBatch(loss: loss, outputs: outputs, hasClasses: classes, targets: targets)
  }
  var batches: [(String, LossBatch, Bool)] = []
  for name in ["squared_error", "absolute_error", "huber"] {
    batches.append((name, on(3, values, try Rule.loss(name)), false))
    batches.append((name + " classes", on(3, classes, classes: true, try Rule.loss(name)), false))
    batches.append((name + " class bits", on(1, bits, classes: true, try Rule.loss(name)), false))
  }
  batches.append(("huber δ", on(3, values, try Rule.loss("huber", ["delta": 0.25])), false))
  for from in ["logits", "probabilities"] {
    let node = ConfigValue(.string(from))
    let isProbable = from == "probabilities"
    for (label, weights) in [("", [1.0, 1]), (" weighted", [0.5, 3])] {
      let loss = try Rule.loss(
        "binary_cross_entropy",
        [
          "from": node,
          "class_weights": ConfigValue(.list(weights.map { ConfigValue(.double($0)) })),
        ])
      batches.append(("binary " + from + label, on(1, bits, loss), isProbable))
      batches.append(("binary classes " + from, on(1, bits, classes: true, loss), isProbable))
      batches.append(("binary shares " + from + label, on(3, shares, loss), isProbable))
      batches.append(("binary k " + from, on(3, classes, classes: true, loss), isProbable))
    }
    for (label, weights) in [("", []), (" weighted", [0.5, 3, 0])] as [(String, [Double])] {
      let loss = try Rule.loss(
        "cross_entropy",
        [
          "from": node,
          "class_weights": ConfigValue(.list(weights.map { ConfigValue(.double($0)) })),
        ])
      batches.append(("cross " + from + label, on(3, classes, classes: true, loss), isProbable))
      batches.append(("cross shares " + from + label, on(3, shares, loss), isProbable))
    }
  }
  for margin in [1.0, 2.5] {
    let loss = try Rule.loss("hinge", ["margin": ConfigValue(.double(margin))])
    batches.append(("hinge \(margin)", on(3, classes, classes: true, loss), false))
    batches.append(("hinge rows", on(3, [0, 0, 1, 1, 0, 0, 0, 1, 0], loss), false))
    batches.append(("hinge binary", on(1, bits, classes: true, loss), false))
    batches.append(("hinge signs", on(1, [1, -1, 1, 1, -1, -1], loss), false))
  }
  return batches.map { (name: $0.0, batch: $0.1, probabilities: $0.2) }
}

/// Outputs of a batch. Random numbers are away from kinks.
private func outputs(of batch: LossBatch, probabilities: Bool, seed: Int) -> [Double] {
  let random = RandomStream(seed: UInt64(seed), purpose: "loss tests")
  let samples = batch.hasClasses ? batch.targets.count : batch.targets.count / batch.outputs
  return (0..<samples * batch.outputs).map {
    probabilities ? 0.02 + 0.96 * random.uniform(at: $0) : 3 * random.normal(at: $0)
  }
}

@Test func lossGradientsAreTheDerivativesOfTheValues() throws {
  for (name, batch, probabilities) in try lossBatches() {
    withEvery("seed", in: 0..<20) { seed in
      let z = outputs(of: batch, probabilities: probabilities, seed: seed)
      let gradient = batch.gradient(z)
      for i in z.indices {
        let h = 1e-6
        var (up, down) = (z, z)
        up[i] += h
        down[i] -= h
        let slope = (batch.value(up) - batch.value(down)) / (up[i] - down[i])
        let bound = 1e-7 * max(1, abs(slope), abs(batch.value(z)))
        #expect(abs(gradient[i] - slope) < bound, "\(name), seed \(seed), entry \(i)")
      }
    }
  }
}

@Test func lossGradientsAreAddedAndScaled() throws {
  for (name, batch, probabilities) in try lossBatches() {
    let z = outputs(of: batch, probabilities: probabilities, seed: 3)
    let plain = batch.gradient(z)
    var scaled = batch
    scaled.scale = 0.125
    for (added, slope) in zip(scaled.gradient(z, from: 7), plain) {
      #expect(abs(added - (7 + 0.125 * slope)) < 1e-13, "\(name)")
    }
    #expect(scaled.value(z) == batch.value(z), "\(name): the value is unscaled")
  }
}

@Test func lossesInFloatAgreeWithDouble() throws {
  for (name, batch, probabilities) in try lossBatches() {
    withEvery("seed", in: 0..<5) { seed in
      // Numbers that both types can represent.
      let z = outputs(of: batch, probabilities: probabilities, seed: seed)
        .map { Double(Float($0)) }
      let single = batch.single(z)
      let value = batch.value(z)
      #expect(abs(single.value - value) <= 1e-5 * max(1, abs(value)), "\(name), seed \(seed)")
      for (a, b) in zip(single.gradient, batch.gradient(z)) {
        #expect(abs(Double(a) - b) <= 1e-5 * max(1, abs(b)), "\(name), seed \(seed)")
      }
    }
  }
}

@Test func lossesPropagateNaN() throws {
  for (name, batch, probabilities) in try lossBatches() {
    var z = outputs(of: batch, probabilities: probabilities, seed: 1)
    // The entry of the second sample's class, which every loss reads.
    z[batch.hasClasses && batch.outputs > 1 ? 3 + Int(batch.targets[1]) : 0] = .nan
    if name == "hinge rows" { z[2] = .nan }
    #expect(batch.value(z).isNaN, "\(name)")
  }
}

@Test func squaredErrorIsThePlainSumOfSquares() throws {
  let batch = LossBatch(
    loss: try Rule.loss("squared_error"), outputs: 2, targets: [1, 2, 3, 4])
  #expect(batch.value([2, 0, 3, 1]) == 1 + 4 + 0 + 9)
  #expect(batch.gradient([2, 0, 3, 1]) == [2, -4, 0, -6])
}

@Test func absoluteErrorHasSlopeZeroAtTheTarget() throws {
  let batch = LossBatch(
    loss: try Rule.loss("absolute_error"), outputs: 3, targets: [1, 2, 3])
  #expect(batch.value([0, 2, 5]) == 3)
  #expect(batch.gradient([0, 2, 5]) == [-1, 0, 1])
}

@Test func huberTurnsFromSquareToLineAtDelta() throws {
  let batch = LossBatch(
    loss: try Rule.loss("huber", ["delta": 2]), outputs: 4, targets: [0, 0, 0, 0])
  #expect(batch.value([1, 0, 0, 0]) == 0.5)
  #expect(batch.value([2, 0, 0, 0]) == 2)
  #expect(batch.value([-5, 0, 0, 0]) == 2 * (5 - 1))
  #expect(batch.gradient([1, 2, -5, 1e300]) == [1, 2, -2, 2])
  #expect(batch.value([1e300, 0, 0, 0]) == 2e300)
}

@Test func classLossesReadAnIndexOrOneOutputPerClass() throws {
  let loss = try Rule.loss("squared_error")
  let single = LossBatch(loss: loss, outputs: 1, hasClasses: true, targets: [0, 1])
  #expect(single.value([0.5, 0.25]) == 0.25 + 0.5625)
  let wide = LossBatch(loss: loss, outputs: 3, hasClasses: true, targets: [2, 0])
  #expect(wide.value([0, 0, 1, 1, 0, 0]) == 0)
  #expect(wide.gradient([1, 0, 1, 1, 0, 0.5]) == [2, 0, 0, 0, 0, 1])
}

@Test func decisionThresholdsFollowTheOutputsMeaning() throws {
  #expect(try Rule.loss("squared_error").decisionThreshold == 0.5)
  #expect(try Rule.loss("binary_cross_entropy").decisionThreshold == 0)
  let probabilities = try Rule.loss("binary_cross_entropy", ["from": "probabilities"])
  #expect(probabilities.decisionThreshold == 0.5)
  #expect(try Rule.loss("cross_entropy").decisionThreshold == 0)
  #expect(try Rule.loss("hinge").decisionThreshold == 0)
}

@Test func hingeMeasuresTheMissingMargin() throws {
  let binary = LossBatch(
    loss: try Rule.loss("hinge"), outputs: 1, hasClasses: true, targets: [1, 0, 1, 1])
  #expect(binary.value([0.25, 0.5, 1, 3]) == 0.75 + 1.5)
  #expect(binary.gradient([0.25, 0.5, 1, 3]) == [-1, 1, 0, 0])

  let multiclass = LossBatch(
    loss: try Rule.loss("hinge", ["margin": 2]), outputs: 3, hasClasses: true,
    targets: [1, 0, 2])
  let z = [1.0, 1.5, 0, 5, 1, 2, 4, 4, 3]
  #expect(multiclass.value(z) == 1.5 + 0 + 3)
  // For equal entries, as in the third sample, the lowest index is used.
  #expect(multiclass.gradient(z) == [1, -1, 0, 0, 0, 0, 1, 0, -1])
}

@Test func lossesRefuseOutputsThatDoNotFit() throws {
  func fact(
    _ name: String, _ output: Shape, _ target: Target, _ entries: Rule.Entries = [:]
  ) -> String {
    errorText { try Rule.loss(name, entries).plan(output: output, target: target) }
  }
  for name in ["squared_error", "absolute_error", "huber", "binary_cross_entropy", "hinge"] {
    #expect(fact(name, [3], .values([2])) == "error: the output [3] does not fit the targets [2]")
    #expect(
      fact(name, [1], .classes(3))
        == "error: the output [1] does not fit targets of 3 classes, which need [3]")
    #expect(
      fact(name, [3], .classes(2))
        == "error: the output [3] does not fit targets of 2 classes, which need [1] or [2]")
    #expect(fact(name, [0], .values([0])) == "error: the output [0] is empty")
    #expect(fact(name, [1], .classes(2)) == "no error")
    #expect(fact(name, [3, 1, 1], .classes(3)) == "no error")
  }
  #expect(
    fact("cross_entropy", [3], .values([1, 3]))
      == "error: the output [3] does not fit the targets [1, 3]")
  #expect(
    fact("cross_entropy", [4], .classes(3))
      == "error: the output [4] does not fit targets of 3 classes, which need [3]")
  #expect(
    fact("cross_entropy", [1], .classes(2))
      == """
      error: the output [1] does not fit targets of 2 classes, which need [2]; \
      for one output use binary_cross_entropy
      """)
  #expect(
    fact("cross_entropy", [1], .values([1]))
      == """
      error: cross_entropy needs an output for each of at least 2 classes, found [1]; \
      for one output use binary_cross_entropy
      """)
  #expect(
    fact("cross_entropy", [3], .classes(3), ["class_weights": [1, 2]])
      == "error: class_weights has 2 weights for 3 classes")
}

@Test func lossOptionsAreChecked() {
  #expect(
    errorText { try Rule.loss("huber", ["delta": 0]) }
      == "error: delta must be a number > 0, found the number 0")
  #expect(
    errorText { try Rule.loss("huber", ["delta": ConfigValue(.double(.nan))]) }
      == "error: delta must be a number > 0, found the number nan")
  #expect(
    errorText { try Rule.loss("cross_entropy", ["from": "logit"]) }
      == """
      error: from must be one of: logits, probabilities, found the text 'logit'; \
      did you mean 'logits'?
      """)
  #expect(
    errorText { try Rule.loss("cross_entropy", ["class_weights": [1, -1]]) }
      == "error: class_weights must be a list of numbers, each ≥ 0, found a list")
  #expect(
    errorText { try Rule.loss("binary_cross_entropy", ["class_weights": [1, 2, 3]]) }
      == "error: class_weights must be two numbers, [w₀, w₁], found 3")
  #expect(
    errorText { try Rule.loss("binary_cross_entropy", ["class_weights": "x"]) }
      == """
      error: class_weights must be numbers ≥ 0, balanced, or a mapping from class names to \
      numbers ≥ 0, found the text 'x'
      """)
  #expect(
    errorText { try Rule.loss("hinge", ["margins": 1]) }
      == "error: unknown key 'margins'; did you mean 'margin'?")
}
