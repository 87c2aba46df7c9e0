public import NNExp

extension Registry {
  /// Takes over the plugin's types; throws where a name is taken already.
  public mutating func add(_ plugin: Plugin) throws {
    var mistakes = Diagnostics()
    func merge<T>(_ mine: inout Catalogue<T>, _ theirs: Catalogue<T>) {
      for name in theirs.names {
        if mine[name] != nil {
          mistakes.add(
            Diagnostic(
              "the plugin '\(plugin.path)' brings a \(mine.kind) type '\(name)', and there is one "
                + "already",
              notes: [.init("give it another typeName")]))
        } else {
          mine[name] = theirs[name]
        }
      }
    }
    merge(&layers, plugin.types.layers)
    merge(&losses, plugin.types.losses)
    merge(&metrics, plugin.types.metrics)
    merge(&optimizers, plugin.types.optimizers)
    merge(&schedules, plugin.types.schedules)
    merge(&initializers, plugin.types.initializers)
    merge(&generators, plugin.types.generators)
    try mistakes.throwIfAny()
  }
}
