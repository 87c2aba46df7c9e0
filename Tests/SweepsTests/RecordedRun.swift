import NNExp
import Results
import TestSupport

let trainAccuracy = MetricColumn(.train, quantity: "accuracy", largerIsBetter: true)

extension Scratch {
  /// Creates the folder of a run with these values.
  @discardableResult
  func makeRun(
    _ name: String, resolved: String, status: Summary.Status = .completed, epochs: Int = 10,
    final: [(MetricColumn, Double?)], best: [(MetricColumn, Double)] = [], seconds: Double = 0.5
  ) throws -> String {
    let run = try RunDirectory.create(name: "run", output: path + "/" + name)
    try run.write(resolved, to: "resolved.yaml")
    try RunRecord(
      command: ["nnexp"], experiment: "/xor.yaml", nnexpVersion: "1", blas: "none", threads: 1,
      seed: 0, seconds: seconds
    ).write(in: run)
    try Summary(
      status: status, exitStatus: 0, epochs: epochs, steps: epochs,
      final: final.map { Summary.Final($0.0, $0.1) },
      best: best.map { Summary.Best($0.0, $0.1, epoch: 7) }, trainableParameters: 9
    ).write(in: run)
    return run.path
  }
}
