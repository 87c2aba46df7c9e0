import Datasets
import NNExp
import Standard

/// The components of the module Standard.
package let standardRegistry: Registry = {
  var registry = Registry()
  registerStandard(in: &registry)
  return registry
}()

/// Every shipped component.
package let registry: Registry = {
  var registry = standardRegistry
  registerDatasets(in: &registry)
  return registry
}()
