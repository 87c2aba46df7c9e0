import Foundation
import NNExp
import Testing

private func crossEntropy(_ entries: Rule.Entries = [:], classes: [Double]) throws -> LossBatch {
  LossBatch(
    loss: try Rule.loss("cross_entropy", entries), outputs: 3, hasClasses: true,
    targets: classes)
}

private func binary(_ entries: Rule.Entries = [:], targets: [Double]) throws -> LossBatch {
  LossBatch(loss: try Rule.loss("binary_cross_entropy", entries), outputs: 1, targets: targets)
}

/// ln Σ e^z − z_c and softmax, computed directly.
private func naive(_ z: [Double], _ c: Int) -> (value: Double, gradient: [Double]) {
  let sum = z.map { exp($0) }.reduce(0, +)
  return (
    log(sum) - z[c], z.indices.map { exp(z[$0]) / sum - ($0 == c ? 1 : 0) }
  )
}

@Test func crossEntropyIsTheNegativeLogLikelihood() throws {
  let random = RandomStream(seed: 5, purpose: "cross entropy")
  for trial in 0..<50 {
    let z = (0..<3).map { 4 * random.normal(at: 3 * trial + $0) }
    let c = trial % 3
    let expected = naive(z, c)
    let batch = try crossEntropy(classes: [Double(c)])
    #expect(abs(batch.value(z) - expected.value) < 1e-13, "trial \(trial)")
    for (a, b) in zip(batch.gradient(z), expected.gradient) {
      #expect(abs(a - b) < 1e-14, "trial \(trial)")
    }
    // From probabilities, the loss is the same.
    let sum = z.map { exp($0) }.reduce(0, +)
    let p = z.map { exp($0) / sum }
    let known = try crossEntropy(["from": "probabilities"], classes: [Double(c)])
    #expect(abs(known.value(p) - expected.value) < 1e-13, "trial \(trial)")
  }
}

@Test func oneHotRowsMeanTheSameAsClasses() throws {
  let z = [1, -2, 0.5, 3, 3, -1]
  for entries in [["class_weights": [2, 0.5, 3]], [:]] as [Rule.Entries] {
    let classes = try crossEntropy(entries, classes: [1, 2])
    let rows = LossBatch(
      loss: try Rule.loss("cross_entropy", entries), outputs: 3, targets: [0, 1, 0, 0, 0, 1])
    #expect(classes.value(z) == rows.value(z))
    #expect(classes.gradient(z) == rows.gradient(z))
  }
}

@Test func classWeightsMultiplyEachSamplesLoss() throws {
  let z = [1, -2, 0.5, 3, 3, -1]
  let plain = [
    try crossEntropy(classes: [1]).value(Array(z[0..<3])),
    try crossEntropy(classes: [2]).value(Array(z[3..<6])),
  ]
  let weighted = try crossEntropy(["class_weights": [7, 2, 0.5]], classes: [1, 2])
  #expect(abs(weighted.value(z) - (2 * plain[0] + 0.5 * plain[1])) < 1e-14)

  let yes = try binary(targets: [1]).value([0.3])
  let no = try binary(targets: [0]).value([-0.8])
  let both = try binary(["class_weights": [4, 0.25]], targets: [1, 0])
  #expect(abs(both.value([0.3, -0.8]) - (0.25 * yes + 4 * no)) < 1e-15)
}

/// Values of mpmath with 50 digits.
@Test func crossEntropyKeepsItsDigitsIfOneClassIsCertain() throws {
  let sure = try crossEntropy(classes: [0])
  // ln(1 + 2e⁻⁴⁰) and −2e⁻⁴⁰/(1 + 2e⁻⁴⁰)
  let tiny = 8.4967085105831778e-18
  #expect(abs(sure.value([40, 0, 0]) / tiny - 1) < 1e-15)
  #expect(abs(sure.gradient([40, 0, 0])[0] / -tiny - 1) < 1e-15)
  // ln(1 + e⁻⁴⁰), σ(−40)
  let single = try binary(targets: [1])
  #expect(abs(single.value([40]) / 4.2483542552915889e-18 - 1) < 1e-15)
  #expect(abs(single.gradient([40])[0] / -4.2483542552915889e-18 - 1) < 1e-15)
}

@Test func hugeLogitsStayFinite() throws {
  let batch = try crossEntropy(classes: [1, 0])
  let z = [1e300, -1e300, 0, 1e308, -1e308, -1e308]
  #expect(batch.value(z) == 2e300)
  #expect(batch.gradient(z) == [1, -1, 0, 0, 0, 0])
  let single = batch.single([3e30, -3e30, 0, 1e38, -1e38, -1e38])
  #expect(single.value == Double(Float(6e30)))
  #expect(single.gradient == [1, -1, 0, 0, 0, 0])

  let yes = try binary(targets: [1, 0, 1, 0])
  #expect(yes.value([1e300, 1e300, -1e308, -1e308]) == 1e300 + 1e308)
  #expect(yes.gradient([1e300, 1e300, -1e308, -1e308]) == [0, 1, -1, 0])
  #expect(yes.single([1e38, 1e38, -1e38, -1e38]).gradient == [0, 1, -1, 0])
}

@Test func probabilitiesOfZeroAndOneAreBounded() throws {
  let batch = try binary(["from": "probabilities"], targets: [1, 0, 1, 0])
  #expect(batch.value([0, 1, 1, 0]) == 200)
  // The slope is 0 where the bound applies, and the true slope elsewhere.
  #expect(batch.gradient([0, 1, 1, 0]) == [0, 0, -1, 1])
  #expect(batch.single([0, 1, 1, 0]).gradient == [0, 0, -1, 1])
  #expect(batch.single([1e-42, 0.5, 0.5, 0.5]).gradient.allSatisfy { $0.isFinite })
  #expect(batch.gradient([1e-30, 0.5, 0.5, 0.5])[0] == -1 / 1e-30)
  #expect(batch.value([-0.5, 0.5, 0.5, 0.5]).isNaN)

  let rows = try crossEntropy(["from": "probabilities"], classes: [0])
  #expect(rows.value([0, 1, 0]) == 100)
  #expect(rows.gradient([0, 1, 0]) == [0, 0, 0])
  #expect(rows.value([1, 0, 0]) == 0)
  #expect(rows.gradient([1, 0, 0]) == [-1, 0, 0])
}

@Test func tiedLogitsShareTheProbability() throws {
  let batch = try crossEntropy(classes: [2])
  #expect(abs(batch.value([5, 5, 5]) - log(3)) < 1e-15)
  let gradient = batch.gradient([5, 5, 5])
  #expect(abs(gradient[0] - 1.0 / 3) < 1e-15)
  #expect(abs(gradient[1] - 1.0 / 3) < 1e-15)
  #expect(abs(gradient[2] + 2.0 / 3) < 1e-15)
}
