import NNExp

/// How the numbers of each port are scaled: a method for all inputs, one for all targets,
/// and one for each port that has its own.
struct DeclaredScales: Sendable {
  private var methods: [(name: String, method: Scaling.Method, place: Place?)] = []
  private var place: Place?

  init(from options: inout Options, inputs: DeclaredHalf, targets: DeclaredHalf) {
    place = options.contains("scale") ? options.place(of: "scale") : nil
    guard
      var node = options.node(
        "scale", "a method or a mapping from inputs, targets or ports to methods",
        "how columns are scaled; fitted on the training data")
    else { return }
    if case .string = node.content {
      node = Node(.map([.init(key: "inputs", value: node)]), at: node.place)
    }
    let names = ((inputs.names ?? []) + (targets.names ?? [])).map(\.name)
    let methods = options.component("scale", from: node) { inner in
      var methods: [(String, Scaling.Method, Place?)] = []
      let halves = ["inputs", "targets"]
      for half in halves {
        let method = inner.choice(
          half, default: Scaling.Method.none, "of the columns of all \(half)")
        methods.append((half, method, node.place))
      }
      for key in inner.keys where !halves.contains(text: key) {
        if names.contains(text: key) || !inputs.isKnown {
          methods.append((key, inner.choice(key, of: Scaling.Method.self), inner.place(of: key)))
        } else if let fault = DeclaredScales.fault(inName: key, names, inputs) {
          _ = inner.node(key, "")
          inner.reject(key, fault.located(at: inner.keyPlace(of: key)))
        }
      }
      return methods
    }
    options.document(
      "scale",
      keys: [
        .init(
          key: "PORT", range: "one of: none, standardize, min_max",
          fallback: "that of inputs or targets", explanation: "of the columns of one port")
      ])
    self.methods = methods ?? []
  }

  /// The reason why no port has the name; nil for a misspelled `inputs` or `targets` of
  /// data without named ports, which is an unknown key like any other.
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

  /// The method for a port, and where the file gives it.
  subscript(port: String?, half: RawData.Half) -> (method: Scaling.Method, place: Place?) {
    for name in [port, half.rawValue] {
      if let name, let found = methods.first(where: { $0.name.hasSameBytes(as: name) }) {
        return (found.method, found.place)
      }
    }
    return (.none, place)
  }

  /// Where the file gives a method for this port, not for all of its half.
  func place(ofPort port: String) -> Place? {
    methods.first { $0.name.hasSameBytes(as: port) }?.place
  }
}
