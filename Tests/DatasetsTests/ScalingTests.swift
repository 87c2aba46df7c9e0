import Testing

@testable import Datasets

@Suite struct ScalingTests {
  struct Reference: Decodable {
    let x: [Double]
    let width: Int
    let standardize: [Double]
    let minMax: [Double]

    enum CodingKeys: String, CodingKey {
      case x, width, standardize
      case minMax = "min_max"
    }
  }

  /// Reference values from exact fractions (and from NumPy, where it is accurate enough), for
  /// columns from 1e-150 to 1e150 and far from 0.
  @Test func scaledNumbersAreThoseOfExactFractions() throws {
    let reference = try Fixtures<Reference>.read("scaling")
    let count = reference.x.count / reference.width
    let columns = SourceColumns(
      reference.x, stride: reference.width, count: count,
      layout: ColumnLayout(reference.width, named: "x"))
    for (method, expected) in [
      (ScaleMethod.standardize, reference.standardize), (.minMax, reference.minMax),
    ] {
      let scaling = try Scaling(
        Array(repeating: method, count: reference.width), fittedTo: columns, rows: Array(0..<count),
        at: nil)!
      var sample = [Double](repeating: 0, count: reference.width)
      for row in 0..<count {
        try columns.decode(row, into: &sample)
        scaling.apply(to: &sample)
        for i in 0..<reference.width {
          let wanted = expected[row * reference.width + i]
          #expect(abs(sample[i] - wanted) <= 1e-12 * max(1, abs(wanted)), "\(method) \(row),\(i)")
        }
      }
    }
  }

  @Test func scalesAreFittedToTheTrainingDataOnly() throws {
    let folder = try TestFolder([
      "a.csv": "x,s,t\n0,train,1\n2,train,3\n1000,test,5\n-8,validation,7\n"
    ])
    let data = try folder.load(
      "csv: a.csv\nsplit: {column: s}\nscale: {inputs: standardize, targets: min_max}")
    #expect(data.train.inputs == [-1, 1])
    #expect(data.test?.inputs == [999])
    #expect(data.validation?.inputs == [-9])
    #expect(data.train.targets == [0, 1])
    #expect(data.test?.targets == [2])
  }

  @Test(arguments: ["standardize", "min_max"])
  func constantColumnsBecomeZero(_ method: String) throws {
    // Three times 0.1 is not 0.3 in float64, so that a naive mean leaves a residue.
    let folder = try TestFolder([
      "a.csv": "x,y,s,t\n0.1,1e300,train,1\n0.1,1e300,train,2\n0.1,1e300,train,3\n7,5,test,4\n"
    ])
    let data = try folder.load("csv: a.csv\nsplit: {column: s}\nscale: \(method)")
    #expect(data.train.inputs == [0, 0, 0, 0, 0, 0])
    #expect(data.test?.inputs == [0, 0])
  }

