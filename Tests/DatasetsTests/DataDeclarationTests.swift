import Foundation
import NNExp
import Testing

@testable import Datasets

/// The whole section: sources, missing files, defaults.
@Suite struct DataDeclarationTests {
  func errors(_ section: String) throws -> String {
    try TestFolder(["a.csv": "x,t\n1,2\n"]).errors(section)
  }

  @Test func inlineDataAreReadAsWritten() throws {
    let folder = try TestFolder([:] as [String: String])
    let xor = try folder.load(
      "inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}")
    #expect(xor.inputShape == [2])
    #expect(xor.target == .values([1]))
    #expect(xor.train.inputs == [0, 0, 0, 1, 1, 0, 1, 1])
    #expect(xor.train.targets == [0, 1, 1, 0])
    #expect(xor.files.isEmpty)
    #expect(xor.inputNames == ["input_0", "input_1"])

    let flat = try folder.load("inline: {inputs: [1, 2.5], targets: [b, a]}")
    #expect(flat.inputShape == [1])
    #expect(flat.inputNames == ["input"])
    #expect(flat.classNames == ["a", "b"])
    #expect(flat.train.targets == [1, 0])
    let indices = try folder.load(
      "inline: {inputs: [1, 2], targets: [1, 0]}\ntarget_kind: classes")
    #expect(indices.target == .classes(2))
    #expect(
      try folder.load("inline: {inputs: [[1, 2, 3, 4]], targets: [1]}\nshape: [1, 2, 2]").inputShape
        == [1, 2, 2])
  }

  @Test func wrongInlineDataAreReported() throws {
    #expect(
      try errors("inline: {inputs: [[0, 0], [0], [1, x]], targets: [1, 2, .nan]}") == """
        test.yaml:1:27: error: this row has 1 number, but the first has 2
            inline: {inputs: [[0, 0], [0], [1, x]], targets: [1, 2, .nan]}
                                      ^
        test.yaml:1:19: note: the first row
            inline: {inputs: [[0, 0], [0], [1, x]], targets: [1, 2, .nan]}
                              ^
        test.yaml:1:36: error: expected a number in inputs, found the text 'x'
            inline: {inputs: [[0, 0], [0], [1, x]], targets: [1, 2, .nan]}
                                               ^
        test.yaml:1:57: error: targets must be finite, found the number .nan
            inline: {inputs: [[0, 0], [0], [1, x]], targets: [1, 2, .nan]}
                                                                    ^
        """)
    #expect(
      try errors("inline: {inputs: [1, 2], targets: [1, 2, 3]}") == """
        test.yaml:1:35: error: 3 targets for 2 inputs
            inline: {inputs: [1, 2], targets: [1, 2, 3]}
                                              ^
        test.yaml:1:18: note: the inputs
            inline: {inputs: [1, 2], targets: [1, 2, 3]}
                             ^
        """)
    #expect(
      try errors("inline: {inputs: [1, 2], targets: [1, a]}") == """
        test.yaml:1:39: error: targets are numbers or class names, not both: expected a number as \
        in the first row
            inline: {inputs: [1, 2], targets: [1, a]}
                                                  ^
        """)
    #expect(
      try errors("inline: {inputs: []}") == """
        test.yaml:1:18: error: inputs must be a list of rows of numbers, found an empty list
            inline: {inputs: []}
                             ^
        test.yaml:1:9: error: missing 'targets': a list of rows of numbers, or of class names is \
        required
            inline: {inputs: []}
                    ^
        """)
  }

  @Test func missingAndWrongSourcesAreReported() throws {
    #expect(
      try errors("shape: [1]") == """
        test.yaml:1:1: error: missing source: one of inline, csv, idx, npy, npz, generated is \
        required
            shape: [1]
            ^
        """)
    #expect(
      try errors("csv: a.csv\nnpz: a.npz") == """
        test.yaml:2:6: error: two sources, 'csv' and 'npz': keep one
            npz: a.npz
                 ^
        """)
    #expect(
      try errors("csv: {path: a.csv, delimeter: \";\"}\nscael: none") == """
        test.yaml:1:20: error: unknown key 'delimeter'; did you mean 'delimiter'?
            csv: {path: a.csv, delimeter: ";"}
                               ^
        test.yaml:2:1: error: unknown key 'scael'; did you mean 'scale'?
            scael: none
            ^
        """)
    #expect(
      try errors("idx: a.idx") == """
        test.yaml:1:6: error: idx must be a mapping, found the text 'a.idx'
            idx: a.idx
                 ^
        note: known keys: inputs, targets
        """)
  }

  @Test func resolvedSettingsHaveEveryDefault() throws {
    #expect(
      try resolved("csv: a.csv") == """
        {csv: {path: a.csv, delimiter: ",", header: true, decimal: ".", thousands: null, \
        comment: null, skip_rows: 0, encoding: utf8, \
        missing: [NA, N/A, "#N/A", NaN, "-NaN", "null", "?"]}, \
        target_kind: auto, one_hot: false, limit: null, stream: false}
        """)
    #expect(
      try resolved(
        "csv: {path: a.csv, targets: [t]}\nclasses: 3\nshape: [2]\nsplit: {test: 0.1}\n"
          + "scale: min_max\nvalidation: {csv: v.csv}")
          == """
          {csv: {path: a.csv, delimiter: ",", header: true, decimal: ".", thousands: null, \
          comment: null, skip_rows: 0, encoding: utf8, \
          missing: [NA, N/A, "#N/A", NaN, "-NaN", "null", "?"], \
          targets: [t]}, target_kind: auto, \
          classes: 3, one_hot: false, shape: [2], limit: null, stream: false, split: \
          {validation: 0, test: 0.1, stratified: false}, scale: {inputs: min_max, targets: none}, \
          validation: {csv: {path: v.csv, delimiter: ",", header: true, decimal: ".", thousands: null, \
          comment: null, skip_rows: 0, encoding: utf8, \
          missing: [NA, N/A, "#N/A", NaN, "-NaN", "null", "?"]}}}
          """)
  }

  // MARK: Files

  @Test func aMissingFileIsReportedWithASuggestion() throws {
    #expect(
      try errors("csv: b.csv") == """
        test.yaml:1:6: error: no such file: 'b.csv'; did you mean 'a.csv'?
            csv: b.csv
                 ^
        """)
    #expect(
      try errors("csv: nowhere/else.csv") == """
        test.yaml:1:6: error: no such file: 'nowhere/else.csv'
            csv: nowhere/else.csv
                 ^
        """)
    #expect(
      try errors("csv: \"a\\0b\"").hasPrefix(
        "test.yaml:1:6: error: a path cannot contain the character NUL"))
  }

  @Test func filesThatAreNotRegularAreRefused() throws {
    let folder = try TestFolder([:] as [String: String])
    mkfifo(folder.path + "/fifo", 0o600)
    try FileManager.default.createDirectory(
      atPath: folder.path + "/folder", withIntermediateDirectories: false)
    for (path, kind) in [
      ("fifo", "a FIFO"), ("folder", "a directory"), ("/dev/zero", "a device"),
      ("/dev/null", "a device"),
    ] {
      #expect(
        folder.errors("csv: \(path)") == """
          test.yaml:1:6: error: cannot read '\(path)': it is \(kind), not a regular file
              csv: \(path)
                   ^
          """)
    }
    symlink("loop", folder.path + "/loop")
    #expect(folder.errors("csv: loop").contains("error: cannot read 'loop': Too many levels"))
  }

  @Test func everyFileIsRecordedOnce() throws {
    let folder = try TestFolder(["a.csv": "abc,t\n1,2\n"])
    let data = try folder.load("csv: a.csv\ntest: {csv: a.csv}")
    #expect(data.files.count == 1)
    #expect(data.files[0].size == 10)
    // printf 'abc,t\n1,2\n' | sha256sum
    #expect(
      data.files[0].sha256 == "84026efed1bf540596d2d602da8b5ef9d77f11852f0269222aac090212b8d031")
    #expect(data.test?.targets == [2])
  }

  // MARK: Generators

  /// x = n + u, t = n, with u uniform from the stream.
  struct Counter: Generator, Component {
    static let typeName = "counter"
    let samples: Int
    let value: Double
    let hasClasses: Bool
    init(from options: inout Options) {
      samples = options.int("samples", in: 0..., "how many")
      value = options.double("value", default: 0, in: .atLeastOrInfinite(0))
      hasClasses = options.bool("classes", default: false)
      hasFiveAxes = options.bool("five_axes", default: false)
    }
    let hasFiveAxes: Bool
    var inputShape: Shape { hasFiveAxes ? [2, 1, 1, 1, 1] : [2] }
    var target: Target { hasClasses ? .classes(3) : .values([1]) }
    func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream) {
      for i in 0..<samples {
        inputs[2 * i] = Double(i) + value
        inputs[2 * i + 1] = random.uniform(at: i)
        targets[i] = Double(hasClasses ? i % 3 : i)
      }
    }
  }

  @Test func `a shape of five axes is refused`() throws {
    #expect(
      try errors("inline: {inputs: [[1, 2]], targets: [1]}\nshape: [1, 1, 1, 1, 2]") == """
        test.yaml:2:8: error: shape must be a list of 1 to 4 integers, each an integer ≥ 1, found a list
            shape: [1, 1, 1, 1, 2]
                   ^
        """)
  }

  @Test func generatedDataFollowFromTheSeed() throws {
    let folder = try TestFolder([:] as [String: String])
    folder.registry.register(Counter.self)
    let section = """
      generated: {type: counter, samples: 5}
      validation: {generated: {type: counter, samples: 5}}
      test: {generated: {type: counter, samples: 2}}
      """
    let data = try folder.load(section)
    #expect(data.inputShape == [2])
    #expect(data.target == .values([1]))
    #expect(data.train.targets == [0, 1, 2, 3, 4])
    #expect(data.train.inputs == (try folder.load(section)).train.inputs)
    #expect(data.train.inputs != (try folder.load(section, seed: 2)).train.inputs)
    // Each part draws its own numbers.
    #expect(data.validation?.inputs != data.train.inputs)
    #expect(data.test?.inputs[1] != data.validation?.inputs[1])

    let classes = try folder.load("generated: {type: counter, samples: 4, classes: true}")
    #expect(classes.target == .classes(3))
    #expect(classes.train.targets == [0, 1, 2, 0])
    #expect(classes.classNames == ["0", "1", "2"])

    for (options, message) in [
      ("samples: 0", "generator 'counter' makes no samples"),
      ("samples: 2, value: .inf", "generator 'counter' made the number inf in its inputs"),
      (
        "samples: 9000000000000000000",
        "generator 'counter' makes more numbers than any memory can contain"
      ),
      (
        "samples: 2, five_axes: true",
        "generator 'counter' makes inputs [2, 1, 1, 1, …] of 5 axes; at most 4 are supported"
      ),
    ] {
      #expect(
        folder.errors("generated: {type: counter, \(options)}") == """
          test.yaml:1:12: error: \(message)
              generated: {type: counter, \(options)}
                         ^
          """)
    }
    #expect(
      folder.errors("generated: {type: counter, samples: 1000000000000}").hasPrefix(
        "test.yaml:1:12: error: generator 'counter' needs 24000000000000 bytes of memory, and"))
    #expect(
      folder.errors("generated: countr") == """
        test.yaml:1:12: error: unknown generator type 'countr'; did you mean 'counter'?
            generated: countr
                       ^
        note: known types: counter
        """)
  }
}
