import NNExp
import TestSupport
import Testing

@testable import Datasets

/// Data with several input and target ports.
@Suite struct PortsTests {
  /// Numbers of one port, row after row.
  struct Numbers {
    let name: String
    let shape: [Int]
    let rows: [[Double]]

    var width: Int { shape.reduce(1, *) }
    var isIndices = false
  }

  /// Random ports of one half, some of them of indices.
  static func ports(
    _ names: [String], count: Int, _ random: RandomStream, withIndices: Bool = false
  ) -> [Numbers] {
    names.enumerated().map { position, name in
      let random = random.stream(position)
      let rank = 1 + random.integer(below: 3, at: 0)
      let shape = (0..<rank).map { 1 + random.integer(below: 3, at: 1 + $0) }
      let isIndices = withIndices && random.integer(below: 3, at: 9) == 0
      let rows = (0..<count).map { row in
        (0..<shape.reduce(1, *)).map { i -> Double in
          let stream = random.stream(row)
          return isIndices ? Double(stream.integer(below: 5, at: i)) : stream.normal(at: i) * 1e3
        }
      }
      return Numbers(name: name, shape: shape, rows: rows, isIndices: isIndices)
    }
  }

  /// The ports in the form of one source, and the text that declares one of them or all.
  struct Written {
    let folder: TestFolder
    let source: String
    /// The value of each port in the mapping.
    let values: [String: String]

    /// `path: a.csv, ` if the declaration of the source contains a file; otherwise empty.
    var head: String { ["csv": "path: a.csv, ", "npz": "path: a.npz, "][source] ?? "" }

    init(_ ports: [Numbers], as source: String) throws {
      folder = try TestFolder([:] as [String: String])
      self.source = source
      var values: [String: String] = [:]
      let count = ports[0].rows.count
      func flat(_ port: Numbers) -> ([Double], [Int]) {
        (port.rows.flatMap { $0 }, [count] + port.shape)
      }
      switch source {
      case "csv":
        var columns: [[String]] = []
        for port in ports {
          values[port.name] = port.width % 2 == 0 ? "\"\(port.name)_*\"" : "[\(port.name)_*]"
          columns += (0..<port.width).map { i in
            ["\(port.name)_\(i)"] + port.rows.map { "\($0[i])" }
          }
        }
        let lines = (0...count).map { row in columns.map { $0[row] }.joined(separator: ",") }
        try folder.write(Array(lines.joined(separator: "\n").utf8), to: "a.csv")
      case "npz":
        for port in ports { values[port.name] = "array of \(port.name)" }
        try folder.write(
          ArrayWriter.npz(
            ports.map { port in
              let (numbers, shape) = flat(port)
              return ("array of \(port.name)", ArrayWriter.npy(numbers, shape))
            }), to: "a.npz")
      case "npy", "idx":
        for port in ports {
          values[port.name] = "\(port.name).\(source)"
          let (numbers, shape) = flat(port)
          try folder.write(
            source == "npy" ? ArrayWriter.npy(numbers, shape) : ArrayWriter.idx(numbers, shape),
            to: "\(port.name).\(source)")
        }
      default:
        for port in ports {
          let rows = port.rows.map { "[" + $0.map { "\($0)" }.joined(separator: ", ") + "]" }
          values[port.name] = "[" + rows.joined(separator: ", ") + "]"
        }
      }
      self.values = values
    }

    /// The source with all of these ports, by name.
    func section(_ inputs: [Numbers], _ targets: [Numbers]) -> String {
      func mapping(_ ports: [Numbers]) -> String {
        "{" + ports.map { "\($0.name): \(values[$0.name]!)" }.joined(separator: ", ") + "}"
      }
      return "\(source): {\(head)inputs: \(mapping(inputs)), targets: \(mapping(targets))}\n"
    }

    /// The source with one port of each, without names.
    func section(_ input: Numbers, _ target: Numbers) -> String {
      "\(source): {\(head)inputs: \(values[input.name]!), targets: \(values[target.name]!)}\n"
    }
  }

  /// Each row contains the rows of the parts, one after the other.
  static func joined(_ parts: [[Double]], _ count: Int) -> [Double] {
    (0..<count).flatMap { row in
      parts.flatMap { part in
        let width = part.count / count
        return part[row * width..<(row + 1) * width]
      }
    }
  }

