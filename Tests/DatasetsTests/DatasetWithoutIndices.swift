import Datasets

extension Dataset {
  /// Reads samples of data without index ports.
  func read(
    _ count: Int, inputs: inout MutableSpan<S>, targets: inout MutableSpan<S>,
    sample: (Int) -> Int
  ) throws {
    var indices = MutableSpan<Int32>()
    try read(count, inputs: &inputs, indices: &indices, targets: &targets, sample: sample)
  }
}
