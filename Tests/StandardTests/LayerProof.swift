import Conformance
import NNExp
import Testing

/// Expects that a layer has no fault on inputs of these shapes.
func proveLayer(
  _ type: String, _ options: [(String, ConfigValue)] = [], inputs shapes: [Port], samples: Int = 3,
  seed: Int = 1, isTraining: Bool = true, sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws {
  var proof = try LayerProof(
    makeLayer(type, options), inputs: shapes, samples: samples, isTraining: isTraining, seed: seed)
  try proof.run()
  let faults = proof.faults
  #expect(
    faults == [], "\(type) \(ConfigValue.map(options).flow) on \(shapes), seed \(seed)",
    sourceLocation: sourceLocation)
}

/// Checks a layer: canaries, complete outputs, accumulation, unchanged inputs, determinism,
/// batch independence, float32 compared with float64, and its gradients by central differences.
///
/// Inputs and parameters are numbers of both signs with distinct magnitudes, away from kinks.
struct LayerProof {
  private(set) var faults: [String] = []

  private let layer: any Layer
  private let shapes: [Port]
  private let samples: Int
  private let isTraining: Bool
  private let bench: LayerBench<Double>

  /// The inputs, and the results of the first pair of passes.
  private let given: [[Double]]
  private let state: [[Double]]
  private var y: [Double] = []
  private var dInputs: [[Double]] = []
  private var gradients: [[Double]] = []

  init(_ layer: any Layer, inputs shapes: [Port], samples: Int, isTraining: Bool, seed: Int) throws
  {
    self.layer = layer
    self.shapes = shapes
    self.samples = samples
    self.isTraining = isTraining
    bench = try LayerBench<Double>(layer, inputs: shapes, samples: samples)
    bench.isTraining = isTraining
    let random = RandomStream(seed: UInt64(seed), purpose: "proof")
    for (k, buffer) in bench.given.enumerated() {
      buffer.values = distinctValues(buffer.count, random.stream(k))
    }
    if let variance = bench.state.last {
      variance.values = variance.values.indices.map { 0.5 + random.uniform(at: $0) }
    }
    given = bench.given.map(\.values)
    state = bench.state.map(\.values)
  }

  mutating func run() throws {
    provePasses()
    proveRepetition()
    proveGradients()
    if !bench.plan.couplesSamples { try proveIndependence() }
    try proveFloat()
  }

  /// Outputs are complete, gradients are added, and nothing else changes.
  private mutating func provePasses() {
    bench.runForward()
    y = bench.y.values
    require(y.allSatisfy { $0.isFinite }, "y is not wholly written")
    let stateAfter = bench.state.map(\.values)
    require(isTraining || stateAfter == state, "an evaluation changes the state")
    bench.runBackward()
    dInputs = bench.dInputs.map(\.values)
    gradients = bench.gradients.map(\.values)
    bench.runBackward(prefill: 7)
    for (added, plain) in zip(bench.dInputs + bench.gradients, dInputs + gradients) {
      requireClose(added.values, plain.map { $0 + 7 }, 1e-12, "a gradient is not added")
    }
    require(bench.y.values == y, "backward changes y")
    require(bench.state.map(\.values) == stateAfter, "backward changes the state")
    require(bench.given.map(\.values) == given, "an input is written to")
    for name in bench.damaged { require(false, "written beside \(name)") }
  }

  /// A repetition gives the same bits, also if the input's gradient is not needed.
  private mutating func proveRepetition() {
    reset()
    bench.runForward()
    require(bench.y.values == y, "y differs the second time")
    bench.runBackward()
    require(
      bench.dInputs.map(\.values) == dInputs && bench.gradients.map(\.values) == gradients,
      "gradients differ the second time")
    bench.runBackward(needsInputGradient: false)
    require(
      bench.gradients.map(\.values) == gradients,
      "the parameters' gradients depend on needsInputGradient")
  }

