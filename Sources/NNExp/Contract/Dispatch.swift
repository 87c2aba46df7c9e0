// The engine's way from a generic pass to the concrete requirements of `Layer`,
// `Loss`, `Metric` and `Optimizer`: those protocols ask for one method per scalar
// type, because a generic requirement would stay unspecialised behind `any`. The
// comparisons cost nothing in specialised code.

extension ForwardPass {
  @inlinable
  package func run(_ layer: any Layer) {
    if S.self == Float.self {
      layer.forward(unsafeDowncast(self, to: ForwardPass<Float>.self))
    } else {
      layer.forward(unsafeDowncast(self, to: ForwardPass<Double>.self))
    }
  }
}

extension BackwardPass {
  @inlinable
  package func run(_ layer: any Layer) {
    if S.self == Float.self {
      layer.backward(unsafeDowncast(self, to: BackwardPass<Float>.self))
    } else {
      layer.backward(unsafeDowncast(self, to: BackwardPass<Double>.self))
    }
  }
}

extension LossPass {
  /// The sum of the losses; ∂ of it is added to `dz`.
  @inlinable
  package func run(_ loss: any Loss) -> Double {
    if S.self == Float.self {
      loss.evaluate(unsafeDowncast(self, to: LossPass<Float>.self))
    } else {
      loss.evaluate(unsafeDowncast(self, to: LossPass<Double>.self))
    }
  }
}

extension MetricPass {
  @inlinable
  package func run(_ metric: any Metric) {
    if S.self == Float.self {
      metric.add(unsafeBitCast(self, to: MetricPass<Float>.self))
    } else {
      metric.add(unsafeBitCast(self, to: MetricPass<Double>.self))
    }
  }
}

extension OptimizerStep {
  @inlinable
  package func run(_ optimizer: any Optimizer) {
    if S.self == Float.self {
      optimizer.step(unsafeDowncast(self, to: OptimizerStep<Float>.self))
    } else {
      optimizer.step(unsafeDowncast(self, to: OptimizerStep<Double>.self))
    }
  }
}
