import NNExp
import TestSupport
import Testing

@Suite struct LayerProofTests {
  @Test(arguments: [
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "softmax", "log_softmax",
    "silu", "mish", "log_sigmoid", "softsign", "selu", "prelu",
    "flatten", "layer_normalization", "batch_normalization", "dropout",
  ])
  func `layers of one input have no fault`(type: String) throws {
    for (seed, shape): (Int, Shape) in [(1, [5]), (2, [1]), (3, [2, 3]), (4, [3, 2, 4])] {
      if type == "batch_normalization" && shape == [1] { continue }
      try proveLayer(type, inputs: [Port(shape)], seed: seed)
      try proveLayer(type, inputs: [Port(shape)], samples: 1, seed: seed, isTraining: false)
    }
  }

  @Test func `layers with options have no fault`() throws {
    try proveLayer("leaky_relu", [("slope", 0.3)], inputs: [[7]])
    try proveLayer("leaky_relu", [("slope", -1.5)], inputs: [[7]])
    try proveLayer("elu", [("alpha", 2.5)], inputs: [[7]])
    try proveLayer("gelu", [("approximation", "tanh")], inputs: [[9]])
    try proveLayer("softplus", [("beta", 3.0)], inputs: [[7]])
    try proveLayer("reshape", [("shape", [3, 2, 2])], inputs: [[12]])
    try proveLayer("dropout", [("rate", 0.9)], inputs: [[20]])
    try proveLayer("dropout", [("rate", 0)], inputs: [[20]])
    try proveLayer("layer_normalization", [("affine", false), ("epsilon", 0.5)], inputs: [[6]])
    try proveLayer("batch_normalization", [("affine", false)], inputs: [[3, 2, 2]])
    try proveLayer(
      "batch_normalization", [("epsilon", 0.1), ("momentum", 1)], inputs: [[4]], samples: 6)
    try proveLayer("batch_normalization", inputs: [[4]], samples: 6, isTraining: false)
  }

  @Test func `layers of several inputs have no fault`() throws {
    for type in ["add", "multiply", "concatenate"] {
      for count in 2...4 {
        try proveLayer(type, inputs: Array(repeating: [2, 3], count: count), seed: count)
      }
    }
    try proveLayer("concatenate", inputs: [[2, 3, 2], [1, 3, 2], [4, 3, 2]])
    try proveLayer("concatenate", inputs: [[5], [1]])
  }

  @Test func denseLayersHaveNoFault() throws {
    for (seed, (units, shape, samples)): (Int, (Int, Shape, Int)) in [
      (1, [1], 1), (2, [2], 4), (7, [3, 2, 2], 3), (11, [13], 5),
    ].enumerated() {
      try proveLayer(
        "dense", [("units", ConfigValue(.int(units)))], inputs: [Port(shape)], samples: samples,
        seed: seed
      )
      try proveLayer(
        "dense", [("units", ConfigValue(.int(units))), ("bias", false)], inputs: [Port(shape)],
        samples: samples, seed: seed)
    }
  }

  @Test func `convolutions of random geometries have no fault`() throws {
    var proved = 0
    try withEvery("seed", in: 0..<40) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "convolution")
      let pick = random.pick
      let groups = pick(1...3, 0)
      let options =
        windowOptions(pick) + [
          ("channels", ConfigValue(.int(groups * pick(1...3, 1)))),
          ("groups", ConfigValue(.int(groups))),
          ("bias", ConfigValue(.bool(pick(0...1, 2) == 1))),
        ]
      let shape: Shape = [groups * pick(1...2, 3), pick(1...7, 4), pick(1...7, 5)]
      guard (try? makeLayer("convolution", options).plan(for: [Port(shape)])) != nil else { return }
      try proveLayer("convolution", options, inputs: [Port(shape)], samples: 2, seed: seed)
      proved += 1
    }
    #expect(proved >= 20)
  }

  @Test(arguments: ["max_pooling", "average_pooling", "lp_pooling"])
  func `poolings of random geometries have no fault`(type: String) throws {
    var proved = 0
    try withEvery("seed", in: 0..<80) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: type)
      let pick = random.pick
      var options: [(String, ConfigValue)]
      let isFlat = pick(0...3, 0) == 0
      if pick(0...7, 1) == 0 {
        options = [("global", true)]
      } else {
        options = windowOptions(pick)
        if isFlat { options = options.map { ($0.0, ConfigValue(.int($0.1.anInteger))) } }
        options.append(("ceil_mode", ConfigValue(.bool(pick(0...1, 2) == 1))))
      }
      if type == "average_pooling" {
        options.append(("count_padding", ConfigValue(.bool(pick(0...1, 3) == 1))))
      }
      if type == "lp_pooling" {
        options += [
          ("p", ConfigValue(.double([1, 1.5, 2, 2.7, 3, 8, .infinity][pick(0...6, 3)]))),
          ("normalize", ConfigValue(.bool(pick(0...1, 6) == 1))),
        ]
      }
      let shape: Shape =
        isFlat ? [pick(1...9, 4)] : [pick(1...3, 4), pick(1...7, 5), pick(1...7, 7)]
      guard (try? makeLayer(type, options).plan(for: [Port(shape)])) != nil else { return }
      try proveLayer(type, options, inputs: [Port(shape)], samples: 2, seed: seed)
      proved += 1
    }
    #expect(proved >= 30)
  }

  @Test func `lp pooling with p learned or below one has no fault`() throws {
    for (seed, p) in [1.2, 2, 3, 6.5].enumerated() {
      for normalize in [false, true] {
        try proveLayer(
          "lp_pooling",
          [
            ("window", 2), ("p", ConfigValue(.double(p))), ("learned", true),
            ("normalize", ConfigValue(.bool(normalize))),
          ], inputs: [[2, 4, 4]], seed: seed)
        try proveLayer(
          "lp_pooling",
          [
            ("window", 3), ("p", ConfigValue(.double(p / 8))), ("allow_p_below_one", true),
            ("normalize", ConfigValue(.bool(normalize))),
          ], inputs: [[6]], seed: seed)
      }
    }
  }
}

/// Random window, stride, padding and dilation, using positions from 10 on.
func windowOptions(_ pick: (ClosedRange<Int>, Int) -> Int) -> [(String, ConfigValue)] {
  func pair(_ range: ClosedRange<Int>, _ at: Int) -> ConfigValue {
    ConfigValue(
      .list([ConfigValue(.int(pick(range, at))), ConfigValue(.int(pick(range, at + 1)))]))
  }
  return [
    ("window", pair(1...3, 10)), ("stride", pair(1...3, 12)), ("padding", pair(0...2, 14)),
    ("dilation", pair(1...2, 16)),
  ]
}

extension ConfigValue {
  /// The first integer in the text.
  var anInteger: Int {
    if case .list(let items) = content { return items[0].anInteger }
    return integer ?? 0
  }
}
