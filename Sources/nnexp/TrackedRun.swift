import Files
import NNExp
import Platform
import Results
import Tracking
import YAMLTree

/// A recorded run for a tracker: a single run, or a trial of a sweep.
struct TrackedRun {
  let directory: RunDirectory
  let name: String
  /// The index of the sweep among the exported runs; nil for a single run.
  let sweep: Int?
  /// The values of the sweep's parameters in this trial.
  let values: [String]

  private static let metrics = "metrics.csv"
  /// The maximum length of a parameter's value on the server.
  private static let longestValue = 500

  /// The run as `nnexp-mlflow` reads it.
  func json(withArtifacts: Bool) throws -> JSON {
    let record = try RunRecord(of: directory)
    let summary = try Summary.current(of: directory)
    let times = try RunTimes(directory)
    return [
      "id": .string(record.id), "name": .string(name), "parent": JSON(sweep),
      "status": .string(TrackedRun.status(summary, directory)),
      "start": .int(Int(times.start * 1000)),
      "end": .int(Int(times.end * 1000)),
      "parameters": .array(try parameters()),
      "tags": .array([
        TrackedRun.pair("mlflow.source.name", record.experiment),
        TrackedRun.pair("nnexp.folder", Path.real(directory.path) ?? directory.path),
        TrackedRun.pair("nnexp.status", summary.status.rawValue),
        TrackedRun.pair("nnexp.version", record.nnexpVersion),
      ]),
      "metrics": .array(try values(times)),
      "artifacts": .array(withArtifacts ? try artifacts() : []),
    ]
  }

  private static func status(_ summary: Summary, _ directory: RunDirectory) -> String {
    switch summary.status {
    case .running: directory.isInProgress ? "RUNNING" : "KILLED"
    case .completed, .fellShort: "FINISHED"
    case .failed: "FAILED"
    case .interrupted, .stopped: "KILLED"
    }
  }

  static func pair(_ key: String, _ value: String) -> JSON {
    ["key": .string(key), "value": .string(value)]
  }

  /// Every option of the experiment with its value, such as `train.optimizer.learning_rate`. A node
  /// with a name has this name in place of its number.
  private func parameters() throws -> [JSON] {
    var found: [JSON] = []
    func add(_ value: ConfigValue, _ key: String) {
      switch value.content {
      case .map(let entries):
        for entry in entries { add(entry.value, key.isEmpty ? entry.key : "\(key).\(entry.key)") }
      case .list(let items) where items.contains(where: { $0["type"] != nil }):
        for (index, item) in items.enumerated() {
          var name = String(index)
          if case .string(let given)? = item["name"]?.content { name = given }
          add(item, "\(key).\(name)")
        }
      default:
        let text = writeYAML(value).split(separator: "\n").joined(separator: " ")
        if text.isEmpty { return }
        found.append(TrackedRun.pair(key, String(text.prefix(TrackedRun.longestValue))))
      }
    }
    let file = "resolved.yaml"
    add(try parseYAML(directory.read(file), name: directory.folder.path(of: file)), "")
    return found
  }

  /// The cells of metrics.csv, with their epochs as steps.
  private func values(_ times: RunTimes) throws -> [JSON] {
    let bytes = try directory.readIfThere(TrackedRun.metrics) ?? []
    if bytes.isEmpty { return [] }
    let table = try CSVTable(
      bytes, path: directory.folder.path(of: TrackedRun.metrics), isGrowing: true)
    guard let index = table.index(of: MetricColumn.epoch.name) else { return [] }
    return table.rows.flatMap { row -> [JSON] in
      guard let epoch = row[index].flatMap({ Int(exactly: $0) }) else { return [] }
      let time = JSON.int(Int(times[epoch] * 1000))
      return zip(table.columns, row).compactMap { column, value in
        guard let value, column != MetricColumn.epoch.name else { return nil }
        return [
          "key": .string(column), "value": .string("\(value)"), "timestamp": time,
          "step": .int(epoch),
        ]
      }
    }
  }

  /// The run's files, without states for resuming and files that are being written.
  private func artifacts() throws -> [JSON] {
    var paths = try directory.folder.entriesInUTF8().filter { !$0.hasPrefix(".") }
    paths += Checkpoint.Generation.allCases.filter { $0 != .state }
      .map { "\(Checkpoint.folder)/\($0.rawValue).nnx" }
    return paths.sorted().compactMap { path in
      let file = directory.folder.path(of: path)
      var status = stat()
      guard stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return ["file": .string(Path.real(file) ?? file), "path": .string(path)]
    }
  }
}
