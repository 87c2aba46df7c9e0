// The engine's way from a generic scalar to the concrete requirements of `Layer`,
// `Loss`, `Metric` and `Optimizer`: those protocols ask for one method per scalar
// type, because a generic requirement would stay unspecialised behind `any`.
// Here each scalar type picks its own.

extension Float {
  @inlinable public static func forward(_ layer: any Layer, _ pass: Forward<Float>) {
    layer.forward(pass)
  }
  @inlinable public static func backward(_ layer: any Layer, _ pass: Backward<Float>) {
    layer.backward(pass)
  }
  @inlinable public static func evaluate(_ loss: any Loss, _ pass: LossPass<Float>) -> Double {
    loss.evaluate(pass)
  }
  @inlinable public static func add(_ metric: any Metric, _ pass: MetricPass<Float>) {
    metric.add(pass)
  }
  @inlinable public static func step(_ optimizer: any Optimizer, _ pass: Update<Float>) {
    optimizer.step(pass)
  }
}

extension Double {
  @inlinable public static func forward(_ layer: any Layer, _ pass: Forward<Double>) {
    layer.forward(pass)
  }
  @inlinable public static func backward(_ layer: any Layer, _ pass: Backward<Double>) {
    layer.backward(pass)
  }
  @inlinable public static func evaluate(_ loss: any Loss, _ pass: LossPass<Double>) -> Double {
    loss.evaluate(pass)
  }
  @inlinable public static func add(_ metric: any Metric, _ pass: MetricPass<Double>) {
    metric.add(pass)
  }
  @inlinable public static func step(_ optimizer: any Optimizer, _ pass: Update<Double>) {
    optimizer.step(pass)
  }
}
