import Foundation

/// The runs that `nnexp export --mlflow` sends; the format of the standard input.
struct Upload: Decodable {
  struct Pair: Decodable {
    let key: String
    let value: String
  }

  /// `value` is a text if the number is not finite.
  struct Metric: Decodable {
    let key: String
    let value: String
    let timestamp: Int
    let step: Int
  }

  struct Artifact: Decodable {
    /// The file's path.
    let file: String
    /// Its path among the run's artifacts.
    let path: String
  }

  struct Run: Decodable {
    let id: String
    let name: String
    /// The index of the run that contains this one.
    let parent: Int?
    let status: String
    let start: Int
    let end: Int
    let parameters: [Pair]
    let tags: [Pair]
    let metrics: [Metric]
    let artifacts: [Artifact]
  }

  let experiment: String
  let runs: [Run]

  /// The tag by which a run is found again, so that it is not uploaded twice.
  private static let identifier = "nnexp.run"

  /// Creates the runs that the server does not have. Returns a line about each.
  func send(to server: TrackingServer) async throws -> [String] {
    let experiment = try await identifier(on: server)
    var known: [String] = []
    var lines: [String] = []
    for run in runs {
      if let id = try await existing(run, in: experiment, on: server) {
        known.append(id)
        lines.append("\(run.name): already on the server, run \(id)")
        continue
      }
      let id = try await create(run, in: experiment, parent: run.parent.map { known[$0] }, server)
      known.append(id)
      lines.append(
        "\(run.name): run \(id), \(run.parameters.count) parameters, \(run.metrics.count) values, "
          + "\(run.artifacts.count) files")
    }
    return lines
  }

  /// The server's identifier of the experiment, which is created if there is none.
  private func identifier(on server: TrackingServer) async throws -> String {
    do {
      let found = try await server.get("experiments/get-by-name", "experiment_name", experiment)
      if let id = (found["experiment"] as? [String: Any])?["experiment_id"] as? String { return id }
    } catch let error as ServerError where error.code == "RESOURCE_DOES_NOT_EXIST" {}
    let made = try await server.call("experiments/create", ["name": experiment])
    return try text(made["experiment_id"], "experiment_id")
  }

  /// The identifier of a complete upload of a run.
  private func existing(
    _ run: Run, in experiment: String, on server: TrackingServer
  ) async throws -> String? {
    let found = try await server.call(
      "runs/search",
      [
        "experiment_ids": [experiment], "max_results": 1,
        "filter": "tags.`\(Upload.identifier)` = '\(run.id)'",
      ])
    let first = (found["runs"] as? [[String: Any]])?.first
    return (first?["info"] as? [String: Any])?["run_id"] as? String
  }

  private func create(
    _ run: Run, in experiment: String, parent: String?, _ server: TrackingServer
  ) async throws -> String {
    var tags = run.tags.map { ["key": $0.key, "value": $0.value] }
    if let parent { tags.append(["key": "mlflow.parentRunId", "value": parent]) }
    let made = try await server.call(
      "runs/create",
      [
        "experiment_id": experiment, "run_name": run.name, "start_time": run.start, "tags": tags,
      ])
    let info = (made["run"] as? [String: Any])?["info"] as? [String: Any]
    let id = try text(info?["run_id"], "run_id")
    for part in parts(run.parameters, 100) {
      let values = part.map { ["key": $0.key, "value": $0.value] }
      _ = try await server.call("runs/log-batch", ["run_id": id, "params": values])
    }
    for part in parts(run.metrics, 1000) {
      let values: [[String: Any]] = part.map { metric in
        let number = Double(metric.value)
        return [
          "key": metric.key, "timestamp": metric.timestamp, "step": metric.step,
          "value": number?.isFinite == true ? number! : Upload.word(number ?? .nan),
        ]
      }
      _ = try await server.call("runs/log-batch", ["run_id": id, "metrics": values])
    }
    let root = try text(info?["artifact_uri"], "artifact_uri")
    for artifact in run.artifacts {
      guard let data = FileManager.default.contents(atPath: artifact.file) else {
        throw ServerError(description: "cannot read '\(artifact.file)'")
      }
      try await server.upload(data, to: artifact.path, below: root)
    }
    _ = try await server.call(
      "runs/update", ["run_id": id, "status": run.status, "end_time": run.end])
    // A run without this tag was not uploaded completely, and is uploaded again.
    _ = try await server.call(
      "runs/set-tag", ["run_id": id, "key": Upload.identifier, "value": run.id])
    return id
  }

  /// The words of Protocol Buffers' JSON for numbers that are not finite.
  private static func word(_ value: Double) -> String {
    value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
  }

  private func parts<Element>(_ list: [Element], _ size: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: list.count, by: size).map { list[$0..<min($0 + size, list.count)] }
  }

  private func text(_ value: Any?, _ name: String) throws -> String {
    guard let text = value as? String else {
      throw ServerError(description: "the server's answer has no '\(name)'")
    }
    return text
  }
}
