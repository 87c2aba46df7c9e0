/// The components that an experiment file can name, by kind.
///
/// Registration is explicit: each module that has components has one function that
/// registers them. `Sources` names no layer.
public struct Registry: Sendable {
  public var layers = ComponentRegistry<any Layer>(kind: "layer", plural: "layers")
  public var losses = ComponentRegistry<any Loss>(kind: "loss", plural: "losses")
  public var metrics = ComponentRegistry<any Metric>(kind: "metric", plural: "metrics")
  public var optimizers = ComponentRegistry<any Optimizer>(kind: "optimizer", plural: "optimizers")
  public var schedules = ComponentRegistry<any Schedule>(kind: "schedule", plural: "schedules")
  public var initializers = ComponentRegistry<any Initializer>(
    kind: "initializer", plural: "initializers")
  public var generators = ComponentRegistry<any Generator>(kind: "generator", plural: "generators")

  public var sources = ComponentRegistry<any DataSource>(
    kind: "data source", plural: "data sources")
  public var columnTypes = ComponentRegistry<any ColumnType>(
    kind: "column", plural: "column types")

  public init() {}

  /// Adds a component to its kind.
  public mutating func register<T: Component>(_ type: T.Type) {
    self[keyPath: T.kind].add(ComponentType(T.self))
  }

  /// Every kind, in the order in which commands list them.
  public var kinds: [any ComponentKind] {
    [
      layers, losses, metrics, optimizers, schedules, initializers, generators, sources,
      columnTypes,
    ]
  }
}

/// The components of one kind, whatever their values are.
public protocol ComponentKind<Value>: Sendable {
  associatedtype Value: Sendable

  /// The kind's name in messages: `layer`, `loss`, ….
  var kind: String { get }

  /// The plural of `kind`: `layers`, `losses`, ….
  var plural: String { get }

  /// Every component, sorted by name.
  var all: [ComponentType<Value>] { get }
}

extension ComponentKind {
  /// The component that has `foreignName` in another program: `squared_error` for `mse`.
  public func ownName(of foreignName: String) -> String? {
    all.first { $0.foreignNames.contains { isSameWord($0, foreignName) } }?.name
  }
}