  /// Compares with fourth-order central differences of Σ ∂y·y.
  private mutating func proveGradients() {
    func loss() -> Double {
      reset()
      bench.runForward()
      return zip(bench.y.values, bench.dy.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    for (buffer, analytic) in zip(bench.inputs + bench.parameters, dInputs + gradients) {
      let numeric = buffer.tensor.indices.map { i in
        let x = buffer.tensor[i]
        let h = 1e-4
        func at(_ offset: Double) -> Double {
          buffer.tensor[i] = x + offset
          return loss()
        }
        let slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
        buffer.tensor[i] = x
        return slope
      }
      requireClose(analytic, numeric, 2e-8, "wrong gradient")
    }
    reset()
  }

  /// Each sample gives the same results by itself as in the batch.
  private mutating func proveIndependence() throws {
    for s in 0..<samples {
      let alone = try LayerBench<Double>(layer, inputs: shapes, samples: 1)
      alone.isTraining = isTraining
      alone.firstSample = s
      for (one, all) in zip(alone.parameters + alone.state, bench.parameters + bench.state) {
        one.values = all.values
      }
      func part(_ all: [Double], for one: GuardedBuffer<Double>) -> [Double] {
        Array(all[(s * one.count)..<((s + 1) * one.count)])
      }
      for (one, all) in zip(alone.inputs + [alone.dy], bench.inputs + [bench.dy]) {
        one.values = part(all.values, for: one)
      }
      alone.runForward()
      alone.runBackward()
      for (one, all) in zip([alone.y] + alone.dInputs, [y] + dInputs) {
        requireClose(one.values, part(all, for: one), 1e-13, "sample \(s) depends on others")
      }
    }
  }

  /// The same in float32, within the precision of float32.
  private mutating func proveFloat() throws {
    let single = try LayerBench<Float>(layer, inputs: shapes, samples: samples)
    single.isTraining = isTraining
    for (one, all) in zip(single.given + single.state, bench.given + bench.state) {
      one.values = all.values.map { Float($0) }
    }
    single.runForward()
    single.runBackward()
    for (one, all) in zip([single.y] + single.dInputs + single.gradients, [y] + dInputs + gradients)
    {
      requireClose(one.values.map { Double($0) }, all, 2e-5, "float32 differs")
    }
    for name in single.damaged { require(false, "float32: written beside \(name)") }
  }

  private func reset() {
    for (buffer, values) in zip(bench.state, state) { buffer.values = values }
  }

  private mutating func require(_ condition: Bool, _ fault: String) {
    if !condition { faults.append(fault) }
  }

  private mutating func requireClose(
    _ a: [Double], _ b: [Double], _ tolerance: Double, _ fault: String
  ) {
    if let worst = farthest(a, b, tolerance) { faults.append("\(fault): \(worst)") }
  }
}

extension LayerBench {
  /// The buffers that a layer may read but not write.
  fileprivate var given: [GuardedBuffer<S>] { inputs + parameters + [dy] }
}

/// Numbers of both signs in random order, whose magnitudes differ by at least 2/count and start
/// at half of that: there are no ties, and no kink within a step.
func distinctValues(_ count: Int, _ random: RandomStream) -> [Double] {
  let order = random.permutation(count)
  let signs = random.stream(1)
  return order.enumerated().map { i, place in
    let size = (Double(place) + 0.5) * 2 / Double(max(count, 1))
    return signs.bits(at: i).x & 1 == 0 ? size : -size
  }
}

/// Expects |a − b| ≤ tolerance · max(1, max|b|) for each entry.
func expectClose(
  _ a: [Double], _ b: [Double], _ tolerance: Double, _ name: String = "",
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
  let worst = farthest(a, b, tolerance)
  #expect(worst == nil, "\(name)", sourceLocation: sourceLocation)
}

/// A message about the worst entry if it is not within tolerance · max(1, max|b|).
private func farthest(_ a: [Double], _ b: [Double], _ tolerance: Double) -> String? {
  guard a.count == b.count else { return "\(a.count) numbers, expected \(b.count)" }
  let scale = b.reduce(1) { max($0, abs($1)) }
  func distance(_ i: Int) -> Double {
    let distance = abs(a[i] - b[i])
    return distance.isNaN ? .infinity : distance
  }
  guard let i = a.indices.max(by: { distance($0) < distance($1) }) else { return nil }
  if distance(i) <= tolerance * scale { return nil }
  return "entry \(i) is \(a[i]), expected \(b[i])"
}
