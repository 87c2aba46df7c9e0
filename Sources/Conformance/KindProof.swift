import Datasets
import NNExp

/// The checks for the types of one kind.
struct KindProof<Value: Sendable> {
  /// The example to suggest for a type that declares none; nil if its defaults suffice.
  var remedy: String?

  /// Whether an example contains everything that the checks of this kind need.
  var accepts: (Example) -> Bool = { _ in true }

  /// The claims that every type of the kind must meet.
  var conformance: (ComponentType<Value>, Example) throws -> Conformance

  /// Further claims.
  var claims: (ComponentType<Value>, Example, inout Conformance.Recorder) -> Void = { _, _, _ in }

  /// Uses a value that was made from a hostile declaration. It throws if the value refuses
  /// its use, and returns a fault if the value works incorrectly.
  var serve: (Value, Example) throws -> String? = { _, _ in nil }

  /// The example with shapes that no file should have.
  var hostileShapes: (Example) -> [Example] = { _ in [] }
}

extension KindProof<any Layer> {
  /// - Parameter trying: receives each declaration before it is tried.
  static func layers(
    _ initializers: ComponentRegistry<any Initializer>, trying: @escaping (String) -> Void
  ) -> KindProof {
    KindProof(
      remedy: "Example(inputs: [4])",
      conformance: {
        try Conformance.of($0, options: $1.options, inputs: $1.inputs, settings: $1.settings)
      },
      claims: { type, example, recorder in
        recorder.claim(
          "initial values can be drawn",
          error(inInitialValuesOf: type, example, initializers), proof: "")
        Variants(type: type, example: example, settings: example.settings) {
          layer, example, settings in
          guard let plan = try? layer.plan(for: example.inputs),
            plan.outputs.allSatisfy({ $0.count > 0 }), plan.numbers <= 1 << 13
          else { return nil }
          return try? Conformance.of(
            layer, named: type.name, inputs: example.inputs, settings: settings)
        }.check(&recorder, trying: trying)
      },
      serve: { layer, example in
        let most = HostileDeclarations.mostNumbers
        guard try layer.plan(for: example.inputs).numbers <= most,
          example.inputs.allSatisfy({ $0.count > 0 && $0.count <= most })
        else { return nil }
        return try BufferCheck.fault(of: layer, inputs: example.inputs)
      },
      hostileShapes: { example in
        HostileDeclarations.inputs(example.inputs.count).map { shapes in
          example.with(
            inputs: zip(shapes, example.inputs).map { Port("", $0, kind: $1.kind) })
        }
      })
  }
}

extension KindProof<any Loss> {
  /// - Parameter trying: receives each declaration before it is tried.
  static func losses(trying: @escaping (String) -> Void) -> KindProof {
    KindProof(
      remedy: Example.comparison, accepts: \.isComparison,
      conformance: {
        try Conformance.of(
          $0, options: $1.options, output: $1.inputs[0].shape, target: $1.target!,
          settings: $1.settings)
      },
      claims: { type, example, recorder in
        Variants(type: type, example: example, settings: example.settings) {
          try? Conformance.of(
            $0, named: type.name, output: $1.inputs[0].shape, target: $1.target!, settings: $2)
        }.check(&recorder, trying: trying)
      },
      serve: { loss, example in
        try loss.plan(output: example.inputs[0].shape, target: example.target!)
        guard example.inputs[0].count <= HostileDeclarations.mostNumbers else { return nil }
        return BufferCheck.fault(of: loss, output: example.inputs[0].shape, target: example.target!)
      },
      hostileShapes: { example in
        HostileDeclarations.inputs(1).flatMap { shapes in
          [Target.values(shapes[0]), .values([2]), .classes(2), .classes(3)].map {
            example.with(inputs: shapes.map { Port($0) }, target: $0)
          }
        }
      })
  }
}

extension KindProof<any Metric> {
  static var metrics: KindProof {
    KindProof(
      remedy: Example.comparison, accepts: \.isComparison,
      conformance: {
        try Conformance.of(
          $0, options: $1.options, output: $1.inputs[0].shape, target: $1.target!,
          outputs: $1.settings.inputs[0])
      },
      serve: { metric, example in
        _ = try metric.plan(output: example.inputs[0].shape, target: example.target!)
        return nil
      })
  }
}

extension KindProof<any Optimizer> {
  static var optimizers: KindProof {
    KindProof(
      conformance: { try Conformance.of($0, options: $1.options) },
      serve: { optimizer, _ in BufferCheck.fault(of: optimizer) })
  }
}

extension KindProof<any Schedule> {
  static var schedules: KindProof {
    KindProof(conformance: { try Conformance.of($0, options: $1.options) })
  }
}

extension KindProof<any Initializer> {
  static var initializers: KindProof {
    KindProof(
      conformance: { try Conformance.of($0, options: $1.options) },
      serve: { initializer, _ in
        let values = GuardedBuffer<Double>("values", [4, 3], count: 12)
        try initializer.fill(values.tensor, random: RandomStream(key: 1))
        return values.overrun.map { "it wrote \($0)" }
      })
  }
}

extension KindProof<any Generator> {
  static var generators: KindProof {
    KindProof(
      conformance: { try Conformance.of($0, options: $1.options) },
      serve: { generator, _ in
        _ = (generator.samples, generator.inputShape, generator.target)
        return nil
      })
  }
}

extension KindProof<any DataSource> {
  static var sources: KindProof {
    KindProof(
      conformance: { try Conformance.of($0, options: $1.options) },
      serve: { source, _ in
        _ = try source.read(DataRequest(random: RandomStream(key: 1)))
        return nil
      })
  }
}

extension KindProof<any ColumnType> {
  static var columnTypes: KindProof {
    KindProof(conformance: { try Conformance.of($0, options: $1.options) })
  }
}

extension Example {
  fileprivate static let comparison = "Example(output: [3], target: .classes(3))"

  /// Whether the example gives the outputs and targets for a loss or metric.
  fileprivate var isComparison: Bool { target != nil && !inputs.isEmpty }

  fileprivate var settings: ConformanceSettings {
    var settings = ConformanceSettings()
    if let numbers { settings.inputs = Sampler.inputs(in: numbers) }
    return settings
  }
}

/// The reason why the initial values of a parameter cannot be drawn; nil if they can.
private func error(
  inInitialValuesOf type: ComponentType<any Layer>, _ example: Example,
  _ initializers: ComponentRegistry<any Initializer>
) -> String? {
  do {
    for parameter in try type.value(example.options).plan(for: example.inputs).parameters {
      let initial = parameter.initial
      do {
        let initializer = try initializers.type(named: initial.type, at: nil).value(initial.options)
        let values = GuardedBuffer<Double>(
          parameter.name, parameter.shape, count: parameter.shape.count)
        try initializer.fill(values.tensor, random: RandomStream(key: 1))
      } catch let error as Diagnostic {
        return "\(parameter.name): \(error.message)"
      } catch let errors as Diagnostics {
        return "\(parameter.name): \(initial.type): \(errors.list[0].message)"
      }
    }
    return nil
  } catch { return "\(error)" }
}
