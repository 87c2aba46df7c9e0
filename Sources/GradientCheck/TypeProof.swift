public import NNExp

/// What became of proving one type on one of its examples.
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

/// Proves types on the examples that they declare, and on hostile options and
/// shapes.
public struct TypeProver {
  public private(set) var proofs: [TypeProof] = []

  /// Hears of each declaration before it is tried: should the process not survive
  /// it, it can be named.
  private let trying: (String) -> Void

  /// What a layer's plan may name for its parameters.
  private let initializers: Catalogue<any Initializer.Type>

  public init(
    initializers: Catalogue<any Initializer.Type>, trying: @escaping (String) -> Void = { _ in }
  ) {
    self.initializers = initializers
    self.trying = trying
  }

  /// Every type of a registry.
  public mutating func prove(_ registry: Registry) {
    for (_, type) in registry.layers.all { prove(type) }
    for (_, type) in registry.losses.all { prove(type) }
    for (_, type) in registry.metrics.all { prove(type) }
    for (_, type) in registry.optimizers.all { prove(type) }
    for (_, type) in registry.schedules.all { prove(type) }
    for (_, type) in registry.initializers.all { prove(type) }
    for (_, type) in registry.generators.all { prove(type) }
  }

  /// One example: the claims of `conformance`, then the hostile declarations.
  private mutating func prove(
    _ kind: String, _ typeName: String, _ example: Example,
    conformance: () throws -> Conformance,
    hostile: (inout Conformance.Recorder, _ trying: (String) -> Void) -> Void
  ) {
    var name = typeName
    if case .map(let entries) = example.options.content, !entries.isEmpty {
      name += " " + example.options.flow
    }
    if !example.inputs.isEmpty {
      name += " on " + example.inputs.map { "\($0)" }.joined(separator: ", ")
    }
    let outcome: Result<Conformance, Diagnostics>
    do {
      trying(name)
      var table = try conformance()
      var recorder = Conformance.Recorder()
      hostile(&recorder, trying)
      table.claims += recorder.claims
      table.subject = name
      outcome = .success(table)
    } catch {
      var mistakes = Diagnostics()
      mistakes.add(error)
      outcome = .failure(mistakes)
    }
    proofs.append(
      TypeProof(kind: kind, typeName: typeName, example: name, outcome: outcome))
  }

  /// A type without examples is tried on these, and is unproven if it takes none.
  private mutating func lacksExamples(_ kind: String, _ typeName: String) {
    let mistake = Diagnostic(
      "the \(kind) '\(typeName)' declares nothing to be proven on",
      notes: [.init("give it a 'static let examples', such as [\(exampleText(of: kind))]")])
    proofs.append(
      TypeProof(
        kind: kind, typeName: typeName, example: typeName,
        outcome: .failure(Diagnostics([mistake]))))
  }

  private func exampleText(of kind: String) -> String {
    switch kind {
    case "layer": "Example(inputs: [4])"
    case "loss", "metric": "Example(output: [3], target: .classes(3))"
    default: "Example([:])"
    }
  }
}

extension TypeProver {
  private mutating func prove(_ type: any Layer.Type) {
    let kind = "layer"
    if type.examples.isEmpty { lacksExamples(kind, type.typeName) }
    for example in type.examples {
      var settings = ConformanceSettings()
      if let numbers = example.numbers {
        settings.inputs = .uniform(numbers.lowerBound, numbers.upperBound)
      }
      prove(kind, type.typeName, example) {
        try Conformance.of(
          type, options: example.options, inputs: example.inputs, settings: settings)
      } hostile: { [initializers] recorder, trying in
        recorder.claim(
          "initial values can be drawn",
          mistake(inInitialValuesOf: type, example, initializers), proof: "")
        func serve(_ options: Node, _ inputs: [Shape]) throws -> String? {
          trying("\(type.typeName) \(options.flow) on \(inputs)")
          let layer = try value(options) { try type.init(from: &$0) }
          guard try layer.plan(for: inputs).numbers <= HostileDeclarations.mostNumbers,
            inputs.allSatisfy({ $0.count > 0 && $0.count <= HostileDeclarations.mostNumbers })
          else { return nil }
          return try BufferCheck.fault(of: layer, inputs: inputs)
        }
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { try serve($0, example.inputs) }
        var shapes = HostileDeclarations.inputs(example.inputs.count)
        HostileDeclarations.claim(
          "withstands hostile shapes", shapes.map { _ in example.options }, &recorder
        ) { options in try serve(options, shapes.removeFirst()) }
      }
    }
  }

  private mutating func prove(_ type: any Loss.Type) {
    let kind = "loss"
    if type.examples.isEmpty { lacksExamples(kind, type.typeName) }
    for example in type.examples {
      guard let target = example.target, let output = example.inputs.first else {
        lacksExamples(kind, type.typeName)
        continue
      }
      var settings = ConformanceSettings()
      if let numbers = example.numbers {
        settings.inputs = .uniform(numbers.lowerBound, numbers.upperBound)
      }
      prove(kind, type.typeName, example) {
        try Conformance.of(
          type, options: example.options, output: output, target: target, settings: settings)
      } hostile: { recorder, trying in
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { options in
          trying("\(type.typeName) \(options.flow) on \(output)")
          let loss = try value(options) { try type.init(from: &$0) }
          try loss.plan(output: output, target: target)
          return BufferCheck.fault(of: loss, output: output, target: target)
        }
        var pairs = HostileDeclarations.inputs(1).flatMap { shapes in
          [Target.values(shapes[0]), .values([2]), .classes(2), .classes(3)].map { (shapes[0], $0) }
        }
        HostileDeclarations.claim(
          "withstands hostile shapes", pairs.map { _ in example.options }, &recorder
        ) { options in
          let (output, target) = pairs.removeFirst()
          trying("\(type.typeName) \(options.flow) on \(output) and \(target)")
          let loss = try value(options) { try type.init(from: &$0) }
          try loss.plan(output: output, target: target)
          guard output.count <= HostileDeclarations.mostNumbers else { return nil }
          return BufferCheck.fault(of: loss, output: output, target: target)
        }
      }
    }
  }

