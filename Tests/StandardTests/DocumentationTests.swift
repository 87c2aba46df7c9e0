import NNExp
import TestSupport
import Testing

/// Every type has a summary and describes each of its options.
@Test func everyComponentHasDocumentation() throws {
  let registry = standardRegistry
  func check(_ name: String, _ manual: Documentation, _ make: (inout Options) throws -> Any) throws
  {
    #expect(!manual.summary.isEmpty && !manual.summary.hasSuffix("."), "\(name)")
    #expect(manual.example.contains(name), "\(name)")
    var options = Options()
    _ = try make(&options)
    for option in options.descriptions {
      #expect(!option.explanation.isEmpty, "\(name), \(option.key)")
    }
  }
  for type in registry.layers.all {
    try check(type.name, type.documentation) { try type.make(&$0) }
    #expect(!type.documentation.equation.isEmpty, "\(type.name)")
    #expect(!type.documentation.shapes.isEmpty, "\(type.name)")
    #expect(!type.documentation.source.isEmpty, "\(type.name)")
  }
  for name in registry.losses.names {
    let type = registry.losses[name]!
    try check(name, type.documentation) { try type.make(&$0) }
    #expect(!type.documentation.equation.isEmpty && !type.documentation.shapes.isEmpty, "\(name)")
    #expect(!type.documentation.source.isEmpty, "\(name)")
  }
  for name in registry.metrics.names {
    let type = registry.metrics[name]!
    try check(name, type.documentation) { try type.make(&$0) }
    #expect(!type.documentation.equation.isEmpty && !type.documentation.shapes.isEmpty, "\(name)")
  }
  for name in registry.optimizers.names {
    let type = registry.optimizers[name]!
    try check(name, type.documentation) { try type.make(&$0) }
    #expect(!type.documentation.equation.isEmpty && !type.documentation.source.isEmpty, "\(name)")
  }
  for name in registry.schedules.names {
    let type = registry.schedules[name]!
    try check(name, type.documentation) { try type.make(&$0) }
    #expect(!type.documentation.equation.isEmpty && !type.documentation.source.isEmpty, "\(name)")
  }
  for name in registry.initializers.names {
    let type = registry.initializers[name]!
    try check(name, type.documentation) { try type.make(&$0) }
  }
  for name in registry.generators.names {
    let type = registry.generators[name]!
    try check(name, type.documentation) { try type.make(&$0) }
    #expect(!type.documentation.equation.isEmpty && !type.documentation.shapes.isEmpty, "\(name)")
  }
}

@Test func theShippedComponentsAreComplete() {
  let registry = standardRegistry
  #expect(
    registry.losses.names == [
      "absolute_error", "binary_cross_entropy", "binary_focal", "contrastive", "cosine",
      "cross_entropy", "focal", "formula", "gaussian_nll", "hinge", "huber", "kullback_leibler",
      "log_cosh", "poisson", "quantile", "squared_error",
    ])
  #expect(
    registry.optimizers.names == [
      "adadelta", "adagrad", "adam", "adamw", "lbfgs", "lion", "nadam", "radam", "rmsprop", "rprop",
      "sgd",
    ])
  #expect(
    registry.schedules.names == [
      "constant", "cosine", "cosine_restarts", "cyclic", "exponential", "inverse_time",
      "linear_warmup", "multi_step", "one_cycle", "plateau", "polynomial", "step",
    ])
  #expect(
    registry.initializers.names == [
      "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "normal", "ones",
      "orthogonal", "uniform", "values", "zeros",
    ])
  #expect(
    registry.generators.names == [
      "circles", "gaussians", "moons", "parity", "sine", "spirals",
    ])
}
