import NNExp
import TestSupport
import Testing

@testable import Datasets

/// All errors in declarations of ports, with their whole messages.
@Suite struct PortErrorTests {
  let folder: TestFolder

  init() throws { folder = try TestFolder(["a.csv": "x,y,s,t\n1,2,no,4\n5,6,yes,8\n"]) }

  @Test func wrongNamesOfPortsAreReported() {
    #expect(
      folder.errors(
        """
        csv: {path: a.csv, inputs: {Image Data: x, loss: y, inputs: t},
          targets: {targets: s, p: [2.5]}}
        """) == """
          test.yaml:1:29: error: a port cannot be named 'Image Data': a name has lowercase letters, \
          digits and '_', and starts with a letter; did you mean 'image_data'?
              csv: {path: a.csv, inputs: {Image Data: x, loss: y, inputs: t},
                                          ^
          test.yaml:1:44: error: a port cannot be named 'loss': the name is reserved, as are input, \
          type, epoch, step, learning_rate, train, validation, test
              csv: {path: a.csv, inputs: {Image Data: x, loss: y, inputs: t},
                                                         ^
          test.yaml:1:53: error: a port cannot be named 'inputs': in 'scale' the name means all inputs
              csv: {path: a.csv, inputs: {Image Data: x, loss: y, inputs: t},
                                                                  ^
          test.yaml:2:13: error: a port cannot be named 'targets': in 'scale' the name means all \
          targets
              targets: {targets: s, p: [2.5]}}
                        ^
          test.yaml:2:29: error: p must be a column's name, index, pattern or range, or a list of \
          these, found the number 2.5
              targets: {targets: s, p: [2.5]}}
                                        ^
          """)
    #expect(
      folder.errors("npz: {path: a.npz, inputs: {}, targets: {p: 3}}") == """
        test.yaml:1:28: error: 'inputs' names no ports; write {NAME: …}, or one value without a name
            npz: {path: a.npz, inputs: {}, targets: {p: 3}}
                                       ^
        test.yaml:1:45: error: p must be a text, found the number 3
            npz: {path: a.npz, inputs: {}, targets: {p: 3}}
                                                        ^
        """)
  }

  @Test func columnsOfTwoPortsAreReported() {
    #expect(
      folder.errors("csv: {path: a.csv, inputs: {a: [x, s], b: \"*\"}, targets: t}") == """
        test.yaml:1:43: error: column 'x' is in the ports 'a' and 'b'
            csv: {path: a.csv, inputs: {a: [x, s], b: "*"}, targets: t}
                                                      ^
        """)
    #expect(
      folder.errors("csv: {path: a.csv, inputs: x, targets: {a: s, b: s}}") == """
        test.yaml:1:50: error: column 's' is in the ports 'a' and 'b'
            csv: {path: a.csv, inputs: x, targets: {a: s, b: s}}
                                                             ^
        """)
    #expect(
      folder.errors("csv: {path: a.csv, inputs: {a: x, b: t}, targets: {c: t}}") == """
        test.yaml:1:13: error: column 't' is an input and a target too
            csv: {path: a.csv, inputs: {a: x, b: t}, targets: {c: t}}
                        ^
        """)
    #expect(
      folder.errors("csv: {path: a.csv, inputs: {a: x, b: z}, targets: t}") == """
        test.yaml:1:38: error: no column 'z' in 'a.csv'
            csv: {path: a.csv, inputs: {a: x, b: z}, targets: t}
                                                 ^
        note: columns: x, y, s, t
        """)
  }

  @Test func settingsOfUnknownPortsAreReported() {
    #expect(
      folder.errors(
        """
        csv: {path: a.csv, inputs: {image: x, table: y}, targets: {price: t, sold: s}}
        shape: {imag: [1], sold: [1]}
        target_kind: {image: classes}
        classes: {solt: 2}
        scale: {imag: min_max, prise: none, input: none}
        """) == """
          test.yaml:3:15: error: there is no target port 'image'
              target_kind: {image: classes}
                            ^
          note: target ports: price, sold
          test.yaml:4:11: error: there is no target port 'solt'; did you mean 'sold'?
              classes: {solt: 2}
                        ^
          note: target ports: price, sold
          test.yaml:2:9: error: there is no input port 'imag'; did you mean 'image'?
              shape: {imag: [1], sold: [1]}
                      ^
          note: input ports: image, table
          test.yaml:2:20: error: there is no input port 'sold'
              shape: {imag: [1], sold: [1]}
                                 ^
          note: input ports: image, table
          test.yaml:5:9: error: there is no port 'imag'; did you mean 'image'?
              scale: {imag: min_max, prise: none, input: none}
                      ^
          note: keys of 'scale': inputs, targets and the ports image, table, price, sold
          test.yaml:5:24: error: there is no port 'prise'; did you mean 'price'?
              scale: {imag: min_max, prise: none, input: none}
                                     ^
          note: keys of 'scale': inputs, targets and the ports image, table, price, sold
          test.yaml:5:37: error: there is no port 'input'; did you mean 'inputs'?
              scale: {imag: min_max, prise: none, input: none}
                                                  ^
          note: keys of 'scale': inputs, targets and the ports image, table, price, sold
          """)
  }

  @Test func settingsByPortAreReportedIfTheDataNameNone() {
    #expect(
      folder.errors(
        """
        csv: a.csv
        shape: {image: [1]}
        classes: {sold: 2}
        scale: {image: min_max, imputs: none}
        """) == """
          test.yaml:3:10: error: 'classes' is a mapping from target ports, but the data name no \
          target ports
              classes: {sold: 2}
                       ^
          note: name ports in the source: csv: {targets: {sold: …}}
          test.yaml:2:8: error: 'shape' is a mapping from input ports, but the data name no input ports
              shape: {image: [1]}
                     ^
          note: name ports in the source: csv: {inputs: {image: …}}
          test.yaml:4:9: error: there is no port 'image': the data name no ports
              scale: {image: min_max, imputs: none}
                      ^
          note: keys of 'scale': inputs, targets
          note: name ports in the source: csv: {inputs: {image: …}}
          test.yaml:4:25: error: unknown key 'imputs'; did you mean 'inputs'?
              scale: {image: min_max, imputs: none}
                                      ^
          """)
    #expect(
      folder.errors("csv: {path: a.csv, inputs: {a: x}}\ntarget_kind: {target: values}") == """
        test.yaml:2:14: error: 'target_kind' is a mapping from target ports, but the data name no \
        target ports
            target_kind: {target: values}
                         ^
        note: name ports in the source: csv: {targets: {target: …}}
        """)
  }

  /// The source of a plugin and a generator have one input port and one target port.
  @Test func settingsByPortAreReportedForSourcesWithoutPorts() throws {
    struct Two: DataSource, Component {
      static let typeName = "two"
      static let documentation = Documentation("two samples", example: "data: {two: {}}")
      init(from options: inout Options) {}
      func read(_ request: DataRequest) throws -> SourceSamples {
        try SourceSamples(inputs: [1, 2], of: [1], targets: [3, 4], of: .values([1]))
      }
    }
    folder.registry.register(Two.self)
    #expect(
      folder.errors("two: {}\nshape: {a: [1]}\nscale: {a: none}") == """
        test.yaml:2:8: error: 'shape' is a mapping from input ports, but the data name no input ports
            shape: {a: [1]}
                   ^
        note: data of 'two' have one input port; give one value
        test.yaml:3:9: error: there is no port 'a': the data name no ports
            scale: {a: none}
                    ^
        note: keys of 'scale': inputs, targets
        """)
    #expect(
      folder.errors("csv: {path: a.csv, inputs: {a: x}, targets: t}\ntest: {two: {}}") == """
        test.yaml:2:13: error: the test data name no input ports, but the training data have a
            test: {two: {}}
                        ^
        """)
  }

  @Test func wrongSettingsOfPortsAreReported() {
    let source = "csv: {path: a.csv, inputs: {a: x, b: y}, targets: {c: t, d: s}}\n"
    #expect(
      folder.errors(
        source + "shape: {a: 3}\nclasses: {d: 0}\ntarget_kind: {c: number}\nscale: {a: best}")
          == """
          test.yaml:4:18: error: c must be one of: auto, values, classes, found the text 'number'
              target_kind: {c: number}
                               ^
          test.yaml:3:14: error: d must be the number of classes (1 to 16777216) or the list of their \
          names, found the number 0
              classes: {d: 0}
                           ^
          test.yaml:2:12: error: a must be a list of 1 to 4 integers, each an integer ≥ 1, found the \
          number 3
              shape: {a: 3}
                         ^
          test.yaml:5:12: error: a must be one of: none, standardize, min_max, robust, log or \
          {divide: NUMBER}, found the text 'best'
              scale: {a: best}
                         ^
          """)
    #expect(
      folder.errors(source + "shape: {b: [2, 2]}") == """
        test.yaml:2:12: error: shape [2, 2] does not fit the 1 input of port 'b' of a sample
            shape: {b: [2, 2]}
                       ^
        """)
    #expect(
      folder.errors(source + "scale: {targets: min_max, d: min_max}") == """
        test.yaml:2:30: error: classes cannot be scaled
            scale: {targets: min_max, d: min_max}
                                         ^
        """)
    #expect(
      folder.errors(source + "classes: {c: 9}\ntarget_kind: {c: values}") == """
        test.yaml:2:14: error: 'classes' of port 'c' contradicts 'target_kind: values'
            classes: {c: 9}
                         ^
        """)
    #expect(
      folder.errors(source + "classes: [no, yes]\ntarget_kind: {c: values}") == "no error")
    #expect(
      folder.errors(
        "csv: {path: a.csv, inputs: x, targets: {c: t, d: y}}\none_hot: true") == """
          test.yaml:2:10: error: 'one_hot' needs class targets; give 'target_kind: classes'
              one_hot: true
                       ^
          """)
  }

  @Test func validationDataWithOtherPortsAreReported() {
    #expect(
      folder.errors(
        """
        csv: {path: a.csv, inputs: {image: x, table: y}, targets: t}
        validation: {csv: {path: a.csv, inputs: {imag: x}, targets: {c: t}}}
        test: {npz: {path: a.npz, inputs: x, targets: t}}
        """) == """
          test.yaml:2:42: error: there is no input port 'imag'; did you mean 'image'?
              validation: {csv: {path: a.csv, inputs: {imag: x}, targets: {c: t}}}
                                                       ^
          note: input ports of the training data: image, table
          test.yaml:2:19: error: the validation data have no input port 'image'
              validation: {csv: {path: a.csv, inputs: {imag: x}, targets: {c: t}}}
                                ^
          test.yaml:1:29: note: the port of the training data
              csv: {path: a.csv, inputs: {image: x, table: y}, targets: t}
                                          ^
          test.yaml:2:19: error: the validation data have no input port 'table'
              validation: {csv: {path: a.csv, inputs: {imag: x}, targets: {c: t}}}
                                ^
          test.yaml:1:39: note: the port of the training data
              csv: {path: a.csv, inputs: {image: x, table: y}, targets: t}
                                                    ^
          test.yaml:2:62: error: the validation data name target ports, but the training data do not
              validation: {csv: {path: a.csv, inputs: {imag: x}, targets: {c: t}}}
                                                                           ^
          test.yaml:3:13: error: the test data name no input ports, but the training data have image, \
          table
              test: {npz: {path: a.npz, inputs: x, targets: t}}
                          ^
          """)
    #expect(
      folder.errors(
        """
        inline: {inputs: {a: [[1, 2]]}, targets: {c: [[3, 4]]}}
        validation: {inline: {inputs: {a: [1]}, targets: {c: [[3, 4]]}}}
        """) == """
          test.yaml:2:36: error: port 'a' has 1 input here, but 2 in the training data
              validation: {inline: {inputs: {a: [1]}, targets: {c: [[3, 4]]}}}
                                                 ^
          """)
    #expect(
      folder.errors(
        """
        inline: {inputs: {a: [[1, 2]]}, targets: {c: [[3, 4]]}}
        validation: {inline: {inputs: {a: [[1, 2]]}, targets: {c: [3]}}}
        """) == """
          test.yaml:2:60: error: port 'c' has 1 target here, but 2 in the training data
              validation: {inline: {inputs: {a: [[1, 2]]}, targets: {c: [3]}}}
                                                                         ^
          """)
    #expect(
      folder.errors(
        """
        inline: {inputs: {a: [1]}, targets: {c: [3]}}
        validation: {inline: {inputs: {a: [1]}, targets: {c: [no]}}}
        """) == """
          test.yaml:2:55: error: expected numbers as targets of port 'c', as in the training data, \
          found texts
              validation: {inline: {inputs: {a: [1]}, targets: {c: [no]}}}
                                                                    ^
          """)
  }

  @Test func differentNumbersOfRowsAreReported() throws {
    #expect(
      folder.errors("inline: {inputs: {a: [1, 2], b: [1]}, targets: [1, 2, 3]}") == """
        test.yaml:1:33: error: 1 input of port 'b' for 2 inputs of port 'a'
            inline: {inputs: {a: [1, 2], b: [1]}, targets: [1, 2, 3]}
                                            ^
        test.yaml:1:22: note: the inputs of port 'a'
            inline: {inputs: {a: [1, 2], b: [1]}, targets: [1, 2, 3]}
                                 ^
        test.yaml:1:48: error: 3 targets for 2 inputs of port 'a'
            inline: {inputs: {a: [1, 2], b: [1]}, targets: [1, 2, 3]}
                                                           ^
        test.yaml:1:22: note: the inputs of port 'a'
            inline: {inputs: {a: [1, 2], b: [1]}, targets: [1, 2, 3]}
                                 ^
        """)
    try folder.write(ArrayWriter.npy([1, 2], [2]), to: "x.npy")
    try folder.write(ArrayWriter.npy([1, 2, 3], [3]), to: "y.npy")
    #expect(
      folder.errors("npy: {inputs: {a: x.npy, b: y.npy}, targets: x.npy}") == """
        test.yaml:1:19: error: 'x.npy' holds 2 samples, but 'y.npy' holds 3
            npy: {inputs: {a: x.npy, b: y.npy}, targets: x.npy}
                              ^
        """)
    try folder.write(ArrayWriter.npz([("a", ArrayWriter.npy([1], [1]))]), to: "a.npz")
    #expect(
      folder.errors("npz: {path: a.npz, inputs: {a: a, b: aa}, targets: a}") == """
        test.yaml:1:38: error: 'a.npz': no array 'aa'; did you mean 'a'?
            npz: {path: a.npz, inputs: {a: a, b: aa}, targets: a}
                                                 ^
        note: arrays: a
        """)
  }

  @Test func anArchiveCannotBeStreamed() {
    #expect(
      folder.errors("npz: {path: a.npz, inputs: {a: a, b: b}, targets: a}\nstream: true") == """
        test.yaml:2:9: error: only csv, idx and npy data can be streamed
            stream: true
                    ^
        """)
  }

  /// An error in the source leaves its ports unknown, so that nothing else is reported about
  /// them.
  @Test func anErrorInTheSourceIsTheOnlyOne() {
    #expect(
      folder.errors(
        """
        csv: {path: a.csv, inputs: {image: x}, targets: {sold: s}, delimeter: ","}
        shape: {image: [1]}
        indices: {other: auto}
        classes: {sold: [no, yes]}
        scale: {image: none}
        split: {validation: 0.5, stratified: sold}
        validation: {csv: {path: a.csv, inputs: {image: x}}}
        """
      ).hasPrefix("test.yaml:1:60: error: unknown key 'delimeter'"))
  }
}
