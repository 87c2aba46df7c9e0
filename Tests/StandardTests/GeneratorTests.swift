import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// All samples of a generator: rows of inputs, and the targets.
private func made(
  _ name: String, _ entries: Rule.Entries = [:], seed: UInt64 = 1
) throws -> (x: [[Double]], t: [Double], generator: any Generator) {
  let generator = try Rule.generator(name, entries)
  let features = generator.inputShape.count
  let inputs = GuardedBuffer(
    Array(repeating: 99.0, count: generator.samples * features), shape: generator.inputShape)
  let targets = GuardedBuffer(
    Array(repeating: 99.0, count: generator.samples * generator.target.shape.count),
    shape: generator.target.shape)
  generator.generate(
    inputs: inputs.tensor, targets: targets.tensor,
    random: RandomStream(seed: seed, purpose: "data"))
  let x = inputs.values
  return (
    (0..<generator.samples).map { Array(x[$0 * features..<($0 + 1) * features]) },
    targets.values, generator
  )
}

@Test func generatorsArePureFunctionsOfTheirStream() throws {
  for name in standardRegistry.generators.names {
    let first = try made(name)
    let again = try made(name)
    #expect(first.x == again.x && first.t == again.t, "\(name)")
    #expect(first.x.allSatisfy { $0.allSatisfy { $0.isFinite && $0 != 99 } }, "\(name)")
    let other = try made(name, ["samples": 50], seed: 2)
    #expect(other.x.count == 50, "\(name)")
    // Only the sine has no noise by default.
    if name != "sine" { #expect(try made(name, ["samples": 50]).x != other.x, "\(name)") }
  }
}

@Test func generatorsBalanceTheirClasses() throws {
  for (name, entries, classes) in [
    ("spirals", ["samples": 100, "classes": 3], 3), ("moons", ["samples": 101], 2),
    ("circles", ["samples": 7], 2), ("gaussians", ["samples": 1000, "classes": 7], 7),
  ] as [(String, Rule.Entries, Int)] {
    let (_, t, generator) = try made(name, entries)
    #expect(generator.target == .classes(classes))
    let counts = (0..<classes).map { c in t.count { $0 == Double(c) } }
    #expect(counts.reduce(0, +) == generator.samples, "\(name)")
    #expect(counts.max()! - counts.min()! <= 1, "\(name)")
  }
}

@Test func parityOfTwoBitsIsXOR() throws {
  let (x, t, generator) = try made("parity")
  #expect(x == [[0, 0], [0, 1], [1, 0], [1, 1]])
  #expect(t == [0, 1, 1, 0])
  #expect(generator.inputShape == [2])
  #expect(generator.target == .classes(2))
}

@Test func parityCountsOnes() throws {
  let all = try made("parity", ["bits": 5])
  #expect(Set(all.x).count == 32)
  #expect(all.t.reduce(0, +) == 16)
  let some = try made("parity", ["bits": 100, "samples": 300])
  for (x, t) in zip(some.x, some.t) {
    #expect(x.allSatisfy { $0 == 0 || $0 == 1 })
    #expect(Int(x.reduce(0, +)) % 2 == Int(t))
  }
  let ones = some.x.joined().reduce(0, +)
  #expect(abs(ones - 15_000) < 435)
}

@Test func spiralsWindOutward() throws {
  let (x, t, _) = try made("spirals", ["samples": 8, "turns": 1, "noise": 0])
  // Class 0 at quarter turns, class 1 opposite.
  let expected = [[0, 0.25], [-0.5, 0], [0, -0.75], [1, 0]]
  for (i, point) in expected.enumerated() {
    for axis in 0..<2 {
      #expect(abs(x[2 * i][axis] - point[axis]) < 1e-15)
      #expect(abs(x[2 * i + 1][axis] + point[axis]) < 1e-15)
    }
  }
  #expect(t == [0, 1, 0, 1, 0, 1, 0, 1])
}

@Test func moonsAndCirclesLieAsInScikitLearn() throws {
  let moons = try made("moons", ["samples": 6, "noise": 0])
  let half = [[1, 0], [0, 1], [-1, 0.0]]
  for i in 0..<3 {
    for axis in 0..<2 {
      #expect(abs(moons.x[2 * i][axis] - half[i][axis]) < 1e-15)
      let other = axis == 0 ? 1 - half[i][0] : 0.5 - half[i][1]
      #expect(abs(moons.x[2 * i + 1][axis] - other) < 1e-15)
    }
  }
  let circles = try made("circles", ["samples": 100, "noise": 0, "factor": 0.3])
  for (x, t) in zip(circles.x, circles.t) {
    #expect(abs(hypot(x[0], x[1]) - (t == 0 ? 1 : 0.3)) < 1e-15)
  }
}

@Test func noiseHasItsStandardDeviation() throws {
  let clean = try made("circles", ["samples": 20_000, "noise": 0])
  let noisy = try made("circles", ["samples": 20_000, "noise": 0.5])
  let differences = zip(clean.x.joined(), noisy.x.joined()).map { $1 - $0 }
  let square = differences.map { $0 * $0 }.reduce(0, +) / Double(differences.count)
  #expect(abs(square - 0.25) < 0.01)
}

@Test func gaussiansLieAboutTheirCenters() throws {
  let entries: Rule.Entries = ["samples": 9000, "classes": 3, "features": 4, "spread": 0.5]
  let (x, t, generator) = try made("gaussians", entries)
  #expect(generator.inputShape == [4])
  let centers = try made(
    "gaussians", ["samples": 3, "classes": 3, "features": 4, "spread": 0])
  for c in 0..<3 {
    let cloud = zip(x, t).filter { $0.1 == Double(c) }.map(\.0)
    for j in 0..<4 {
      let mean = cloud.map { $0[j] }.reduce(0, +) / 3000
      #expect(abs(mean - centers.x[c][j]) < 0.05)
      let square = cloud.map { pow($0[j] - mean, 2) }.reduce(0, +) / 3000
      #expect(abs(square - 0.25) < 0.04)
      #expect(abs(centers.x[c][j]) <= 10)
    }
  }
}

@Test func sinesAreEvenlySpaced() throws {
  let (x, t, generator) = try made(
    "sine", ["samples": 5, "minimum": -1, "maximum": 1, "frequency": 2])
  #expect(x == [[-1], [-0.5], [0], [0.5], [1]])
  #expect(t == x.map { sin(2 * $0[0]) })
  #expect(generator.target == .values([1]))
  #expect(try made("sine", ["samples": 1]).x == [[-Double.pi]])
}

@Test func firstSamplesAreFixed() throws {
  // Golden values from a second implementation of Philox in Python: published runs depend on
  // them.
  let (x, _, _) = try made("gaussians", ["samples": 3])
  #expect(abs(x[0][0] - 8.928936342799586) < 1e-14)
  #expect(abs(x[0][1] - 4.203906926457601) < 1e-14)
}

@Test func generatorOptionsAreChecked() {
  func errors(_ name: String, _ entries: Rule.Entries) -> String {
    errorText { try Rule.generator(name, entries) }
  }
  #expect(
    errors("parity", ["bits": 21])
      == "error: all rows of 21 bits are too many; give samples, or at most 20 bits")
  #expect(
    errors("parity", ["bits": 8, "samples": 0])
      == "error: samples must be an integer from 1 to 10000000, found the number 0")
  #expect(
    errors("spirals", ["samples": 10_000_001])
      == "error: samples must be an integer from 1 to 10000000, found the number 10000001")
  #expect(
    errors("gaussians", ["samples": 3, "classes": 4])
      == "error: 3 samples are too few for 4 classes")
  #expect(
    errors("moons", ["noise": -0.5])
      == "error: noise must be a number ≥ 0, found the number -0.5")
  #expect(
    errors("sine", ["minimum": 4]) == "error: minimum 4 is above maximum 3.141592653589793")
}
