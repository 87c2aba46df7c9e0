import NNExp

/// The permitted difference between float32 and float64, computed from the float64 run.
///
///     boundᵢ = 16·(eᵢ + ε(|vᵢ| + RMS v))
///
/// eᵢ is the change of vᵢ under relative changes by ±ε of all inputs, where ε is that of
/// float32; it is the condition number times ε. RMS v estimates the size of intermediate
/// results, which may cancel. It is the largest of the root mean square of the tensor, the
/// same for inputs of ordinary size, and, for a gradient with respect to x, that of dy·y/x.
/// At a well-conditioned entry of ordinary size, the relative bound is about 1e-5. For inputs
/// that are not ordinary, such as those for which 1 − y cancels, the bound is 16 times wider.
struct PrecisionBound {
  static let epsilon = Double(Float.ulpOfOne)

  let values: [Double]
  /// The largest change of each entry so far.
  private var spread: [Double]
  private let size: Double
  private let margin: Double
  private let isOrdinary: Bool
  /// The values on the other side of a nearby kink.
  private var others: [[Double]] = []

  /// - Parameters:
  ///   - usual: the values for inputs of ordinary size.
  ///   - terms: the size of the terms of a sum.
  ///   - isOrdinary: whether these inputs are ordinary.
  init(_ values: [Double], usual: [Double], terms: Double = 0, isOrdinary: Bool) {
    self.values = values
    self.isOrdinary = isOrdinary
    spread = values.map { _ in 0 }
    size = max(
      PrecisionBound.rootMeanSquare(values), PrecisionBound.rootMeanSquare(usual), terms)
    margin = isOrdinary ? 16 : 256
  }

  static func rootMeanSquare(_ values: [Double]) -> Double {
    let finite = values.filter(\.isFinite)
    return (finite.reduce(0) { $0 + $1 * $1 } / Double(max(1, finite.count))).squareRoot()
  }

  /// Includes the changes of the values after perturbing the inputs.
  mutating func widen(by moved: [Double]) {
    for i in spread.indices {
      let change = abs(moved[i] - values[i])
      if change > spread[i] { spread[i] = change }
    }
  }

  /// Also permits these values, because float32 can round to the other side of a kink.
  mutating func allow(_ moved: [Double]) { others.append(moved) }

  func bound(at i: Int) -> Double {
    margin * (spread[i] + PrecisionBound.epsilon * (abs(values[i]) + size))
      + Double(Float.leastNormalMagnitude)
  }

  /// The first value of float32 outside its bound. Values beyond the range of float32 are
  /// permitted, and so are overflows for extreme inputs.
  func violation(of narrow: [Float]) -> Int? {
    narrow.indices.first { i in
      guard values[i].isFinite, abs(values[i]) < 1e30 else { return false }
      guard narrow[i].isFinite else { return isOrdinary }
      func isNear(_ value: Double) -> Bool { abs(Double(narrow[i]) - value) <= bound(at: i) }
      return !isNear(values[i]) && !others.contains { isNear($0[i]) }
    }
  }

  /// Perturbs every number by ±ε times itself, times `amount`.
  static func move(_ buffers: [GuardedBuffer<Double>], by amount: Double, _ random: RandomStream) {
    for (b, buffer) in buffers.enumerated() {
      let random = random.stream(b)
      for i in buffer.tensor.indices {
        buffer.tensor[i] *= 1 + amount * epsilon * (2 * random.uniform(at: i) - 1)
      }
    }
  }
}

extension LayerTrial {
  func checkPrecision(_ recorder: inout Conformance.Recorder) throws {
    let name = "float32 agrees with float64"
    let narrow = try bench(Float.self)
    narrow.forward()
    narrow.backward()
    let wide = try bench(Double.self)
    wide.forward()
    wide.backward()
    var ordinary = self
    ordinary.draw.inputs = settings.inputs[0]
    ordinary.draw.samples = 9
    let usual = try ordinary.bench(Double.self)
    usual.forward()
    usual.backward()
    func size(_ buffers: [GuardedBuffer<Double>]) -> Double {
      PrecisionBound.rootMeanSquare(buffers.flatMap(\.values))
    }
    // Statistics of few samples can nearly cancel for any numbers.
    let isOrdinary = draw.inputs.isOrdinary && (!plan.couplesSamples || samples >= 8)
    // The size of Σ dy·y, divided by the size of the tensor of the gradient.
    let product = size(wide.dOutputs) * size(wide.outputs)
    let terms =
      wide.outputs.map { _ in 0.0 }
      + (wide.inputs + wide.parameters).map { size([$0]) > 0 ? product / size([$0]) : 0 }
    var bounds = zip(wide.outputs + wide.sums, usual.outputs + usual.sums).enumerated().map {
      k, pair in
      PrecisionBound(
        pair.0.values, usual: pair.1.values, terms: terms[k], isOrdinary: isOrdinary)
    }
    let found = (narrow.outputs + narrow.sums).map(\.values)
    func violation() -> (tensor: Int, index: Int)? {
      for (k, bound) in bounds.enumerated() {
        if let i = bound.violation(of: found[k]) {
          return (k, i)
        }
      }
      return nil
    }
    func results(movedBy amount: Double, _ number: Int) throws -> [[Double]] {
      let moved = try bench(Double.self)
      let random = random.stream(-1 - number)
      PrecisionBound.move(
        moved.inputs + moved.parameters + moved.state + moved.dOutputs, by: amount, random)
      moved.forward()
      let outputs = moved.outputs.map(\.values)
      PrecisionBound.move(moved.outputs, by: amount, random.stream(-1))
      moved.backward()
      return outputs + moved.sums.map(\.values)
    }
    for number in 0..<3 {
      for (b, values) in try results(movedBy: 1, number).enumerated() {
        bounds[b].widen(by: values)
      }
    }
    if violation() != nil {
      for number in 3..<27 {
        for (b, values) in try results(movedBy: 16, number).enumerated() {
          bounds[b].allow(values)
        }
      }
    }
    let fault = violation().map { tensor, index in
      let bound = bounds[tensor]
      return "\((narrow.outputs + narrow.sums)[tensor].name)[\(index)] is "
        + "\(shortest(found[tensor][index])) in float32, \(shortest(bound.values[index])) in "
        + "float64, and rounding explains \(shortest(Float(bound.bound(at: index)))) at most; "
        + circumstance
    }
    recorder.claim(name, estimated: fault)
  }
}
