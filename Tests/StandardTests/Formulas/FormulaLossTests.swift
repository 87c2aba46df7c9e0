import NNExp
import TestSupport
import Testing

/// Formulas of the shipped losses against the losses.
@Suite struct FormulaLossTests {
  static let values: [Double] = [0.3, -1.2, 2.5, 0.1, 0.9, -0.4, 1.1, 0.7, -2.2]
  static let z: [Double] = [0.5, 1.5, -0.5, 0.1, -2, 3, 1.1, 0.2, 0.9]

  @Test(arguments: [
    ("squared_error", "(z − t)²"), ("squared_error", "Σⱼ (zⱼ − tⱼ)²"),
    ("absolute_error", "|z − t|"),
    ("huber", "Σⱼ (|zⱼ−tⱼ| ≤ 1)·(zⱼ−tⱼ)²/2 + (|zⱼ−tⱼ| > 1)·(|zⱼ−tⱼ| − 1/2)"),
  ])
  func `a loss on numbers agrees`(name: String, formula: String) throws {
    try compare(
      Rule.loss(name), Rule.loss("formula", ["value": ConfigValue(.string(formula))]),
      outputs: 3, targets: FormulaLossTests.values)
  }

  @Test func `a loss on classes agrees`() throws {
    try compare(
      Rule.loss("cross_entropy"), Rule.loss("formula", ["value": "log(Σⱼ exp(zⱼ)) − Σⱼ tⱼ·zⱼ"]),
      outputs: 3, targets: [2, 0, 1], hasClasses: true)
    try compare(
      Rule.loss("squared_error"), Rule.loss("formula", ["value": "(z − t)²"]),
      outputs: 3, targets: [2, 0, 1], hasClasses: true)
    try compare(
      Rule.loss("binary_cross_entropy"),
      Rule.loss("formula", ["value": "log(1 + exp(z)) − t·z"]),
      outputs: 1, targets: [1, 0, 1, 1, 0, 0, 1, 0, 1], hasClasses: true)
  }

  @Test func `the hinge loss agrees, at its kink too`() throws {
    try compare(
      Rule.loss("hinge"), Rule.loss("formula", ["value": "max(1 − (2t − 1)·z, 0)"]),
      outputs: 1, targets: [1, 0, 1, 1, 0, 0, 1, 0, 1], hasClasses: true)
  }

  private func compare(
    _ built: any Loss, _ formula: any Loss, outputs: Int, targets: [Double],
    hasClasses: Bool = false
  ) throws {
    let batches = [built, formula].map {
      LossBatch(
        loss: $0, outputs: outputs, hasClasses: hasClasses, targets: targets, scale: 0.25)
    }
    let z = FormulaLossTests.z
    let values = batches.map { $0.value(z) }
    #expect(abs(values[0] - values[1]) <= 8 * values[0].ulp)
    for (a, b) in zip(batches[0].gradient(z, from: 1), batches[1].gradient(z, from: 1)) {
      #expect(abs(a - b) <= 4 * max(1, abs(a)).ulp)
    }
    let single = batches.map { $0.single(z) }
    #expect(abs(single[0].value - single[1].value) < 1e-5)
    for (a, b) in zip(single[0].gradient, single[1].gradient) { #expect(abs(a - b) < 1e-6) }
  }
}
