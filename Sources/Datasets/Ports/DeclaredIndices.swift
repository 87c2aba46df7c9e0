import NNExp

/// The input ports that carry indices, with the number of indices of each.
struct DeclaredIndices: Sendable {
  enum Count: Sendable {
    /// The number of indices that the training data have.
    case auto
    case fixed(Int)
  }

  private var counts: [(name: String, count: Count)] = []

  init(from options: inout Options, inputs: DeclaredHalf) {
    let range = "a mapping from input ports to the number of their indices or to 'auto'"
    guard
      let config = options.value(
        "indices", range, "ports of whole numbers 0..<NUMBER, or of texts",
        of: .mapping(.either([.words(["auto"]), .integers(1...Int(Int32.max))])))
    else { return }
    guard case .map(let entries) = config.content else {
      options.reject("indices", "indices must be \(range), found \(config.kind)")
      return
    }
    if let fault = inputs.fault(inMapping: "indices", of: entries) {
      options.reject("indices", fault)
      return
    }
    let counts = options.component("indices", from: config) { inner in
      for entry in entries {
        if let fault = inputs.fault(inName: entry.key, at: entry.keyLocation) {
          inner.reject(entry.key, fault)
        }
      }
      return entries.map { ($0.key, DeclaredIndices.count($0.key, from: &inner)) }
    }
    self.counts = counts ?? []
  }

  private static func count(_ key: String, from options: inout Options) -> Count {
    let config = options.value(key, "") ?? ConfigValue(.null)
    if case .string("auto") = config.content {
      options.resolve(key, config)
      return .auto
    }
    if let count = config.integer, 1...Int(Int32.max) ~= count {
      options.resolve(key, ConfigValue(.int(count)))
      return .fixed(count)
    }
    options.reject(
      key,
      "\(key) must be the number of indices (1 to \(Int32.max)) or 'auto', found \(config.kind)")
    return .auto
  }

  /// The number of indices of a port; nil for a port of values.
  subscript(port: String?) -> Count? {
    counts.first { $0.name.hasSameBytes(as: port ?? "") }?.count
  }

  var names: [String] { counts.map(\.name) }
}
