import Files
import NNExp

/// Samples of a registered generator.
struct GeneratedData: DataSource, Component {
  static let typeName = "generated"
  static let documentation = Documentation(
    "samples of a generator",
    example: "data: {generated: {type: spirals, samples: 200}}")
  static let shorthand: String? = "type"

  private let generator: any Generator
  private let name: String
  private let location: SourceLocation?

  init(from options: inout Options) throws {
    guard let registry = options.surroundings?.registry else { throw Diagnostics() }
    location = options.location
    (generator, name) = try options.typed(of: registry.generators) { type, options in
      (try type.make(&options), type.name)
    }
  }

  /// All samples; they depend only on the random stream.
  func read(_ request: DataRequest) throws -> SourceSamples {
    let samples = generator.samples
    let (inputShape, target) = (generator.inputShape, generator.target)
    guard samples > 0, inputShape.count > 0, target.shape.count > 0 else {
      throw Diagnostic("generator '\(name)' makes no samples", at: location)
    }
    if inputShape.hasTooManyAxes {
      throw Diagnostic(
        "generator '\(name)' makes inputs \(inputShape) of \(inputShape.rank) axes; at most "
          + "\(Shape.maximumRank) are supported", at: location)
    }
    guard let inputCount = product([samples, inputShape.count]),
      let targetCount = product([samples, target.shape.count]),
      let bytes = product([inputCount.addingReportingOverflow(targetCount).partialValue, 8]),
      bytes > 0
    else {
      throw Diagnostic(
        "generator '\(name)' makes more numbers than any memory can contain", at: location)
    }
    try checkMemory(bytes: bytes, for: "generator '\(name)'", at: location)

    var inputs = [Double](repeating: 0, count: inputCount)
    var targets = [Double](repeating: 0, count: targetCount)
    inputs.withUnsafeMutableBufferPointer { x in
      targets.withUnsafeMutableBufferPointer { t in
        generator.generate(
          inputs: Tensor(start: x.baseAddress!, count: inputCount, shape: inputShape),
          targets: Tensor(start: t.baseAddress!, count: targetCount, shape: target.shape),
          random: request.random)
      }
    }
    for (numbers, what) in [(inputs, "inputs"), (targets, "targets")] {
      if let i = numbers.firstIndex(where: { !$0.isFinite }) {
        throw Diagnostic(
          "generator '\(name)' made the number \(shortest(numbers[i])) in its \(what)", at: location
        )
      }
    }
    return try SourceSamples(inputs: inputs, of: inputShape, targets: targets, of: target)
  }
}
