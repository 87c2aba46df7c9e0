import NNExp

/// The ports of one half of the data (inputs or targets) that the file declares.
struct DeclaredHalf: Sendable {
  let half: SourceRows.Half

  /// Nil after an error in the source, whose ports are then unknown.
  private let source: SourceDeclaration?

  init(_ half: SourceRows.Half, of source: SourceDeclaration?) {
    self.half = half
    self.source = source
  }

  /// The names of the ports; nil if they are unknown, or if the half has a single unnamed
  /// port.
  var names: [PortName]? {
    guard let declared = source, declared.mayNamePorts,
      let source = declared.source as? any PortSource
    else { return nil }
    return half == .inputs ? source.inputPorts : source.targetPorts
  }

  /// Whether the source was read without an error.
  var isKnown: Bool { source != nil }

  private var noun: String { half.noun }

  /// The error if the value of `key` cannot be a mapping from these ports; nil if it can.
  func fault(inMapping key: String, of entries: [ConfigValue.Entry]) -> Diagnostic? {
    guard let source, names == nil else { return nil }
    let example = entries.first?.key ?? "NAME"
    return Diagnostic(
      "'\(key)' is a mapping from \(noun) ports, but the data name no \(noun) ports",
      notes: [
        source.source is any PortSource
          ? remedy(for: example)
          : .init("data of '\(source.name)' have one \(noun) port; give one value")
      ])
  }

  /// The remedies for a name of a port if the data name no ports.
  func remedies(forName name: String) -> [Diagnostic.Note] {
    source?.source is any PortSource ? [remedy(for: name)] : []
  }

  private func remedy(for name: String) -> Diagnostic.Note {
    .init(
      "name ports in the source: \(source?.name ?? ""): {\(half.rawValue): {\(excerpt(name)): …}}")
  }

  /// The error if there is no such port; nil if there is one, or if the ports are unknown.
  func fault(inName name: String, at location: SourceLocation?) -> Diagnostic? {
    guard let known = names?.map(\.name), !known.contains(text: name) else { return nil }
    return Diagnostic(
      "there is no \(noun) port '\(excerpt(name))'" + suggestion(for: name, among: known),
      at: location, notes: [.init("\(noun) ports: " + listing(known))])
  }

  /// The errors if separate validation or test data do not have these ports.
  func faults(inPortsOf part: SourceDeclaration, for key: String) -> [Diagnostic] {
    guard isKnown else { return [] }
    let other = DeclaredHalf(half, of: part)
    switch (names, other.names) {
    case (nil, nil): return []
    case (let known?, nil):
      return [
        Diagnostic(
          "the \(key) data name no \(noun) ports, but the training data have "
            + listing(known.map(\.name)), at: part.location)
      ]
    case (nil, let found?):
      return [
        Diagnostic(
          "the \(key) data name \(noun) ports, but the training data do not", at: found[0].location)
      ]
    case (let known?, let found?):
      let unknown = found.compactMap { port -> Diagnostic? in
        guard let fault = fault(inName: port.name, at: port.location) else { return nil }
        return Diagnostic(
          fault.message, at: fault.location,
          notes: [.init("\(noun) ports of the training data: " + listing(known.map(\.name)))])
      }
      let missing = known.filter { port in !found.map(\.name).contains(text: port.name) }
      return unknown
        + missing.map { port in
          Diagnostic(
            "the \(key) data have no \(noun) port '\(port.name)'", at: part.location,
            notes: [.init("the port of the training data", at: port.location)])
        }
    }
  }
}
