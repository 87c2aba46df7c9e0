import NNExp

/// A setting of the data section: one value for all ports of a half, or a mapping from ports
/// to values.
struct PortSetting<Value: Sendable>: Sendable {
  /// The value for all ports of the half.
  private var common: (value: Value, location: SourceLocation?)?
  private var named: [(name: String, value: Value, location: SourceLocation?)] = []

  init() {}

  /// Reads the setting; errors are recorded.
  ///
  /// - Parameter read: reads the value of one port under the key or the port's name; nil if
  ///   it is absent.
  init(
    _ key: String, of half: DeclaredHalf, from options: inout Options,
    read: (String, inout Options) -> Value?
  ) {
    guard let entries = options.mapping(of: key) else {
      let location = options.contains(key) ? options.location(of: key) : nil
      common = read(key, &options).map { ($0, location) }
      options.documentMapping(key)
      return
    }
    let config = options.value(key, "a mapping") ?? ConfigValue(.null)
    if let fault = half.fault(inMapping: key, of: entries) {
      options.reject(key, fault)
      return
    }
    let values = options.component(key, from: config) { inner in
      entries.compactMap { entry -> (String, Value, SourceLocation?)? in
        if let fault = half.fault(inName: entry.key, at: entry.keyLocation) {
          inner.reject(entry.key, fault)
        }
        return read(entry.key, &inner).map { (entry.key, $0, entry.value.location) }
      }
    }
    named = values ?? []
  }

  /// The value for a port; nil if the file does not set one.
  subscript(port: String?) -> Value? {
    named.first { $0.name.hasSameBytes(as: port ?? "") }?.value ?? common?.value
  }

  /// The location of the value for a port.
  func location(for port: String?) -> SourceLocation? {
    named.first { $0.name.hasSameBytes(as: port ?? "") }?.location ?? common?.location
  }

  /// Whether the value is for this port only, not for all ports of its half.
  func isGiven(for port: String?) -> Bool {
    named.contains { $0.name.hasSameBytes(as: port ?? "") }
  }
}
