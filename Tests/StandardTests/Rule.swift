import NNExp
import TestSupport

/// Creates losses, optimizers and other components by name and options, as a file does.
enum Rule {
  typealias Entries = KeyValuePairs<String, ConfigValue>

  /// Reads `entries` with `build`. Throws every error, including unread keys.
  static func make<Made>(
    _ entries: Entries, _ build: (inout Options) throws -> Made
  ) throws -> Made {
    var options = Options(ConfigValue.map(entries.map { ($0.key, $0.value) }))
    let made = try build(&options)
    try options.finish()
    return made
  }

  static func loss(_ name: String, _ entries: Entries = [:]) throws -> any Loss {
    try make(entries) { try standardRegistry.losses.type(named: name, at: nil).make(&$0) }
  }

  static func metric(_ name: String, _ entries: Entries = [:]) throws -> any Metric {
    try make(entries) { try standardRegistry.metrics.type(named: name, at: nil).make(&$0) }
  }

  static func optimizer(_ name: String, _ entries: Entries = [:]) throws -> any Optimizer {
    try make(entries) { try standardRegistry.optimizers.type(named: name, at: nil).make(&$0) }
  }

  static func schedule(_ name: String, _ entries: Entries = [:]) throws -> any Schedule {
    try make(entries) { try standardRegistry.schedules.type(named: name, at: nil).make(&$0) }
  }

  static func initializer(_ name: String, _ entries: Entries = [:]) throws -> any Initializer {
    try make(entries) { try standardRegistry.initializers.type(named: name, at: nil).make(&$0) }
  }

  static func generator(_ name: String, _ entries: Entries = [:]) throws -> any Generator {
    try make(entries) { try standardRegistry.generators.type(named: name, at: nil).make(&$0) }
  }
}
