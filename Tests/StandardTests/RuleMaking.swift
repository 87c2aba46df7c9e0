import NNExp
import Standard

/// Makes losses, optimizers and the rest as a file would: by name, with options.
enum Rule {
  typealias Entries = KeyValuePairs<String, Node>

  static let registry: Registry = {
    var registry = Registry()
    registerRules(in: &registry)
    return registry
  }()

  /// Reads `entries` with `build`; throws every mistake, unread keys included.
  static func make<Made>(
    _ entries: Entries, _ build: (inout Options) throws -> Made
  ) throws -> Made {
    var options = Options(Node.map(entries.map { ($0.key, $0.value) }))
    let made = try build(&options)
    try options.finish()
    return made
  }

  static func loss(_ name: String, _ entries: Entries = [:]) throws -> any Loss {
    try make(entries) { try registry.losses.type(named: name, at: nil).make(&$0) }
  }

  static func metric(_ name: String, _ entries: Entries = [:]) throws -> any Metric {
    try make(entries) { try registry.metrics.type(named: name, at: nil).make(&$0) }
  }

  static func optimizer(_ name: String, _ entries: Entries = [:]) throws -> any Optimizer {
    try make(entries) { try registry.optimizers.type(named: name, at: nil).make(&$0) }
  }

  static func schedule(_ name: String, _ entries: Entries = [:]) throws -> any Schedule {
    try make(entries) { try registry.schedules.type(named: name, at: nil).make(&$0) }
  }

  static func initializer(_ name: String, _ entries: Entries = [:]) throws -> any Initializer {
    try make(entries) { try registry.initializers.type(named: name, at: nil).make(&$0) }
  }

  static func generator(_ name: String, _ entries: Entries = [:]) throws -> any Generator {
    try make(entries) { try registry.generators.type(named: name, at: nil).make(&$0) }
  }

  /// The whole text of what `body` throws.
  static func mistakes(_ body: () throws -> Any) -> String {
    do {
      return "no mistake: \(try body())"
    } catch {
      return "\(error)"
    }
  }
}

/// Numbers that a test owns, and a tensor that views them.
final class RuleNumbers<S: Scalar> {
  let tensor: Tensor<S>

  init(_ values: [S], shape: Shape? = nil) {
    let start = UnsafeMutablePointer<S>.allocate(capacity: max(1, values.count))
    start.initialize(from: values, count: values.count)
    tensor = Tensor(start: start, count: values.count, shape: shape ?? [values.count])
  }

  convenience init(zeros shape: Shape) {
    self.init(Array(repeating: 0, count: shape.count), shape: shape)
  }

  deinit { tensor.start.deallocate() }

  var values: [S] {
    get { tensor.indices.map { tensor[$0] } }
    set { for (i, value) in newValue.enumerated() { tensor[i] = value } }
  }
}
