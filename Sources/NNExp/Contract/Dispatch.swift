// Calls of the concrete requirements of `Layer`, `Loss`, `Metric` and `Optimizer` from generic
// passes. The protocols have one method per scalar type, because a generic requirement would
// not be specialized behind `any`. In specialized code the comparisons of types cost nothing.

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
  /// Returns the sum of the losses and adds its derivative to `dz`.
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
