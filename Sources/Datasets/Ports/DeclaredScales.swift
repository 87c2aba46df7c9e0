import NNExp

/// The scaling of the ports: a method for all inputs, one for all targets, and one for each
/// port that has its own.
struct DeclaredScales: Sendable {
  private var methods: [(name: String, method: ScaleMethod, location: SourceLocation?)] = []
  private var location: SourceLocation?

  init(from options: inout Options, inputs: DeclaredHalf, targets: DeclaredHalf) {
    location = options.contains("scale") ? options.location(of: "scale") : nil
    guard
      var config = options.value(
        "scale", "a method or a mapping from inputs, targets or ports to methods",
        "the scaling of the columns, fitted to the training data",
        of: .either([ScaleMethod.domain, .mapping(ScaleMethod.domain)]))
    else { return }
    // {divide: 255} is a method, not a mapping from ports.
    if ScaleMethod(config) != nil || config.isText {
      config = ConfigValue(.map([.init(key: "inputs", value: config)]), at: config.location)
    }
    let names = ((inputs.names ?? []) + (targets.names ?? [])).map(\.name)
    let methods = options.component("scale", from: config) { inner in
      var methods: [(String, ScaleMethod, SourceLocation?)] = []
      let halves = ["inputs", "targets"]
      for half in halves {
        let method = ScaleMethod.read(half, from: &inner, "the scaling of all \(half)")
        if method == nil, !inner.contains(half) { inner.resolve(half, ScaleMethod.none.config) }
        methods.append((half, method ?? .none, config.location))
      }
      for key in inner.keys where !halves.contains(text: key) {
        if names.contains(text: key) || !inputs.isKnown {
          let method = ScaleMethod.read(key, from: &inner, default: nil, "")
          methods.append((key, method ?? .none, inner.location(of: key)))
        } else if let fault = DeclaredScales.fault(inName: key, names, inputs) {
          _ = inner.value(key, "")
          inner.reject(key, fault.located(at: inner.keyLocation(of: key)))
        }
      }
      return methods
    }
    options.document(
      "scale",
      keys: [
        .init(
          key: "PORT", range: ScaleMethod.range,
          fallback: "as for inputs or targets", explanation: "the scaling of one port")
      ])
    self.methods = methods ?? []
  }

  /// The error if no port has the name. Nil if the data name no ports and the name is a
  /// misspelled `inputs` or `targets`, which is reported as an unknown key.
  private static func fault(
    inName name: String, _ names: [String], _ inputs: DeclaredHalf
  ) -> Diagnostic? {
    let halves = ["inputs", "targets"]
    guard names.isEmpty else {
      return Diagnostic(
        "there is no port '\(excerpt(name))'" + suggestion(for: name, among: halves + names),
        notes: [.init("keys of 'scale': inputs, targets and the ports " + listing(names))])
    }
    guard nearest(to: name, among: halves) == nil else { return nil }
    return Diagnostic(
      "there is no port '\(excerpt(name))': the data name no ports",
      notes: [.init("keys of 'scale': inputs, targets")] + inputs.remedies(forName: name))
  }

  /// The method for a port, and its location in the file.
  subscript(port: String?, half: SourceRows.Half) -> (
    method: ScaleMethod, location: SourceLocation?
  ) {
    for name in [port, half.rawValue] {
      if let name, let found = methods.first(where: { $0.name.hasSameBytes(as: name) }) {
        return (found.method, found.location)
      }
    }
    return (.none, location)
  }

  /// The location of the method of this port; nil if only its half has one.
  func location(ofPort port: String) -> SourceLocation? {
    methods.first { $0.name.hasSameBytes(as: port) }?.location
  }
}

extension ConfigValue {
  fileprivate var isText: Bool { if case .string = content { true } else { false } }
}
