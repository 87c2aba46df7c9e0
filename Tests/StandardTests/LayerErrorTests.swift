import NNExp
import TestSupport
import Testing

/// The exact errors that a user sees.
@Suite struct LayerErrorTests {
  private func expect(
    _ type: String, _ options: [(String, ConfigValue)], _ text: String,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let found = try optionErrors(type, options)
    #expect(found == text, sourceLocation: sourceLocation)
  }

  private func expectPlan(
    _ type: String, _ options: [(String, ConfigValue)], _ inputs: Port..., fact: String,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let layer = try makeLayer(type, options)
    do {
      let plan = try layer.plan(for: inputs)
      Issue.record("planned \(plan.output)", sourceLocation: sourceLocation)
    } catch let diagnostic as Diagnostic {
      #expect(diagnostic.message == fact, sourceLocation: sourceLocation)
    }
  }

  @Test func wrongDenseLayersAreReported() throws {
    try expect("dense", [], "error: missing 'units': an integer ≥ 1 is required")
    try expect(
      "dense", [("units", 0)], "error: units must be an integer ≥ 1, found the number 0")
    try expect(
      "dense", [("units", 2.5), ("bias", "no"), ("unit", 3)],
      """
      error: units must be an integer ≥ 1, found the number 2.5
      error: bias must be true or false, found the text 'no'; write true or false
      error: unknown key 'unit'; did you mean 'units'?
      """)
    try expectPlan("dense", [("units", 2)], [0], fact: "the input [0] has no numbers")
  }

  @Test func wrongConvolutionsAreReported() throws {
    try expect(
      "convolution", [],
      """
      error: missing 'channels': an integer from 1 to 65536 is required
      error: missing 'window': an integer from 1 to 65536 or one per axis, as in [rows, columns] is \
      required
      """)
    try expect(
      "convolution", [("channels", 4), ("window", [3, 0]), ("stride", 0), ("padding", -1)],
      """
      error: window must be an integer from 1 to 65536 or one per axis, as in [rows, columns], found \
      a list
      error: stride must be an integer from 1 to 65536 or one per axis, as in [rows, columns], found \
      the number 0
      error: padding must be a number, one per axis, [before, after] per axis, same or same_lower, \
      each from 0 to 65536, found -1
      """)
    try expect(
      "convolution",
      [("channels", 4), ("window", 3), ("stride", 1_000_000_000_000_000_000)],
      "error: stride must be an integer from 1 to 65536 or one per axis, as in [rows, columns], found "
        + "the number 1000000000000000000")
    try expect(
      "convolution", [("channels", 4), ("window", 3), ("groups", 3)],
      "error: groups 3 does not divide the 4 output channels")
    let options: [(String, ConfigValue)] = [("channels", 4), ("window", 3)]
    try expectPlan(
      "convolution", options, [5],
      fact: "expected [channels, positions], [channels, rows, columns] or [channels, slices, rows, "
        + "columns], found [5]")
    try expectPlan(
      "convolution", [("channels", 4), ("window", [3, 3])], [28, 28],
      fact: "the input [28, 28] has 1 image axis, but window has 2 numbers; for images of one "
        + "channel write data: {shape: [1, 28, 28]}")
    try expectPlan(
      "convolution", options + [("padding", [[1, 0], [0, 2]])], [1, 3, 4, 5],
      fact: "the input [1, 3, 4, 5] has 3 image axes, but padding has 2 numbers")
    try expectPlan(
      "convolution", [("channels", 4), ("window", [3]), ("padding", [[1, 0]])], [1, 1],
      fact: "window 3 does not fit 1 position with padding 1 before and 0 after")
    try expectPlan("convolution", options, [1, 5, 2], fact: "window 3 does not fit 2 columns")
    try expectPlan("convolution", options, [1, 1, 5], fact: "window 3 does not fit 1 row")
    try expectPlan(
      "convolution", options + [("dilation", 4), ("padding", 1)], [1, 5, 9],
      fact: "window 3 with dilation 4, 9 in all, does not fit 5 rows with padding 1 at both ends")
    try expectPlan(
      "convolution", options + [("groups", 2)], [3, 5, 5],
      fact: "groups 2 does not divide the 3 input channels")
    try expectPlan("convolution", options, [2, 0, 5], fact: "the input [2, 0, 5] has no numbers")
  }