  @Test func extremeNumbersAreScaledOrReported() throws {
    let folder = try TestFolder(["a.csv": "x,y,t\n5e-324,1e200,1\n0,-1e200,2\n"])
    let data = try folder.load("csv: a.csv\nscale: standardize", as: Float.self)
    #expect(data.train.inputs.allSatisfy { $0.isFinite })
    #expect(data.train.inputs[1] == 1 && data.train.inputs[3] == -1)

    try folder.write(Array("x,t\n1e308,1\n-1e308,2\n".utf8), to: "a.csv")
    #expect(
      folder.errors("csv: a.csv\nscale: standardize") == """
        test.yaml:2:8: error: 'x' reaches from -1e+308 to 1e+308, too far apart to scale
            scale: standardize
                   ^
        """)
  }

  /// A number without a logarithm is not a missing target.
  @Test(arguments: [Set<String>(), ["target"]])
  func numbersOfOtherPartsWithoutALogarithmAreReported(incomplete: Set<String>) throws {
    let folder = try TestFolder([
      "a.csv": "x,t,s\n1,2,train\n2,3,train\n3,4,validation\n4,-5,validation\n"
    ])
    let section = "csv: {path: a.csv, targets: t}\nsplit: {column: s}\nscale: {targets: log}"
    #expect(
      folder.errors(section, incomplete: incomplete) == """
        a.csv:5:3: error: 't' is -5 in sample 3, which has no logarithm; use another scale
            4,-5,validation
              ^
        """)
    if incomplete.isEmpty { return }
    try folder.write(
      Array("x,t,s\n1,2,train\n2,3,train\n3,4,validation\n4,,validation\n".utf8), to: "a.csv")
    let data = try folder.load(section, incomplete: incomplete)
    #expect(data.validation?.targets.map(\.isNaN) == [false, true])
  }

  @Test func numbersThatAScaleMakesTooLargeAreReported() throws {
    let folder = try TestFolder(["a.csv": "x,t\n1e10,1\n2,2\n"])
    #expect(
      folder.errors("csv: a.csv\nscale: {divide: 1.0e-300}") == """
        a.csv:2:1: error: 'x' is 10000000000 in sample 0, and inf when scaled, too large for float64; \
        use another scale
            1e10,1
            ^
        """)
    try folder.write(Array("x,w,t\n1,1,1\n2,1e39,2\n".utf8), to: "a.csv")
    #expect(
      folder.errors {
        _ = try folder.load("csv: {path: a.csv, weight: w}", as: Float.self)
      } == """
        a.csv:3:3: error: 'w' is 1e+39 in sample 1, too large for float32; use smaller weights
            2,1e39,2
              ^
        """)
  }

  @Test func wrongScalesAreReported() throws {
    let folder = try TestFolder(["a.csv": "x,t\n1,a\n2,b\n"])
    #expect(
      folder.errors("csv: a.csv\nscale: {targets: min_max}") == """
        test.yaml:2:8: error: classes cannot be scaled
            scale: {targets: min_max}
                   ^
        """)
    #expect(
      folder.errors("csv: a.csv\nscale: standardise") == """
        test.yaml:2:8: error: inputs must be one of: none, standardize, min_max, robust, log or \
        {divide: NUMBER}, found the text \
        'standardise'; did you mean 'standardize'?
            scale: standardise
                   ^
        """)
  }
}

/// Scaling methods of single columns.
@Suite struct ColumnScaleTests {
  private let folder: TestFolder

  init() throws {
    folder = try TestFolder(["a.csv": "a,b,c,y\n1,0,1,10\n2,51,2,20\n4,255,3,40\n9,102,10,80\n"])
  }

  @Test func `each column has its method`() throws {
    let data = try folder.load(
      """
      csv: {path: a.csv, columns: {a: {scale: log}, b: {scale: {divide: 255}}, c: {scale: robust}, \
      y: {scale: min_max}}}
      """)
    // NumPy: np.log, median 2.5, quartiles 1.75 and 4.75.
    let robust = [1.0, 2, 3, 10].map { ($0 - 2.5) / 3 }
    for row in 0..<4 {
      #expect(
        abs(
          data.train.inputs[3 * row]
            - [0, 0.6931471805599453, 1.3862943611198906, 2.1972245773362196][row]) < 1e-15)
      #expect(data.train.inputs[3 * row + 1] == [0, 0.2, 1, 0.4][row])
      #expect(abs(data.train.inputs[3 * row + 2] - robust[row]) < 1e-15)
    }
    #expect(data.train.targets == [0, 1.0 / 7, 3.0 / 7, 1])
  }

  @Test func `the method of a column replaces the general one`() throws {
    let data = try folder.load(
      "csv: {path: a.csv, inputs: [a, b], columns: {a: {scale: none}}}\nscale: {divide: 51}")
    #expect(data.train.inputs == [1, 0, 2, 1, 4, 5, 9, 2])
  }

  @Test func `numbers that a method cannot scale are reported`() throws {
    #expect(
      folder.errors("csv: {path: a.csv, columns: {b: {scale: log}}}") == """
        a.csv:2:3: error: 'b' has the minimum 0, which has no logarithm; use another method
            1,0,1,10
              ^
        """)
    try folder.write(Array("a,y\n1,1\n1,2\n1,3\n1,4\n9,5\n".utf8), to: "a.csv")
    #expect(
      folder.errors("csv: a.csv\nscale: robust") == """
        test.yaml:2:8: error: the quartiles of 'a' are both 1, so that 'robust' has no \
        scale; use another method
            scale: robust
                   ^
        """)
  }
}