  private mutating func prove(_ type: any Metric.Type) {
    let kind = "metric"
    if type.examples.isEmpty { lacksExamples(kind, type.typeName) }
    for example in type.examples {
      guard let target = example.target, let output = example.inputs.first else {
        lacksExamples(kind, type.typeName)
        continue
      }
      let outputs = example.numbers.map { Sampler.uniform($0.lowerBound, $0.upperBound) }
      prove(kind, type.typeName, example) {
        try Conformance.of(
          type, options: example.options, output: output, target: target,
          outputs: outputs ?? .normal())
      } hostile: { recorder, trying in
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { options in
          trying("\(type.typeName) \(options.flow) on \(output)")
          _ = try value(options) { try type.init(from: &$0) }.plan(output: output, target: target)
          return nil
        }
      }
    }
  }

  private mutating func prove(_ type: any Optimizer.Type) {
    for example in orDefaults(type.examples) {
      prove("optimizer", type.typeName, example) {
        try Conformance.of(type, options: example.options)
      } hostile: { recorder, trying in
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { options in
          trying("\(type.typeName) \(options.flow)")
          return BufferCheck.fault(of: try value(options) { try type.init(from: &$0) })
        }
      }
    }
  }

  private mutating func prove(_ type: any Schedule.Type) {
    for example in orDefaults(type.examples) {
      prove("schedule", type.typeName, example) {
        try Conformance.of(type, options: example.options)
      } hostile: { recorder, trying in
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { options in
          trying("\(type.typeName) \(options.flow)")
          _ = try value(options) { try type.init(from: &$0) }
          return nil
        }
      }
    }
  }

  private mutating func prove(_ type: any Initializer.Type) {
    for example in orDefaults(type.examples) {
      prove("initializer", type.typeName, example) {
        try Conformance.of(type, options: example.options)
      } hostile: { recorder, trying in
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { options in
          trying("\(type.typeName) \(options.flow)")
          let initializer = try value(options) { try type.init(from: &$0) }
          let values = GuardedBuffer<Double>("values", [4, 3], count: 12)
          try initializer.fill(values.tensor, random: RandomStream(key: 1))
          return values.overrun.map { "it wrote \($0)" }
        }
      }
    }
  }

  private mutating func prove(_ type: any Generator.Type) {
    for example in orDefaults(type.examples) {
      prove("generator", type.typeName, example) {
        try Conformance.of(type, options: example.options)
      } hostile: { recorder, trying in
        HostileDeclarations.claim(
          "withstands hostile options",
          hostileOptions(like: example) { _ = try type.init(from: &$0) }, &recorder
        ) { options in
          trying("\(type.typeName) \(options.flow)")
          let generator = try value(options) { try type.init(from: &$0) }
          _ = (generator.samples, generator.inputShape, generator.target)
          return nil
        }
      }
    }
  }

  /// What needs no shapes can be proven with its defaults.
  private func orDefaults(_ examples: [Example]) -> [Example] {
    examples.isEmpty ? [Example([:])] : examples
  }
}

/// A value as a file makes it.
private func value<Value>(_ options: Node, _ make: (inout Options) throws -> Value) throws -> Value
{
  var reader = Options(options)
  let value = try make(&reader)
  try reader.finish()
  return value
}

/// Why a parameter's initial values cannot be drawn as the plan asks; nil if they can.
private func mistake(
  inInitialValuesOf type: any Layer.Type, _ example: Example,
  _ initializers: Catalogue<any Initializer.Type>
) -> String? {
  do {
    let plan = try value(example.options) { try type.init(from: &$0) }.plan(for: example.inputs)
    for parameter in plan.parameters {
      let initial = parameter.initial
      do {
        let found = try initializers.type(named: initial.type, at: nil)
        let initializer = try value(initial.options) { try found.init(from: &$0) }
        let count = parameter.shape.count
        let values = GuardedBuffer<Double>(parameter.name, parameter.shape, count: count)
        try initializer.fill(values.tensor, random: RandomStream(key: 1))
      } catch let mistake as Diagnostic {
        return "\(parameter.name): \(mistake.message)"
      } catch let mistakes as Diagnostics {
        return "\(parameter.name): \(initial.type): \(mistakes.list[0].message)"
      }
    }
    return nil
  } catch { return "\(error)" }
}

private func hostileOptions(
  like example: Example, _ read: (inout Options) throws -> Void
) -> [Node] {
  var reader = Options(example.options, describing: true)
  try? read(&reader)
  return HostileDeclarations.options(like: example.options, described: reader.descriptions)
}