  @Test func `wrong transposed convolutions are reported`() throws {
    let (type, options): (String, [(String, ConfigValue)]) = (
      "transposed_convolution", [("channels", 4), ("window", 3)]
    )
    try expectPlan(
      type, options + [("stride", 2), ("output_padding", 2)], [1, 5, 5],
      fact: "output_padding 2 must be less than the stride 2")
    try expectPlan(
      type, options + [("padding", "same"), ("output_padding", 1)], [1, 5, 5],
      fact: "output_padding has no effect if padding is same; remove one of them")
    try expectPlan(
      type, options + [("output_padding", [0, 0, 0])], [1, 5, 5],
      fact: "the input [1, 5, 5] has 2 image axes, but output_padding has 3 numbers")
    try expectPlan(
      type, [("channels", 4), ("window", [3]), ("padding", 4)], [1, 5],
      fact: "nothing of axis 1 is left without the padding")
    try expectPlan(
      type, options + [("groups", 2)], [3, 5, 5],
      fact: "groups 2 does not divide the 3 input channels")
  }

  @Test(arguments: ["lp_pooling", "max_pooling", "average_pooling"])
  func wrongPoolingsAreReported(type: String) throws {
    try expect(
      type, [],
      "error: missing 'window': an integer from 1 to 65536 or one per axis, as in [rows, columns] is "
        + "required")
    try expect(
      type, [("global", true), ("window", 2), ("ceil_mode", true)],
      """
      error: window has no effect if global is true; remove one of them
      error: ceil_mode has no effect if global is true; remove one of them
      """)
    try expect(
      type, [("window", 2), ("stride", [1, 2, 3, 4])],
      "error: stride must be an integer from 1 to 65536 or one per axis, as in [rows, columns], found "
        + "a list")
    try expectPlan(
      type, [("window", 2)], [3, 4],
      fact: "the input [3, 4] has one axis after the channels; write window: [2] if this is meant; "
        + "for images of one channel write data: {shape: [1, 3, 4]}")
    try expectPlan(
      type, [("window", 2)], [],
      fact: "expected [features] or [channels, …] with one to three axes after the channels, found "
        + "[]")
    try expectPlan(type, [("window", 3)], [1, 4, 2], fact: "window 3 does not fit 2 columns")
    try expectPlan(type, [("window", 3)], [2], fact: "window 3 does not fit 2 features")
    try expectPlan(type, [("window", 3)], [1], fact: "window 3 does not fit 1 feature")
    try expectPlan(
      type, [("window", [2, 3])], [8],
      fact: "the input [8] has 1 image axis, but window has 2 numbers")
    try expectPlan(
      type, [("window", 2), ("padding", 2)], [1, 4, 4],
      fact: "a window of 2 rows would lie entirely in the padding of 2; reduce the padding")
    // Dilated beyond the only column.
    try expectPlan(
      type, [("window", [1, 2]), ("dilation", 2), ("padding", [0, 1])], [1, 4, 1],
      fact: "a window of 2 columns would lie entirely in the padding of 1; reduce the padding")
    try expectPlan(type, [("global", true)], [2, 0, 3], fact: "the input [2, 0, 3] has no numbers")
  }

  @Test func `a wrong p of lp pooling is reported`() throws {
    for (p, text): (ConfigValue, String) in [
      (0, "0"), (-1, "-1"), (ConfigValue(.double(.nan)), "nan"), (0.5, "0.5"),
      (ConfigValue(.double(-.infinity)), "-inf"),
    ] {
      try expect(
        "lp_pooling", [("window", 2), ("p", p)],
        "error: p must be a number ≥ 1 or .inf, found the number \(text)")
    }
    for (p, text): (ConfigValue, String) in [
      (0, "0"), (-1, "-1"), (ConfigValue(.double(.nan)), "nan"),
    ] {
      try expect(
        "lp_pooling", [("window", 2), ("p", p), ("allow_p_below_one", true)],
        "error: p must be a number > 0 or .inf, found the number \(text)")
    }
    for (p, text): (ConfigValue, String) in [(1, "1"), (ConfigValue(.double(.infinity)), ".inf")] {
      try expect(
        "lp_pooling", [("window", 2), ("p", p), ("learned", true)],
        "error: a learned p must be finite and above 1 initially, found \(text)")
    }
    try expect(
      "lp_pooling", [("window", 2), ("p", "three"), ("normalise", true)],
      """
      error: p must be a number ≥ 1 or .inf, found the text 'three'
      error: unknown key 'normalise'; did you mean 'normalize'?
      """)
  }

