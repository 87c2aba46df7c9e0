public import NNExp

extension Registry {
  /// Takes over the plugin's types; throws where a name is taken already.
  ///
  /// A call of theirs that takes longer than `timeLimit` seconds ends the process.
  public mutating func add(
    _ plugin: Plugin, timeLimit: Int = Plugin.standardTimeLimit
  ) throws {
    var mistakes = Diagnostics()
    func merge<T>(_ mine: inout Catalogue<T>, _ theirs: Catalogue<T>, guarded: (T) -> T) {
      for name in theirs.names {
        guard let type = theirs[name] else { continue }
        if mine[name] == nil {
          Origins.note(type as! Any.Type, (plugin.path, timeLimit))
          mine[name] = guarded(type)
        } else {
          mistakes.add(
            Diagnostic(
              "the plugin '\(plugin.path)' brings the \(mine.kind) type '\(name)', and there is "
                + "one already",
              notes: [.init("give it another typeName")]))
        }
      }
    }
    func layer<T: Layer>(_: T.Type) -> any Layer.Type { GuardedLayer<T>.self }
    func loss<T: Loss>(_: T.Type) -> any Loss.Type { GuardedLoss<T>.self }
    func metric<T: Metric>(_: T.Type) -> any Metric.Type { GuardedMetric<T>.self }
    func optimizer<T: Optimizer>(_: T.Type) -> any Optimizer.Type { GuardedOptimizer<T>.self }
    func schedule<T: Schedule>(_: T.Type) -> any Schedule.Type { GuardedSchedule<T>.self }
    func initializer<T: Initializer>(_: T.Type) -> any Initializer.Type {
      GuardedInitializer<T>.self
    }
    func generator<T: Generator>(_: T.Type) -> any Generator.Type { GuardedGenerator<T>.self }

    merge(&layers, plugin.types.layers) { layer($0) }
    merge(&losses, plugin.types.losses) { loss($0) }
    merge(&metrics, plugin.types.metrics) { metric($0) }
    merge(&optimizers, plugin.types.optimizers) { optimizer($0) }
    merge(&schedules, plugin.types.schedules) { schedule($0) }
    merge(&initializers, plugin.types.initializers) { initializer($0) }
    merge(&generators, plugin.types.generators) { generator($0) }
    try mistakes.throwIfAny()
  }
}
