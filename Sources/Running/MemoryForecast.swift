import Engine
import NNExp

/// The largest amount of memory that a run will use, computed before it trains.
///
///     program + max(data while they are read, data + model)
///
/// The size of the program is a measured constant (x86-64, Linux, Swift 6.3, release); the
/// other terms are computed. A test checks that the sum is within 10% of the system's
/// measurement of real runs.
struct MemoryForecast {
  /// The program and its libraries, without data and model.
  static let program = 22_400_000
  /// The library that hashes large files, after it is loaded.
  static let hashing = 3_300_000
  /// The stack and the allocations of the thread that reads streamed samples.
  static let reading = 800_000

  let program: Int
  let loading: Int
  let data: Int
  let model: MemoryPlan

  init<S>(_ prepared: PreparedExperiment<S>) {
    let isHashed = prepared.data.files.contains { $0.size >= 1 << 20 }
    let isAhead = prepared.trainer.bytesAhead > 0
    program =
      MemoryForecast.program + (isHashed ? MemoryForecast.hashing : 0)
      + (isAhead ? MemoryForecast.reading : 0)
    // The order of the training samples, which is shuffled in every epoch.
    // The samples that the run keeps are held as numbers, as arrays and as one file.
    data =
      prepared.data.bytes + prepared.data.train.count * MemoryLayout<Int>.stride
      + prepared.trainer.network.entryBytes + prepared.trainer.bytesAhead
      + 3 * prepared.data.keptBytes(prepared.checkedSamples)
    loading = prepared.data.bytesWhileRead
    model = MemoryPlan(
      prepared.graph, heads: prepared.heads,
      vectors: prepared.experiment.training.vectors,
      capacity: prepared.trainer.network.capacity, scalarSize: MemoryLayout<S>.stride)
  }

  var total: Int {
    saturatingSum(program, max(loading, saturatingSum(data, model.total)))
  }

  /// The terms in words: `program 17.4 MB, data 1.2 MB (2.4 MB while they are read), …`.
  var parts: String {
    [
      "program \(describeBytes(program))",
      "data \(describeBytes(data)) (\(describeBytes(loading)) while they are read)",
      "parameters \(describeBytes(model.parameters))",
      "gradients \(describeBytes(model.gradients))",
      "optimizer and copies \(describeBytes(model.optimizer))",
      "activations \(describeBytes(model.activations))",
    ].joined(separator: ", ")
  }
}
