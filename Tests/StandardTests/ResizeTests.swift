import Conformance
import NNExp
import TestSupport
import Testing

/// Images of other sizes; PyTorch's are in `ReferenceLayerTests`.
@Suite struct ResizeTests {
  struct File: Decodable { let cases: [Case] }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let options: [String: ReferenceOption]
    let shape: [Int]
    let x: [Double]
    let output: [Int]
    let y: [Double]
    var testDescription: String { name }
  }

  /// ONNX's published tests, which are numbers of float32.
  static let published = try! Repository.reference("onnx_resize.json", as: File.self).cases

  @Test(arguments: published) func `the numbers are those that ONNX publishes`(
    reference: Case
  ) throws {
    var options = Options(ReferenceOption.map(reference.options))
    let layer = try #require(standardRegistry.layers["resize"]).make(&options)
    try options.finish()
    let bench = try LayerBench<Double>(layer, inputs: [Port(Shape(reference.shape))], samples: 1)
    #expect(bench.plan.output == Shape(reference.output))
    bench.inputs[0].values = reference.x
    bench.runForward()
    let bound = 2e-5 * reference.y.reduce(0) { max($0, abs($1)) }
    for (found, expected) in zip(bench.y.values, reference.y) {
      #expect(abs(found - expected) <= bound, "\(found) instead of \(expected)")
    }
  }

  private static let words: [(String, [ConfigValue])] = [
    ("mode", ["nearest", "linear", "cubic"]),
    (
      "coordinates",
      [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_crop_and_resize",
      ]
    ),
  ]

  /// A random layer, its options, and its input.
  private func draw(_ random: inout SeededGenerator) throws -> (
    any Layer, [(String, ConfigValue)], Shape
  ) {
    let rank = Int.random(in: 1...4, using: &random)
    let shape = Shape((0..<rank).map { _ in Int.random(in: 1...6, using: &random) })
    let axes = max(1, rank - 1)
    var options = Self.words.map { ($0, $1.randomElement(using: &random)!) }
    if Bool.random(using: &random) {
      let sizes = (0..<axes).map { _ in ConfigValue(.int(Int.random(in: 1...9, using: &random))) }
      options.append(("size", ConfigValue(.list(sizes))))
      options.append(
        ("aspect_ratio", ["stretch", "not_larger", "not_smaller"].randomElement(using: &random)!))
    } else {
      options.append(("factor", ConfigValue(.double(.random(in: 1...2.5, using: &random)))))
    }
    if options[0].1 == "nearest" {
      options.append(
        (
          "rounding",
          ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].randomElement(
            using: &random)!
        ))
    } else {
      options.append(("antialias", ConfigValue(.bool(.random(using: &random)))))
      options.append(("exclude_outside", ConfigValue(.bool(.random(using: &random)))))
    }
    if options[1].1 == "tf_crop_and_resize" {
      let region = (0..<axes).map { _ -> ConfigValue in
        [
          ConfigValue(.double(.random(in: -0.2...0.6, using: &random))),
          ConfigValue(.double(.random(in: 0.4...1.2, using: &random))),
        ]
      }
      options.append(("region", ConfigValue(.list(region))))
    }
    return (try makeLayer("resize", options), options, shape)
  }

  /// ⟨∂y, R x⟩ = ⟨Rᵀ ∂y, x⟩, and an image of ones remains one.
  @Test func `the gradient is the transpose, and weights add up to 1`() throws {
    try withEvery("seed", in: 0..<400) { seed in
      var random = SeededGenerator(seed: UInt64(seed))
      let (layer, options, shape) = try draw(&random)
      let about: Comment = "\(ConfigValue.map(options).flow) of \(shape)"
      // A small image may vanish.
      guard let bench = try? LayerBench<Double>(layer, inputs: [Port(shape)], samples: 2) else {
        return
      }
      func numbers(_ count: Int) -> [Double] {
        (0..<count).map { _ in .random(in: -1...1, using: &random) }
      }
      bench.inputs[0].values = numbers(2 * shape.count)
      bench.dy.values = numbers(2 * bench.plan.output.count)
      bench.runForward()
      bench.runBackward()
      let left = zip(bench.y.values, bench.dy.values).reduce(0) { $0 + $1.0 * $1.1 }
      let right = zip(bench.inputs[0].values, bench.dInputs[0].values).reduce(0) {
        $0 + $1.0 * $1.1
      }
      #expect(abs(left - right) <= 1e-12 * Double(bench.dy.values.count), about)
      #expect(bench.y.values.allSatisfy { abs($0) < 8 }, about)
      guard options[1].1 != "tf_crop_and_resize" else { return }
      bench.inputs[0].values = Array(repeating: 1, count: 2 * shape.count)
      bench.runForward()
      #expect(bench.y.values.allSatisfy { abs($0 - 1) < 1e-14 }, about)
    }
  }

  @Test func `the same size is the same image`() throws {
    for mode: ConfigValue in ["nearest", "linear", "cubic"] {
      let layer = try makeLayer("resize", [("size", [2, 3]), ("mode", mode)])
      let bench = try LayerBench<Float>(layer, inputs: [Port([2, 2, 3])], samples: 1)
      let x: [Float] = [1, -0.0, .infinity, .nan, 0x1p-149, -2, 4, 5, 6, 7, 8, 9]
      bench.inputs[0].values = x
      bench.runForward()
      #expect(bench.y.values.map(\.bitPattern) == x.map(\.bitPattern))
    }
  }

  /// The number at the edge of a region is not outside, although it is computed from others.
  @Test func `outside of a region is the fixed number`() throws {
    let layer = try makeLayer(
      "resize",
      [
        ("size", [7]), ("mode", "linear"), ("coordinates", "tf_crop_and_resize"),
        ("region", [[-0.3, 1]]), ("extrapolation", 5),
      ])
    let bench = try LayerBench<Double>(layer, inputs: [Port([2, 11])], samples: 1)
    bench.inputs[0].values = (0..<22).map(Double.init)
    bench.runForward()
    let y = bench.y.values
    #expect(y[0] == 5 && y[1] == 5 && y[6] == 10 && y[7] == 5 && y[13] == 21)
    #expect(abs(y[2] - 10 * (1.3 * 2 / 6 - 0.3)) < 1e-12)
  }
}
