import Datasets
import Engine
import ExperimentFile
import Files
import NNExp
import Plugins
import Reference
import Running
import Sweeps
import YAMLTree

/// An open experiment file: its text, and what the last check found.
final class OpenFile {
  let uri: String
  /// The path that messages name and that the file's paths are relative to.
  let path: String
  /// The number of the text, which the client counts.
  var version: Int
  var text: TextDocument {
    didSet {
      (isChecked, isPublished, cachedTree) = (false, false, nil)
      if crash?.isSlow == false { crash = nil }
    }
  }

  /// The end of the process that loaded the plugins of the present text.
  var crash: Crash?

  struct Crash {
    let reason: String
    /// Whether it took seconds. The plugins are then loaded again only after the file is saved,
    /// so that typing is not delayed.
    let isSlow: Bool
  }

  /// Whether the client has the diagnostics of the present text.
  var isPublished = false

  /// Whether the results below are those of the present text.
  private(set) var isChecked = false
  private(set) var diagnostics: [Diagnostic] = []
  /// The graph of the last text whose model could be planned.
  private(set) var graph: Graph? {
    didSet {
      let names = (graph?.nodes ?? []).map(\.name)
      nodeIndices = Dictionary(zip(names, names.indices)) { first, _ in first }
    }
  }
  /// The index of each node of the graph.
  private(set) var nodeIndices: [String: Int] = [:]
  /// The columns of metrics.csv of the last text without an error.
  private(set) var columns: [String] = []

  private var cachedTree: LooseValue?
  private var data: (key: String, value: RunDatasets<Float>)?

  /// The largest number of parameters of a network whose memory is allocated for a check.
  private static let largestNetwork = 1 << 22

  init(uri: String, path: String, version: Int, text: String) {
    (self.uri, self.path, self.version) = (uri, path, version)
    self.text = TextDocument(text)
  }

  var tree: LooseValue {
    if let cachedTree { return cachedTree }
    let tree = LooseReader.read(text.bytes)
    cachedTree = tree
    return tree
  }

  /// Forgets data that may have changed on disk.
  func forgetData() {
    (data, isChecked, isPublished, crash) = (nil, false, false, nil)
  }

  /// Whether a check can load plugins, which the file or its base names.
  var mayLoadPlugins: Bool {
    let bytes = text.bytes
    return ["plugins", "base"].contains { word in
      // The search of the library takes 2 ms in a file of 200 nodes.
      bytes.indices.contains { index in
        bytes[index] == word.utf8.first && bytes[index...].starts(with: word.utf8)
      }
    }
  }

  /// Checks the text as `nnexp validate` does, except that plugins compute nothing.
  ///
  /// Data are read only if their declaration has changed.
  func check(_ registry: Registry, plugins: PluginPolicy) {
    if isChecked { return }
    isChecked = true
    var found = Diagnostics()
    do {
      let root = try parseYAML(text.bytes, name: path)
      if tree.isSweep {
        try checkSweep()
      } else {
        try check(
          Experiment(
            root, text: text.bytes, path: path, overrides: [], registry: registry,
            plugins: plugins, memo: Memo()), &found)
        if tree["sweep"] != nil { try checkSweep() }
      }
    } catch { found.add(error) }
    diagnostics = found.list
  }

  private func checkSweep() throws {
    _ = try SweepDeclaration(path: path, arguments: []) { [path, bytes = text.bytes] in
      try $0 == path ? bytes : readFile($0)
    }
  }

  private func check(_ experiment: Experiment, _ found: inout Diagnostics) throws {
    let data = try data(of: experiment)
    let graph = try Graph(
      experiment.model, ports: data.inputs,
      at: experiment.data.inputPortNames?.map(\.location) ?? [], heads: experiment.objective.heads,
      registry: experiment.registry)
    self.graph = graph
    guard graph.parameterCount <= OpenFile.largestNetwork else { return }
    let (announcements, columns) = try PreparedExperiment.check(experiment, data: data)
    self.columns = columns.map(\.name)
    for announcement in announcements { found.add(announcement) }
  }

  private func data(of experiment: Experiment) throws -> RunDatasets<Float> {
    // The lines are part of the key, because messages about the data name them.
    let needs = experiment.objective.targetNeeds.sorted { $0.key < $1.key }
    let key =
      "\(experiment.seed) \(experiment.folder) \(experiment.objective.incompleteTargets.sorted()) "
      + "\(needs) \(experiment.resolved["data"].map { positions(in: $0) } ?? "")"
    if let data, data.key == key { return data.value }
    data = nil
    let value = try experiment.data.load(
      as: Float.self, seed: experiment.seed, incomplete: experiment.objective.incompleteTargets,
      needs: experiment.objective.targetNeeds)
    data = (key, value)
    return value
  }

  /// A value as text with the line and column of each part.
  private func positions(in value: ConfigValue) -> String {
    let place = value.location.map { "\($0.line):\($0.column)" } ?? ""
    switch value.content {
    case .list(let items):
      return place + "[" + items.map { positions(in: $0) }.joined(separator: ",") + "]"
    case .map(let entries):
      return place + "{"
        + entries.map { "\($0.key):\(positions(in: $0.value))" }.joined(separator: ",") + "}"
    default: return place + value.flow
    }
  }

  /// The folder of the paths in the file.
  var folder: String {
    let own = Path.folder(of: path)
    return tree["data"]?["folder"]?.text.map { Path.join(own, $0.text) } ?? own
  }

  /// The columns of the table that the data section names; empty if it cannot be read.
  func tableColumns(_ registry: Registry) -> [String] {
    guard let csv = tree["data"]?["csv"] else { return [] }
    var config: [(String, ConfigValue)] = []
    if let path = csv.text { config = [("path", ConfigValue(.string(path.text)))] }
    for entry in csv.entries
    where ["path", "delimiter", "header", "encoding", "skip_rows"].contains(entry.key.text) {
      guard let text = entry.value.text?.text, entry.hasColon else { continue }
      config.append(
        (
          entry.key.text,
          (try? parseYAML(Array(text.utf8), name: "value")) ?? ConfigValue(.string(text))
        ))
    }
    return (try? Datasets.tableColumns(of: .map(config), folder: folder, registry: registry)) ?? []
  }

  /// The paths of the plugins that the file names.
  var pluginPaths: [String] {
    guard let plugins = tree["plugins"] else { return [] }
    let items = plugins.items.isEmpty ? [plugins] : plugins.items
    return items.compactMap { ($0.text ?? $0["path"]?.text)?.text }.filter { !$0.isEmpty }
      .map { Path.join(folder, $0) }
  }
}
