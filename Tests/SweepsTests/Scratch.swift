import Foundation
import NNExp
import Results

let trainAccuracy = MetricColumn(.train, quantity: "accuracy", largerIsBetter: true)

/// A folder for runs, removed with them afterwards.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "nnexp-sweeps-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  func read(_ name: String) throws -> String {
    try String(contentsOfFile: path + "/" + name, encoding: .utf8)
  }

  /// The folder of a run that reached these figures.
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
