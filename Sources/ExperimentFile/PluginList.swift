import NNExp
import Plugins

extension Experiment {
  /// Reads `plugins:` and loads what it names, so that the rest of the file can
  /// name the plugins' types.
  ///
  /// Only the file itself, not the command line, says whose code is loaded.
  static func readPlugins(
    from options: inout Options, folder: String, into registry: inout Registry
  ) throws -> [Plugin] {
    let paths = options.strings(
      "plugins", default: [],
      "plugins to load: folders with Swift files, single files, or built .so files")
    var plugins: [Plugin] = []
    for (index, path) in paths.enumerated() {
      if paths[..<index].contains(path) {
        options.reject("plugins", "the plugin '\(path)' is named twice")
        continue
      }
      let isAlone = path.hasPrefix("/") || folder == "."
      do {
        let plugin = try Plugin.load(isAlone || path.isEmpty ? path : folder + "/" + path)
        try registry.add(plugin)
        plugins.append(plugin)
      } catch { options.reject("plugins", error) }
    }
    // What a plugin would have brought is not the next mistake.
    try options.diagnostics.throwIfAny()
    return plugins
  }
}
