import Files
import NNExp
import Plugins
import Results
import YAMLTree

/// Whether the plugins that a file names are loaded.
public enum PluginPolicy: Sendable {
  case load
  /// Each plugin is an error, with this reason and remedy.
  case refuse(_ reason: String, remedy: String)
}

extension Experiment {
  /// Reads `plugins:` and loads the plugins, so that the rest of the file can use their types.
  /// Throws at the first errors, because later errors could be caused by missing types.
  ///
  /// Only the file itself can name plugins, not the command line.
  static func readPlugins(
    from options: inout Options, folder: String, _ policy: PluginPolicy,
    into registry: inout Registry
  ) throws -> [Plugin] {
    let range = "a list of paths, each of a folder with Swift files, a Swift file or a built .so"
    let explanation = "files with types that the experiment uses"
    guard
      var node = options.value(
        "plugins", range, explanation,
        of: .either([.text, .keys, .list(.either([.text, .keys]), 0...64)]))
    else { return [] }
    if let base = options.surroundings?.base { node = base.value(node, keys: ["path"]) }
    var items = [node]
    if case .list(let list) = node.content { items = list }
    let most = 64
    guard items.count <= most else {
      throw Diagnostic(
        "plugins has \(items.count) entries; at most \(most) are loaded", at: node.location)
    }
    FileSystem.holdCurrentFolder()

    var plugins: [Plugin] = []
    for item in items {
      guard item.location?.source.name != overrideSource,
        node.location?.source.name != overrideSource
      else {
        options.reject(
          "plugins",
          Diagnostic(
            "plugins are loaded only from paths that the file itself names", at: item.location))
        break
      }
      var reader = options.reader(at: item.location)
      let plugin = reader.component("plugin", from: mapping(item)) {
        (entry: inout Options) -> Plugin? in
        let path = entry.string("path", "the plugin, relative to the experiment file's folder")
        let limit = entry.int(
          "time_limit", default: Plugin.standardTimeLimit, in: 1...86_400,
          "seconds after which a call that does not return ends the run")
        guard entry.diagnostics.isEmpty else { return nil }
        let found = path.isEmpty ? path : Path.join(folder, path)
        if plugins.contains(where: { $0.path.hasSameBytes(as: found) }) {
          throw Diagnostic("the plugin '\(path)' is named twice")
        }
        if case .refuse(let reason, let remedy) = policy {
          throw Diagnostic(
            "the plugin '\(found)' is not loaded: \(reason)", notes: [.init(remedy)])
        }
        let plugin = try Plugin.load(found)
        try registry.add(plugin, timeLimit: limit)
        return plugin
      }
      options.adopt(reader, under: "plugins")
      if let plugin, let plugin { plugins.append(plugin) }
    }
    try options.diagnostics.throwIfAny()
    options.resolve("plugins", node)
    return plugins
  }

  /// A plain path is short for `{path: …}`.
  private static func mapping(_ item: ConfigValue) -> ConfigValue {
    switch item.content {
    case .map: item
    default:
      ConfigValue(
        .map([.init(key: "path", keyLocation: item.location, value: item)]), at: item.location)
    }
  }
}
