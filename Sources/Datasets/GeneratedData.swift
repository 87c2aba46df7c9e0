import NNExp

/// Samples that a registered generator makes.
struct GeneratedData: Sendable {
  let generator: any Generator
  let name: String
  let place: Place?

  /// All samples; a pure function of the stream.
  func read(_ random: RandomStream, limit: Int?) throws -> RawData {
    let samples = generator.samples
    let (inputShape, target) = (generator.inputShape, generator.target)
    guard samples > 0, inputShape.count > 0, target.shape.count > 0 else {
      throw Diagnostic("generator '\(name)' makes no samples", at: place)
    }
    if inputShape.hasTooManyAxes {
      throw Diagnostic(
        "generator '\(name)' makes inputs \(inputShape) of \(inputShape.rank) axes; at most "
          + "\(Shape.maximumRank) are supported", at: place)
    }
    guard let inputCount = product([samples, inputShape.count]),
      let targetCount = product([samples, target.shape.count]),
      let bytes = product([inputCount.addingReportingOverflow(targetCount).partialValue, 8]),
      bytes > 0
    else {
      throw Diagnostic("generator '\(name)' makes more numbers than any memory holds", at: place)
    }
    try checkMemory(bytes: bytes, for: "generator '\(name)'", at: place)

    var inputs = [Double](repeating: 0, count: inputCount)
    var targets = [Double](repeating: 0, count: targetCount)
    inputs.withUnsafeMutableBufferPointer { x in
      targets.withUnsafeMutableBufferPointer { t in
        generator.generate(
          inputs: Tensor(start: x.baseAddress!, count: inputCount, shape: inputShape),
          targets: Tensor(start: t.baseAddress!, count: targetCount, shape: target.shape),
          random: random)
      }
    }
    for (numbers, what) in [(inputs, "inputs"), (targets, "targets")] {
      if let i = numbers.firstIndex(where: { !$0.isFinite }) {
        throw Diagnostic(
          "generator '\(name)' made the number \(shortest(numbers[i])) in its \(what)", at: place)
      }
    }
    let count = min(samples, limit ?? Int.max)
    return RawData(
      inputs: RawColumns(
        inputs, stride: inputShape.count, count: count,
        layout: ColumnLayout(inputShape.count, named: "input")),
      targets: RawColumns(
        targets, stride: target.shape.count, count: count,
        layout: ColumnLayout(target.shape.count, named: "target")),
      inputAxes: inputShape.axes, targetAxes: target.shape.axes,
      place: { [place] _, _, _ in place })
  }

  /// The number of classes, where the generator makes classes.
  var classCount: Int? {
    if case .classes(let count) = generator.target { count } else { nil }
  }
}