  @Test(arguments: ["csv", "npy", "npz", "idx", "inline"], 0..<6)
  func severalPortsAreTheConcatenationOfEachReadAlone(source: String, seed: UInt64) throws {
    let random = RandomStream(seed: seed, purpose: "ports of \(source)")
    let count = 4 + random.integer(below: 40, at: 0)
    let names = (0..<1 + random.integer(below: 3, at: 1)).map { "in\($0)" }
    let inputs = PortsTests.ports(names, count: count, random.stream(1), withIndices: true)
    let targets = PortsTests.ports(
      (0..<1 + random.integer(below: 3, at: 2)).map { "out\($0)" }, count: count, random.stream(2))
    let written = try Written(inputs + targets, as: source)
    let indices = inputs.filter(\.isIndices)
    let indexSetting =
      indices.isEmpty
      ? "" : "indices: {" + indices.map { "\($0.name): auto" }.joined(separator: ", ") + "}\n"
    let rest = [
      "", "split: {validation: 0.3, test: 0.2}\nscale: {inputs: standardize, targets: min_max}\n",
      "limit: 3\nscale: {inputs: min_max}\n",
    ][random.integer(below: 3, at: 3)]
    let trace: Comment = "\(source), seed \(seed), \(rest)"

    let all = try written.folder.load(
      written.section(inputs, targets) + indexSetting + rest, seed: seed)
    #expect(all.namesPorts, trace)
    #expect(all.inputs.map(\.name) == inputs.map(\.name), trace)
    #expect(all.inputs.map(\.isIndices) == inputs.map(\.isIndices), trace)
    #expect(all.targets.map(\.name) == targets.map(\.name), trace)
    if source == "npy" {
      #expect(all.inputs.map(\.shape) == inputs.map { Shape($0.shape) }, trace)
      #expect(all.targets.map(\.target) == targets.map { .values(Shape($0.shape)) }, trace)
    }
    let alone = try inputs.map { input in
      let rest = input.isIndices ? rest.replacing(/inputs: \w+(, )?/, with: "") : rest
      return try written.folder.load(written.section(input, targets[0]) + rest, seed: seed)
    }
    let learned = try targets.map {
      try written.folder.load(written.section(inputs[0], $0) + rest, seed: seed)
    }
    func part(_ data: RunDatasets<Double>, _ index: Int) -> Dataset<Double>? {
      [data.train, data.validation, data.test][index]
    }
    for index in 0..<3 {
      guard let joined = part(all, index) else {
        #expect(part(alone[0], index) == nil, trace)
        continue
      }
      let parts = alone.map { part($0, index)!.inputs }
      let (values, whole) = (
        zip(inputs, parts).filter { !$0.0.isIndices }, zip(inputs, parts).filter(\.0.isIndices)
      )
      #expect(joined.inputs == PortsTests.joined(values.map(\.1), joined.count), trace)
      #expect(
        joined.indices.map(Double.init) == PortsTests.joined(whole.map(\.1), joined.count), trace)
      #expect(
        joined.targets
          == PortsTests.joined(learned.map { part($0, index)!.targets }, joined.count), trace)
    }
  }

  @Test func onlyOneHalfNeedsNames() throws {
    let folder = try TestFolder(["a.csv": "x,y,s,t\n1,2,3,4\n5,6,7,8\n"])
    let inputs = try folder.load("csv: {path: a.csv, inputs: {b: y, a: x}}")
    #expect(inputs.inputs == [Port("b", [1]), Port("a", [1])])
    #expect(inputs.inputNames == ["y", "x"])
    #expect(inputs.train.inputs == [2, 1, 6, 5])
    #expect(inputs.targets.map(\.name) == ["target"])
    #expect(inputs.targetNames == ["t"])
    #expect(inputs.train.targets == [4, 8])

    let targets = try folder.load("csv: {path: a.csv, targets: {u: t, v: [s, y]}}")
    #expect(!targets.namesPorts)
    #expect(targets.inputs == [Port("input", [1])])
    #expect(targets.inputNames == ["x"])
    #expect(targets.targets.map(\.name) == ["u", "v"])
    #expect(targets.targets.map(\.numberNames) == [["t"], ["s", "y"]])
    #expect(targets.train.targets == [4, 3, 2, 8, 7, 6])
  }

  @Test func thePortsAreKnownBeforeAnythingIsRead() throws {
    let folder = try TestFolder([:] as [String: String])
    let declaration = try folder.declaration(
      "npz: {path: none.npz, inputs: {image: x, table: z}, targets: y}")
    #expect(declaration.inputPortNames?.map(\.name) == ["image", "table"])
    #expect(declaration.inputPortNames?.map { $0.location?.column } == [32, 42])
    #expect(declaration.targetPortNames == nil)
    #expect(try folder.declaration("csv: a.csv").inputPortNames == nil)
    #expect(
      try folder.declaration("csv: {path: a.csv, targets: {p: q}}").targetPortNames?.map(\.name)
        == ["p"])
  }

  @Test func settingsApplyToSinglePorts() throws {
    let folder = try TestFolder([
      "a.csv": "x_0,x_1,x_2,x_3,color,price,sold,kind\n"
        + "0,0,0,0,red,10,yes,1\n1,2,4,8,blue,20,no,0\n2,4,8,16,red,40,yes,2\n"
    ])
    let data = try folder.load(
      """
      csv: {path: a.csv, inputs: {image: x_*, color: color}, targets: {price: price, sold: sold, kind: kind}}
      shape: {image: [1, 2, 2]}
      scale: {inputs: min_max, targets: min_max}
      target_kind: {kind: classes}
      classes: {sold: [yes, no]}
      """)
    #expect(data.inputs == [Port("image", [1, 2, 2]), Port("color", [2])])
    #expect(data.inputNames == ["x_0", "x_1", "x_2", "x_3", "color=blue", "color=red"])
    #expect(
      data.train.inputs == [0, 0, 0, 0, 0, 1, 0.5, 0.5, 0.5, 0.5, 1, 0, 1, 1, 1, 1, 0, 1])
    #expect(data.targets.map(\.target) == [.values([1]), .classes(2), .classes(3)])
    #expect(data.targets.map(\.numberNames) == [["price"], ["sold"], ["kind"]])
    #expect(data.targets.map(\.classNames) == [[], ["yes", "no"], ["0", "1", "2"]])
    #expect(data.train.targets == [0, 0, 1, 1.0 / 3, 1, 0, 1, 0, 2])

    let other = try folder.load(
      """
      csv: {path: a.csv, inputs: {image: x_*}, targets: {price: price, sold: sold}}
      shape: [2, 2]
      scale: {inputs: min_max, image: none, price: min_max}
      one_hot: true
      """)
    #expect(other.inputShape == [2, 2])
    #expect(other.train.inputs == [0, 0, 0, 0, 1, 2, 4, 8, 2, 4, 8, 16])
    #expect(other.targets.map(\.target) == [.values([1]), .values([2])])
    #expect(other.targets.map(\.numberNames) == [["price"], ["no", "yes"]])
    #expect(other.train.targets == [0, 0, 1, 1.0 / 3, 1, 0, 1, 0, 1])
  }

  /// An autoencoder has the same name for an input and a target.
  @Test func oneNameMayBeOfBothHalves() throws {
    let folder = try TestFolder([:] as [String: String])
    let data = try folder.load(
      "inline: {inputs: {a: [0, 4]}, targets: {a: [1, 3]}}\nscale: {a: min_max}")
    #expect(data.train.inputs == [0, 1])
    #expect(data.train.targets == [0, 1])
    let indices = try folder.load(
      "inline: {inputs: {a: [0, 4]}, targets: {a: [1, 3]}}\nscale: {a: min_max}\nindices: {a: auto}"
    )
    #expect(indices.train.indices == [0, 4])
    #expect(indices.train.targets == [0, 1])
  }

  @Test func aSplitIsStratifiedByOneTarget() throws {
    let rows = (0..<100).map { "\($0),\($0 % 2 == 0 ? "a" : "b"),\($0 < 90 ? "u" : "v")\n" }
    let folder = try TestFolder(["a.csv": "x,s,t\n" + rows.joined()])
    let source = "csv: {path: a.csv, inputs: x, targets: {s: s, t: t}}\n"
    for (port, index) in [("s", 0), ("t", 1)] {
      let data = try folder.load(source + "split: {validation: 0.2, stratified: \(port)}")
      let classes = stride(from: index, to: 40, by: 2).map { data.validation!.targets[$0] }
      #expect(classes.filter { $0 == 1 }.count == (port == "s" ? 10 : 2))
    }
    let one = try folder.load(
      "csv: {path: a.csv, inputs: s, targets: {x: x, t: t}}\n"
        + "split: {validation: 0.2, stratified: true}")
    #expect(
      stride(from: 1, to: 40, by: 2).filter { one.validation!.targets[$0] == 1 }.count == 2)
    #expect(
      folder.errors(source + "split: {validation: 0.2, stratified: true}") == """
        test.yaml:2:8: error: a split is stratified by one target, but 's', 't' have classes; \
        write 'stratified: s'
            split: {validation: 0.2, stratified: true}
                   ^
        """)
    #expect(
      folder.errors(
        "csv: {path: a.csv, inputs: s, targets: {x: x, t: t}}\n"
          + "split: {validation: 0.2, stratified: x}") == """
          test.yaml:2:38: error: a stratified split needs class targets, but those of port 'x' \
          are values
              split: {validation: 0.2, stratified: x}
                                                   ^
          """)
    #expect(
      folder.errors(source + "split: {validation: 0.2, stratified: u}") == """
        test.yaml:2:38: error: there is no target port 'u'
            split: {validation: 0.2, stratified: u}
                                                 ^
        note: target ports: s, t
        """)
    #expect(
      folder.errors("csv: a.csv\nsplit: {validation: 0.2, stratified: t}") == """
        test.yaml:2:38: error: stratified must be true or false, found the text 't'
            split: {validation: 0.2, stratified: t}
                                                 ^
        """)
  }

  @Test func validationDataHaveTheSamePorts() throws {
    let folder = try TestFolder([
      "a.csv": "x,y,t,part\n1,2,3,train\n4,5,6,test\n", "v.csv": "t,y,x\n30,20,10\n",
      "w.csv": "p,q,r\n7,8,9\n",
    ])
    let data = try folder.load(
      """
      csv: {path: a.csv, inputs: {a: x, b: y}, targets: {c: t}}
      validation: {csv: v.csv}
      test: {csv: {path: w.csv, inputs: {b: q, a: p}, targets: {c: r}}}
      """)
    #expect(data.validation?.inputs == [10, 20])
    #expect(data.validation?.targets == [30])
    #expect(data.test?.inputs == [7, 8])
    #expect(data.test?.targets == [9])
    let split = try folder.load(
      "csv: {path: a.csv, inputs: {a: x, b: y}, targets: {c: t}}\nsplit: {column: part}")
    #expect(split.test?.inputs == [4, 5])
    let mixed = try folder.load(
      """
      inline: {inputs: {a: [1], b: [2]}, targets: {c: [3]}}
      validation: {csv: {path: w.csv, inputs: {b: q, a: p}, targets: {c: r}}}
      """)
    #expect(mixed.validation?.inputs == [7, 8])
  }

  @Test func theMemoryOfTheSamplesIsCounted() throws {
    let folder = try TestFolder([:] as [String: String])
    func bytes(_ rest: String) throws -> Int {
      try folder.load(
        "inline: {inputs: {a: [1, 2, 3], b: [0, 1, 2]}, targets: {c: [1, 2, 3]}}\n" + rest
      ).bytes
    }
    #expect(try bytes("") == 9 * 8)
    #expect(try bytes("indices: {b: auto}") == 6 * 8 + 3 * 4)
  }

  /// The classes of streamed targets are kept in memory.
  @Test func classesOfStreamedTargetsAreCounted() throws {
    func bytes(_ count: Int) throws -> Int {
      let rows = (0..<count).map { "\($0),\($0),\($0 % 2)\n" }.joined()
      let folder = try TestFolder(["a.csv": "x,u,v\n" + rows])
      let declaration = try folder.declaration(
        "csv: {path: a.csv, inputs: x, targets: {u: u, v: v}}\nclasses: {v: 2}")
      return try declaration.assemble(
        as: Float.self, seed: 1, FileShelf(isStreamed: true, stride: 10)
      ).bytes
    }
    // The start of a line, the row of a sample, and its class.
    #expect(try bytes(300) - bytes(100) == 200 * (8 + 8 + 8))
  }

  @Test func someSamplesAreHeldWithTheirIndices() throws {
    let folder = try TestFolder(["a.csv": "x,y,z,t\n1,0,1,5\n2,1,0,6\n3,2,2,7\n"])
    let declaration = try folder.declaration(
      "csv: {path: a.csv, inputs: {a: x, b: [y, z]}, targets: {c: t}}\nindices: {b: 3}")
    for isStreamed in [false, true] {
      let data = try declaration.assemble(
        as: Float.self, seed: 1, FileShelf(isStreamed: isStreamed, stride: 7))
      #expect(data.train.isStreamed == isStreamed)
      let samples = try data.train.held(1..<3)
      #expect(samples.inputs == [2, 3])
      #expect(samples.indices == [1, 0, 2, 2])
      #expect(samples.targets == [6, 7])
      #expect(samples.count == 2)
    }
  }

  @Test func aFileOfSeveralPortsIsReadOnce() throws {
    let folder = try TestFolder(["x.npy": ArrayWriter.npy([1, 2], [2])])
    let data = try folder.load("npy: {inputs: {a: x.npy, b: x.npy}, targets: x.npy}")
    #expect(data.files.count == 1)
    #expect(data.train.inputs == [1, 1, 2, 2])
  }

  @Test func dataCreatedInCodeHaveDefaultNames() {
    let data = RunDatasets<Float>(
      inputs: [Port("a", [2]), Port("b", [1], kind: .indices(below: 3)), Port("c", [1])],
      targets: [
        TargetPort(name: "u", target: .values([2])),
        TargetPort(name: "v", target: .classes(2), classNames: ["no", "yes"]),
      ],
      train: Dataset(inputs: [1, 2, 3], indices: [2], targets: [4, 5, 1], count: 1))
    #expect(data.inputNames == ["a_0", "a_1", "c"])
    #expect(data.targets.map(\.numberNames) == [["u_0", "u_1"], ["v"]])
    #expect(data.namesPorts)
  }

  @Test(arguments: [
    "csv: {path: a.csv, delimiter: \",\", header: true, decimal: \".\", thousands: null, "
      + "comment: null, skip_rows: 0, encoding: utf8, "
      + "missing: [NA, N/A, \"#N/A\", NaN, \"-NaN\", \"null\", \"?\"], "
      + "inputs: {numbers: [\"x_*\", y], city: city}, "
      + "targets: {price: p, sold: \"1..3\"}}",
    "npz: {path: a.npz, inputs: {image: images, table: numbers}, targets: {kind: labels}}",
    "npy: {inputs: {image: x1.npy, table: x2.npy}, targets: {kind: t.npy}}",
    "idx: {inputs: {image: x1, table: x2}, targets: t}",
    "inline: {inputs: {image: [[1, 2]], table: [3]}, targets: {kind: [null]}}",
  ])
  func resolvedSettingsReadTheSame(source: String) throws {
    let first = source.contains("numbers:") ? "numbers" : "image"
    let second = first == "numbers" ? "city" : "table"
    let target = source.contains("kind:") ? "kind" : source.contains("sold:") ? "sold" : nil
    let kinds = target.map { "target_kind: {\($0): classes}, classes: {\($0): [a, b]}" }
    let section = """
      \(source)
      shape: {\(first): [1, 2]}
      indices: {\(second): auto}
      split: {validation: 0.2, test: 0.1, stratified: \(target ?? "true")}
      scale: {\(first): min_max}
      """
    let settings =
      section + (kinds.map { "\n" + $0.replacing(", classes", with: "\nclasses") } ?? "")
    let written = try resolved(settings)
    #expect(
      written == """
        {\(source), \(kinds ?? "target_kind: auto"), one_hot: false, \
        shape: {\(first): [1, 2]}, indices: {\(second): auto}, limit: null, stream: false, \
        split: {validation: 0.2, test: 0.1, stratified: \(target ?? "true")}, \
        scale: {inputs: none, targets: none, \(first): min_max}}
        """)
    let lines = try Declaration.node("data: " + written)["data"]!
    var options = Options(lines)
    _ = DataDeclaration(from: &options, registry: datasetsRegistry, folder: "")
    try options.finish()
    #expect(options.resolved.flow == written)
  }
}
