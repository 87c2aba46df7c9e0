public import Datasets
public import NNExp

extension Dataset where S == Double {
  /// The same samples in float64.
  public init<T: Scalar>(converting samples: Dataset<T>) {
    self.init(
      inputs: samples.inputs.map { Double($0) }, indices: samples.indices,
      targets: samples.targets.map { Double($0) }, count: samples.count)
  }
}