  @Test func `wrong options of the other layers are reported`() throws {
    try expect(
      "leaky_relu", [("slope", ConfigValue(.double(.infinity)))],
      "error: slope must be a number (finite), found the number inf")
    try expect(
      "elu", [("alpha", -1)], "error: alpha must be a number ≥ 0, found the number -1")
    try expect(
      "gelu", [("approximation", "tan")],
      "error: approximation must be one of: none, tanh, found the text 'tan'; did you mean 'tanh'?")
    try expect(
      "softplus", [("beta", 0)], "error: beta must be a number > 0, found the number 0")
    try expect(
      "dropout", [("rate", 1)],
      "error: rate must be a number from 0 to 1 (1 excluded), found the number 1")
    try expect(
      "batch_normalization", [("momentum", 2), ("epsilon", 0)],
      """
      error: epsilon must be a number > 0, found the number 0
      error: momentum must be a number from 0 to 1, found the number 2
      """)
    try expect(
      "layer_normalization", [("width", 1)],
      """
      error: unknown key 'width'
      note: known keys: affine, axes, epsilon
      """)
    try expect("sigmoid", [("slope", 1)], "error: unknown key 'slope'")
    try expect(
      "reshape", [("shape", [2, -1])],
      "error: shape must be a list of 1 to 4 integers, each an integer ≥ 0, found a list")
    try expect(
      "reshape", [("shape", [1, 2, 2, 1, 2])],
      "error: shape must be a list of 1 to 4 integers, each an integer ≥ 0, found a list")
    try expect(
      "reshape", [],
      "error: missing 'shape': a list of 1 to 4 integers, each an integer ≥ 0 is required")
  }

  @Test func `wrong inputs of the other layers are reported`() throws {
    try expectPlan(
      "reshape", [("shape", [3, 3])], [8],
      fact: "cannot reshape [8] into [3, 3]: 8 numbers are not 9")
    for type in ["add", "multiply"] {
      try expectPlan(
        type, [], [2, 3], [2, 3], [6],
        fact:
          "the inputs must have one shape, or extents of 1 where they differ, found [2, 3] and [6]")
    }
    for other: Port in [[6], [1, 4], [2, 3, 1]] {
      try expectPlan(
        "concatenate", [], [2, 3], other,
        fact: "the inputs may differ only in their first extent, found [2, 3] and \(other)")
    }
    try expectPlan(
      "matrix_product", [], [2, 3], [2, 4],
      fact:
        "the columns of the first matrix must be as many as the rows of the second, found 3 and 2")
    try expectPlan(
      "matrix_product", [], [2, 3], [3],
      fact: "expected two matrices, or two lists of as many matrices, found [2, 3] and [3]")
    try expectPlan("reduce", [("axes", [2])], [2, 3], fact: "the input [2, 3] has no axis 2")
    try expectPlan(
      "split", [("sizes", [2, 3])], [6],
      fact: "the sizes of the parts must add up to the extent 6 of axis 0, found 5")
    try expectPlan(
      "group_normalization", [("groups", 2)], [3, 4],
      fact: "groups 2 does not divide the channels of the input [3, 4]")
    try expectPlan(
      "instance_normalization", [], [3],
      fact: "expected [channels, …] with one to three axes after the channels, found [3]")
    for type in ["softmax", "log_softmax"] {
      try expectPlan(type, [("axis", 1)], [3], fact: "the input [3] has no axis 1")
    }
    try expectPlan(
      "layer_normalization", [("axes", [1])], [3], fact: "the input [3] has no axis 1")
    try expectPlan(
      "embedding", [("size", 2), ("padding", 4)], .indices(below: 4, [3]),
      fact: "padding 4 is not an index below 4")
    try expectPlan(
      "adaptive_pooling", [("output", 2)], [3, 4],
      fact: "the input [3, 4] has one axis after the channels; write output: [2] if this is meant; "
        + "for images of one channel write data: {shape: [1, 3, 4]}")
    try expectPlan("glu", [], [3], fact: "the extent of axis 0 must be even, found [3]")
    try expectPlan("batch_normalization", [], [0], fact: "the input [0] has no numbers")
    try expectPlan("layer_normalization", [], [2, 0], fact: "the input [2, 0] has no numbers")
  }

