import NNExp

/// A loss with a name of its own whose equation is fixed: a ``FormulaLoss`` that the file need
/// not write.
protocol NamedFormulaLoss: Loss, Component {
  var loss: FormulaLoss { get }
}

extension NamedFormulaLoss {
  func plan(output: Shape, target: Target) throws { try loss.plan(output: output, target: target) }

  func evaluate<S: KernelScalar>(_ pass: LossPass<S>) -> Double { loss.evaluate(pass) }
}
