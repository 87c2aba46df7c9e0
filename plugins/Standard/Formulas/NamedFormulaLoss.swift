import NNExp

/// A named loss with a fixed equation: a ``FormulaLoss`` that the file need not write.
protocol NamedFormulaLoss: Loss, Component {
  var loss: FormulaLoss { get }
}

extension NamedFormulaLoss {
  func plan(output: Shape, target: Target) throws { try loss.plan(output: output, target: target) }

  func evaluate<S: KernelScalar>(_ pass: LossPass<S>) -> Double { loss.evaluate(pass) }
}
