public import NNExp

/// The result of checking one type against one example.
public struct TypeProof: Sendable {
  /// `layer`, `loss`, ….
  public let kind: String
  public let typeName: String

  /// The example, as a message names it: `maxout {units: 2} on [4]`.
  public let example: String

  /// The table of claims, or why there is none.
  public let outcome: Result<Conformance, Diagnostics>

  public var holds: Bool { (try? outcome.get().holds) ?? false }
}

/// Proves types on the examples that they declare, and on hostile options and shapes.
public struct TypeProver {
  public private(set) var proofs: [TypeProof] = []

  /// Receives each declaration before it is tried: if the process does not survive it,
  /// the declaration can be named.
  private let trying: (String) -> Void

  /// The initializers that a layer's plan may name for its parameters.
  private let initializers: ComponentRegistry<any Initializer>

  public init(
    initializers: ComponentRegistry<any Initializer>, trying: @escaping (String) -> Void = { _ in }
  ) {
    self.initializers = initializers
    self.trying = trying
  }

  /// Proves every type of a registry.
  public mutating func prove(_ registry: Registry) {
    prove(registry.layers, .layers(initializers, trying: trying))
    prove(registry.losses, .losses(trying: trying))
    prove(registry.metrics, .metrics)
    prove(registry.optimizers, .optimizers)
    prove(registry.schedules, .schedules)
    prove(registry.initializers, .initializers)
    prove(registry.generators, .generators)
    prove(registry.sources, .sources)
    prove(registry.columnTypes, .columnTypes)
  }

  private mutating func prove<Value>(
    _ kind: ComponentRegistry<Value>, _ proof: KindProof<Value>
  ) {
    for type in kind.all {
      var examples = type.examples
      // A type that needs no shapes can be proven with its defaults.
      if examples.isEmpty, proof.remedy == nil { examples = [Example([:])] }
      if examples.isEmpty { lacksExamples(kind.kind, type.name, proof.remedy) }
      for example in examples {
        if proof.accepts(example) {
          prove(kind.kind, type, example, proof)
        } else {
          lacksExamples(kind.kind, type.name, proof.remedy)
        }
      }
    }
  }

  /// One example: the claims of the kind, then the hostile declarations.
  private mutating func prove<Value>(
    _ kind: String, _ type: ComponentType<Value>, _ example: Example, _ proof: KindProof<Value>
  ) {
    let name = example.text(of: type.name)
    let outcome: Result<Conformance, Diagnostics>
    do {
      trying(name)
      var table = try proof.conformance(type, example)
      var recorder = Conformance.Recorder()
      proof.claims(type, example, &recorder)
      let options = HostileDeclarations.options(like: example.options, described: type.options)
      try claim("options", options.map { example.with(options: $0) }, type, proof, &recorder)
      try claim("shapes", proof.hostileShapes(example), type, proof, &recorder)
      table.claims += recorder.claims
      table.subject = name
      outcome = .success(table)
    } catch {
      var errors = Diagnostics()
      errors.add(error)
      outcome = .failure(errors)
    }
    proofs.append(TypeProof(kind: kind, typeName: type.name, example: name, outcome: outcome))
  }

  /// Tries hostile declarations: the type must refuse each with a message, or serve it
  /// like any other.
  private func claim<Value>(
    _ what: String, _ declarations: [Example], _ type: ComponentType<Value>,
    _ proof: KindProof<Value>, _ recorder: inout Conformance.Recorder
  ) throws {
    if declarations.isEmpty { return }
    let name = "withstands hostile \(what)"
    var (refused, served) = (0, 0)
    for declaration in declarations {
      var text = declaration.text(of: type.name)
      if let target = declaration.target { text += " and \(target)" }
      trying(text)
      do {
        if let fault = try proof.serve(try type.value(declaration.options), declaration) {
          recorder.claim(name, "with \(declaration.options.flow): \(fault)")
          return
        }
        served += 1
      } catch { refused += 1 }
    }
    recorder.claim(name, nil, proof: "\(refused) refused, \(served) served")
  }

  private mutating func lacksExamples(_ kind: String, _ typeName: String, _ remedy: String?) {
    let error = Diagnostic(
      "the \(kind) '\(typeName)' declares nothing to be proven on",
      notes: [.init("give it a 'static let examples', such as [\(remedy ?? "Example([:])")]")])
    proofs.append(
      TypeProof(
        kind: kind, typeName: typeName, example: typeName, outcome: .failure(Diagnostics([error]))))
  }
}

extension Example {
  /// `maxout {units: 2} on [4]`.
  func text(of typeName: String) -> String {
    var text = typeName
    if case .map(let entries) = options.content, !entries.isEmpty { text += " " + options.flow }
    if !inputs.isEmpty { text += " on " + inputs.map { "\($0)" }.joined(separator: ", ") }
    return text
  }
}
