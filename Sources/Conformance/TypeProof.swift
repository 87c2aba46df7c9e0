public import NNExp

/// The result of checking one type on one example.
public struct TypeProof: Sendable {
  /// The kind, such as `layer` or `loss`.
  public let kind: String
  public let typeName: String

  /// The example in messages, such as `maxout {units: 2} on [4]`.
  public let example: String

  /// The table of claims, or the errors that prevented it.
  public let outcome: Result<Conformance, Diagnostics>

  public var holds: Bool { (try? outcome.get().holds) ?? false }
}

/// Checks types on the examples that they declare, and on hostile options and shapes.
public struct TypeProver {
  public private(set) var proofs: [TypeProof] = []

  /// Receives each declaration before it is tried, so that it can be named if the process
  /// crashes.
  private let trying: (String) -> Void

  /// The initializers that the plan of a layer can name for its parameters.
  private let initializers: ComponentRegistry<any Initializer>

  public init(
    initializers: ComponentRegistry<any Initializer>, trying: @escaping (String) -> Void = { _ in }
  ) {
    self.initializers = initializers
    self.trying = trying
  }

  /// Checks every type of a registry.
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
      // A type that needs no shapes is checked with its defaults.
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

  /// Checks one example: the claims of its kind, then the hostile declarations.
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

  /// Tries hostile declarations. The type must refuse each with a message, or work with it as
  /// with any other.
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
    recorder.claim(name, nil, proof: "\(refused) refused, \(served) accepted")
  }

  private mutating func lacksExamples(_ kind: String, _ typeName: String, _ remedy: String?) {
    let error = Diagnostic(
      "the \(kind) '\(typeName)' declares no examples to check",
      notes: [.init("give it a 'static let examples', such as [\(remedy ?? "Example([:])")]")])
    proofs.append(
      TypeProof(
        kind: kind, typeName: typeName, example: typeName, outcome: .failure(Diagnostics([error]))))
  }
}

extension Example {
  /// The example in messages, such as `maxout {units: 2} on [4]`.
  func text(of typeName: String) -> String {
    var text = typeName
    if case .map(let entries) = options.content, !entries.isEmpty { text += " " + options.flow }
    if !inputs.isEmpty { text += " on " + inputs.map { "\($0)" }.joined(separator: ", ") }
    return text
  }
}