  @Test func `wrong sizes of images are reported`() throws {
    try expect("resize", [], "error: missing 'size' or 'factor'")
    try expect(
      "resize", [("size", 3), ("factor", 2)],
      "error: size and factor exclude each other; remove one of them")
    try expect(
      "resize", [("size", [0, 3]), ("mode", "bicubic"), ("coefficient", 1)],
      """
      error: size must be an integer from 1 to 65536 or one per axis, as in [rows, columns], found a \
      list
      error: mode must be one of: nearest, linear, cubic, found the text 'bicubic'; did you mean \
      'cubic'?
      error: coefficient must be a number from -1 to 0, found the number 1
      """)
    for factor: ConfigValue in [0, -1, 65_537, [1, 2, 3, 4], [], "2"] {
      try expect(
        "resize", [("factor", factor)],
        "error: factor must be a number > 0 and ≤ 65536, or one per image axis, found \(factor.flow)"
      )
    }
    for region: ConfigValue in [0, [0, 1], [[0]], [], [[0, ConfigValue(.double(.nan))]]] {
      try expect(
        "resize", [("size", 3), ("region", region)],
        "error: region must be [start, end] per image axis, as parts of its extent, found "
          + region.flow)
    }
    try expect(
      "resize",
      [
        ("factor", 2), ("aspect_ratio", "not_larger"), ("coefficient", -0.5),
        ("exclude_outside", true), ("antialias", true), ("region", [[0, 1]]), ("extrapolation", 1),
      ],
      """
      error: aspect_ratio has no effect without size; remove it
      error: coefficient has no effect without mode: cubic; remove it
      error: exclude_outside has no effect without mode: linear or mode: cubic; remove it
      error: antialias has no effect without mode: linear or mode: cubic; remove it
      error: region has no effect without coordinates: tf_crop_and_resize; remove it
      error: extrapolation has no effect without coordinates: tf_crop_and_resize; remove it
      """)
    try expect(
      "resize", [("size", 3), ("mode", "linear"), ("rounding", "ceil")],
      "error: rounding has no effect without mode: nearest; remove it")
    try expect(
      "resize", [("size", 3), ("coordinates", "tf_crop_and_resize")],
      "error: tf_crop_and_resize needs the region of the input")
    try expectPlan(
      "resize", [("size", [3, 4])], [2, 5],
      fact: "the input [2, 5] has 1 image axes, but size has 2 numbers")
    try expectPlan(
      "resize", [("factor", 0.3)], [2, 3, 4],
      fact: "nothing of axis 1 of the input [2, 3, 4] is left")
    try expectPlan("resize", [("size", 2)], [2, 0], fact: "the input [2, 0] has no numbers")
    try expectPlan("upsample", [("factor", 2)], [], fact: "an input without axes cannot be resized")
    try expect("slice", [("step", 0)], "error: step must be a number other than 0")
  }

  /// Rejecting absurd extents is the engine's task, but planning must not trap.
  @Test func `planning with absurd extents throws or gives a plan`() throws {
    let huge: [Shape] = [
      [.max], [.max, .max, .max], [65_536, .max, 1], [1, 1, .max], [.max, 1, 1], [1, 0, 0], [0],
      [1 << 62, 1 << 62, 3], [],
    ]
    for type in standardRegistry.layers.names {
      let windowed: [(String, ConfigValue)] = [
        ("channels", 65_536), ("window", 65_536), ("stride", 65_536), ("dilation", 65_536),
        ("padding", 65_536), ("output_padding", 0), ("cropping", 65_536), ("axes", [0]),
        ("sizes", [1, 1]), ("groups", 2), ("output", [2, 2]),
        ("factor", 65_536),
        ("ceil_mode", true), ("units", ConfigValue(.int(.max))),
        ("size", ConfigValue(.int(.max))), ("y", "sum(x)"),
        ("shape", [ConfigValue(.int(.max)), ConfigValue(.int(.max))]),
      ]
      for picked in [
        windowed, windowed.filter { type == "pad" || $0.0 != "padding" && $0.0 != "dilation" },
      ] {
        var probe = Options()
        _ = try standardRegistry.layers[type]!.make(&probe)
        let known = Set(probe.descriptions.map(\.key))
        let layer = try makeLayer(
          type, picked.filter { known.contains($0.0) && !(type == "resize" && $0.0 == "size") })
        for shape in huge {
          let count = layer.inputCount.lowerBound
          do {
            let plan = try layer.plan(for: Array(repeating: Port(shape), count: count))
            #expect(plan.output.count >= 0 && plan.work >= 0, "\(type) on \(shape)")
          } catch { #expect(error is Diagnostic, "\(type) on \(shape)") }
        }
      }
    }
  }

  @Test func `every layer type has documentation`() throws {
    #expect(standardRegistry.layers.names.count == 59)
    for name in standardRegistry.layers.names {
      let type = try #require(standardRegistry.layers[name])
      let manual = type.documentation
      #expect(type.name == name)
      #expect(!manual.summary.isEmpty && !manual.summary.hasSuffix("."), "\(name)")
      // Indices have no derivative.
      #expect(manual.equation.contains(name == "embedding" ? "∂E" : "∂x"), "\(name)")
      #expect(manual.shapes.contains(name == "formula" ? "the inputs' shape" : "→"), "\(name)")
      #expect(manual.example.contains(name), "\(name)")
      var options = Options()
      _ = try type.make(&options)
      for option in options.descriptions {
        #expect(!option.explanation.isEmpty, "\(name): \(option.key)")
      }
    }
  }
}
