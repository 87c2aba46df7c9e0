import Foundation
import TestSupport
import Testing

/// The files of runs.
extension Tool {
  /// The only run under `results/NAME` that has a `run.json`.
  func theRun(of name: String) throws -> String {
    let runs = try FileManager.default.contentsOfDirectory(
      atPath: folder.appendingPathComponent("results/\(name)").path
    ).filter { $0.hasPrefix("run-") && exists("results/\(name)/\($0)/run.json") }
    try #require(runs.count == 1, "runs: \(runs)")
    return "results/\(name)/\(runs[0])"
  }

  /// Every file of a run with its bytes, except files with clock times.
  func facts(of run: String) -> [String: Data] {
    let root = folder.appendingPathComponent(run)
    let names = FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String] ?? []
    var facts: [String: Data] = [:]
    for name in names where name != "run.json" && name != "timing.csv" {
      facts[name] = (try? Data(contentsOf: root.appendingPathComponent(name))) ?? Data()
    }
    // The settings name the folder of the experiment, which each test has its own of.
    if let settings = facts["resolved.yaml"] {
      facts["resolved.yaml"] = Data(
        String(decoding: settings, as: UTF8.self)
          .replacingOccurrences(of: folder.resolvingSymlinksInPath().path, with: "FOLDER").utf8)
    }
    return facts
  }

  /// The cells of a table, row by row, beginning with the header. No cell contains a quoted
  /// comma.
  func rows(of table: String) throws -> [[Substring]] {
    try read(table).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
  }

  /// The rows of a sweep's table, without the last column (the time) and the sweep's folder.
  func sweepTable(_ folder: String) throws -> [[String]] {
    try rows(of: "\(folder)/sweep.csv").map { row in
      row.dropLast().map { $0.replacingOccurrences(of: folder, with: "") }
    }
  }
}

/// The names of the files that differ between two runs.
func differences(_ a: [String: Data], _ b: [String: Data]) -> [String] {
  Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
}
