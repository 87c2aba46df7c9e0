public import NNExp

extension Registry {
  /// Adds the plugin's components, each behind a guard. Throws if a name is already used.
  ///
  /// A call of a component that takes longer than `timeLimit` seconds ends the process.
  public mutating func add(
    _ plugin: Plugin, timeLimit: Int = Plugin.standardTimeLimit
  ) throws {
    let origin = PluginOrigin(path: plugin.path, timeLimit: timeLimit)
    var errors = Diagnostics()
    func add<Value>(
      _ kind: WritableKeyPath<Registry, ComponentRegistry<Value>>,
      guarded: @escaping @Sendable (Value, CallSite) throws -> Value
    ) {
      let name = self[keyPath: kind].kind
      for type in plugin.types[keyPath: kind].all {
        guard self[keyPath: kind][type.name] == nil else {
          errors.add(
            Diagnostic(
              "the plugin '\(plugin.path)' has the \(name) type '\(type.name)', and there is "
                + "one already",
              notes: [.init("give it another typeName")]))
          continue
        }
        self[keyPath: kind].add(
          type.making { options in
            let site = CallSite(name, type.name, of: origin, options)
            let value = try site.run("reading its options") { try type.make(&options) }
            do {
              return try guarded(value, site)
            } catch let fact as Diagnostic {
              throw Diagnostic("the \(name) '\(type.name)': \(fact.message)")
            }
          })
      }
    }
    add(\.layers, guarded: GuardedLayer.init)
    add(\.losses, guarded: GuardedLoss.init)
    add(\.metrics, guarded: GuardedMetric.init)
    add(\.optimizers, guarded: GuardedOptimizer.init)
    add(\.schedules, guarded: GuardedSchedule.init)
    add(\.initializers, guarded: GuardedInitializer.init)
    add(\.generators, guarded: GuardedGenerator.init)
    add(\.sources, guarded: GuardedSource.init)
    add(\.columnTypes, guarded: GuardedColumnType.init)
    try errors.throwIfAny()
  }
}
