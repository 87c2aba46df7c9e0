import ExperimentFile
import Foundation
import NNExp
import TestSupport
import Testing

/// The path of every shipped experiment.
let shippedExperiments: [String] = ["", "/seeds"].flatMap { folder in
  let path = Repository.experiments.path + folder
  let files = try? FileManager.default.contentsOfDirectory(atPath: path)
  return (files ?? []).filter { $0.hasSuffix(".yaml") }.sorted().map { "\(path)/\($0)" }
}

/// The minimal sections of a file, one per line.
private let leastSections = [
  "data: {inline: {inputs: [[0, 1], [1, 0]], targets: [[0], [1]]}}",
  "model: [{type: dense, units: 1}]",
  "loss: squared_error",
  "train: {epochs: 1}",
]

/// The text, followed by a minimal version of each section that it lacks.
func completed(_ text: String) -> String {
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  let missing = leastSections.filter { section in
    let key = section.prefix { $0 != " " }
    return !lines.contains { $0.hasPrefix(key) }
  }
  return ([text] + missing).joined(separator: "\n") + "\n"
}

/// The experiment that a text declares, completed by minimal sections.
func experiment(
  _ text: String, path: String = "a.yaml", overrides: [String] = []
) throws -> Experiment {
  try Experiment(
    Array(completed(text).utf8), path: path, overrides: overrides, registry: registry)
}

/// The value of a key in the resolved file, on one line.
func resolved(_ key: String, of text: String) throws -> String {
  try #require(try experiment(text).resolved[key], "nothing under '\(key)'").flow
}
