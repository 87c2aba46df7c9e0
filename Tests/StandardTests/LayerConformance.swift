import NNExp
import Testing

/// Proves one layer on inputs of these shapes: canaries, whole outputs,
/// accumulation, untouched inputs, determinism, batch independence, float32
/// against float64, and its gradients by central differences.
///
/// - Parameter values: what an input or parameter holds, given its count; by
///   default numbers of both signs whose magnitudes lie apart, away from kinks.
func proveLayer(
  _ type: String, _ options: [(String, Node)] = [], inputs shapes: [Shape], samples: Int = 3,
  seed: Int = 1, isTraining: Bool = true,
  values: (Int, RandomStream) -> [Double] = distinctValues,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let name = "\(type) \(Node.map(options).flow) on \(shapes), seed \(seed)"
  let layer = try makeLayer(type, options)
  let bench = try LayerBench<Double>(layer, inputs: shapes, samples: samples)
  bench.isTraining = isTraining
  let random = RandomStream(seed: UInt64(seed), purpose: type)
  for (k, buffer) in (bench.inputs + bench.parameters + [bench.dy]).enumerated() {
    buffer.values = values(buffer.count, random.stream(k))
  }
  if let state = bench.state.last {  // A variance is positive.
    state.values = state.values.indices.map { 0.5 + random.uniform(at: $0) }
  }
  let state = bench.state.map(\.values)
  func resetState() { for (buffer, values) in zip(bench.state, state) { buffer.values = values } }
  let before = (bench.inputs + bench.parameters + [bench.dy]).map(\.values)

  // Whole outputs, gradients added to what is there, all else untouched.
  bench.forward()
  let y = bench.y.values
  let isWhole = y.allSatisfy { $0.isFinite }
  #expect(
    isWhole, "\(name): y is not wholly written", sourceLocation: sourceLocation)
  let stateAfter = bench.state.map(\.values)
  if !isTraining {
    #expect(
      stateAfter == state, "\(name): an evaluation changed the state",
      sourceLocation: sourceLocation)
  }
  bench.backward()
  let dInputs = bench.dInputs.map(\.values)
  let gradients = bench.gradients.map(\.values)
  bench.backward(prefill: 7)
  for (added, plain) in zip(bench.dInputs + bench.gradients, dInputs + gradients) {
    expectClose(
      added.values, plain.map { $0 + 7 }, 1e-12, "\(name): accumulation", sourceLocation)
  }
  #expect(bench.y.values == y, "\(name): backward changed y", sourceLocation: sourceLocation)
  #expect(bench.state.map(\.values) == stateAfter, "\(name): state", sourceLocation: sourceLocation)
  #expect(
    (bench.inputs + bench.parameters + [bench.dy]).map(\.values) == before,
    "\(name): an input was written to", sourceLocation: sourceLocation)

  // The same again, to the bit.
  resetState()
  bench.forward()
  bench.backward()
  #expect(
    bench.y.values == y && bench.dInputs.map(\.values) == dInputs
      && bench.gradients.map(\.values) == gradients, "\(name): not the same twice",
    sourceLocation: sourceLocation)

  // The parameters' gradients do not depend on the input's being wanted.
  bench.needsInputGradient = false
  bench.backward()
  #expect(
    bench.gradients.map(\.values) == gradients, "\(name): needsInputGradient",
    sourceLocation: sourceLocation)
  bench.needsInputGradient = true
  #expect(bench.trespasses == [], "\(name): canaries", sourceLocation: sourceLocation)

  // Differences of Σ ∂y·y.
  let dy = bench.dy.values
  func loss() -> Double {
    resetState()
    bench.forward()
    return zip(bench.y.values, dy).reduce(0) { $0 + $1.0 * $1.1 }
  }
  for (buffer, analytic) in zip(bench.inputs + bench.parameters, dInputs + gradients) {
    expectClose(
      analytic, differences(buffer, of: loss), 2e-8, "\(name): gradient", sourceLocation)
  }
  resetState()

  // Each sample by itself.
  if !bench.plan.couplesSamples {
    for s in 0..<samples {
      let alone = try LayerBench<Double>(layer, inputs: shapes, samples: 1)
      alone.isTraining = isTraining
      alone.firstSample = s
      copy(bench.parameters, to: alone.parameters)
      copy(bench.state, to: alone.state)
      for (one, all) in zip(alone.inputs + [alone.dy], bench.inputs + [bench.dy]) {
        one.values = Array(all.values[(s * one.count)..<((s + 1) * one.count)])
      }
      alone.forward()
      alone.backward()
      let part = { (all: [Double], count: Int) in Array(all[(s * count)..<((s + 1) * count)]) }
      expectClose(
        alone.y.values, part(y, alone.y.count), 1e-13, "\(name): sample \(s) alone",
        sourceLocation)
      for (one, all) in zip(alone.dInputs, dInputs) {
        expectClose(
          one.values, part(all, one.count), 1e-13, "\(name): sample \(s) alone", sourceLocation)
      }
    }
  }

  // The same in float32.
  let single = try LayerBench<Float>(layer, inputs: shapes, samples: samples)
  single.isTraining = isTraining
  let precise = bench.inputs + bench.parameters + bench.state + [bench.dy]
  for (one, all) in zip(single.inputs + single.parameters + single.state + [single.dy], precise) {
    one.values = all.values.map { Float($0) }
  }
  single.forward()
  single.backward()
  #expect(single.trespasses == [], "\(name): float32 canaries", sourceLocation: sourceLocation)
  for (one, all) in zip(
    [single.y] + single.dInputs + single.gradients, [y] + dInputs + gradients)
  {
    expectClose(one.values.map { Double($0) }, all, 2e-5, "\(name): float32", sourceLocation)
  }
}

/// Numbers of both signs, in random order, whose magnitudes differ by 2/count at
/// least and start from half of that: no ties, and no kink within a step.
func distinctValues(_ count: Int, _ random: RandomStream) -> [Double] {
  let order = random.permutation(count)
  let signs = random.stream(1)
  return order.enumerated().map { i, place in
    let size = (Double(place) + 0.5) * 2 / Double(max(count, 1))
    return signs.bits(at: i).x & 1 == 0 ? size : -size
  }
}

/// The derivative by each number of `buffer`: the fourth-order central difference.
private func differences(_ buffer: Buffer<Double>, of loss: () -> Double) -> [Double] {
  buffer.tensor.indices.map { i in
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
}

private func copy<S>(_ from: [Buffer<S>], to: [Buffer<S>]) {
  for (a, b) in zip(from, to) { b.values = a.values }
}

/// Expects |a − b| ≤ tolerance · max(1, max|b|), entry by entry; reports the worst.
func expectClose(
  _ a: [Double], _ b: [Double], _ tolerance: Double, _ name: String,
  _ sourceLocation: SourceLocation = #_sourceLocation
) {
  let scale = b.reduce(1) { max($0, abs($1)) }
  let worst = zip(a, b).enumerated().max { badness($0.1) < badness($1.1) }
  guard a.count == b.count, let worst else {
    #expect(a.count == b.count, "\(name): counts", sourceLocation: sourceLocation)
    return
  }
  #expect(
    badness(worst.1) <= tolerance * scale,
    "\(name): entry \(worst.0) is \(worst.1.0), expected \(worst.1.1)",
    sourceLocation: sourceLocation)
}

private func badness(_ pair: (Double, Double)) -> Double {
  let distance = abs(pair.0 - pair.1)
  return distance.isNaN ? .infinity : distance
}
