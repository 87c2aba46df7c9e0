import NNExp

/// The name of a port, and its location in the experiment file.
typealias PortName = (name: String, location: SourceLocation?)

/// A source whose declaration can name ports.
protocol PortSource: DataSource {
  /// The names of the input ports; nil for a single unnamed port.
  var inputPorts: [PortName]? { get }

  /// The names of the target ports; nil for a single unnamed port.
  var targetPorts: [PortName]? { get }
}

/// The value of `inputs` or `targets` of a source: one value, or a mapping from the names of
/// ports to values.
struct DeclaredPorts<Value: Sendable>: Sendable {
  struct Port: Sendable {
    /// The name; nil for the only port of a half without names.
    var name: String?
    var nameLocation: SourceLocation?
    let value: Value
    /// The location of the value.
    let location: SourceLocation?
  }

  /// The ports; there is at least one.
  let ports: [Port]

  var names: [PortName]? {
    ports[0].name == nil ? nil : ports.map { ($0.name ?? "", $0.nameLocation) }
  }

  init(_ ports: [Port]) { self.ports = ports }

  /// Nil if an optional key is absent, or after an error, which is recorded.
  ///
  /// - Parameter read: reads the value of one port under `inputs`, `targets` or the port's
  ///   name.
  init?(
    _ key: String, from options: inout Options, read: (String, inout Options) -> Value?
  ) {
    guard let entries = options.mapping(of: key) else {
      let location = options.location(of: key)
      defer { options.documentMapping(key) }
      guard let value = read(key, &options) else { return nil }
      ports = [Port(value: value, location: location)]
      return
    }
    let config = options.value(key, "a mapping") ?? ConfigValue(.null)
    let ports = options.component(key, from: config) { inner in
      if entries.isEmpty {
        inner.reject("", "'\(key)' names no ports; write {NAME: …}, or one value without a name")
      }
      return entries.compactMap { entry -> Port? in
        if let fault = fault(inPortName: entry.key) {
          inner.reject(
            "",
            Diagnostic(
              "a port cannot be named '\(excerpt(entry.key))': \(fault)", at: entry.keyLocation))
        }
        let value = read(entry.key, &inner)
        return value.map {
          Port(
            name: entry.key, nameLocation: entry.keyLocation ?? entry.value.location, value: $0,
            location: entry.value.location)
        }
      }
    }
    guard let ports else { return nil }
    self.ports = ports
  }
}

/// The reason why a text cannot be the name of a port; nil if it can.
private func fault(inPortName name: String) -> String? {
  ["inputs", "targets"].contains(text: name)
    ? "in 'scale' the name means all \(name)" : Port.fault(inName: name)
}

extension Options {
  /// The entries of the value of `key` if it is a mapping; nil otherwise.
  func mapping(of key: String) -> [ConfigValue.Entry]? {
    if case .map(let entries)? = entry(key)?.content { entries } else { nil }
  }
}
