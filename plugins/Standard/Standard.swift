public import NNExp

/// Registers everything that ships.
public func registerStandard(in registry: inout Registry) {
  registerLayers(in: &registry)
  registerRules(in: &registry)
}
