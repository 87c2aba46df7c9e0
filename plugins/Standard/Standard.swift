public import NNExp

/// Registers every shipped component.
public func registerStandard(in registry: inout Registry) {
  registerLayers(in: &registry)
  registerRules(in: &registry)
}
