import NNExp
import Testing

@testable import Sweeps

/// The trials of a declaration: each kind of axis, separately and combined.
@Suite struct SweepDeclarationTests {
  /// The trials of a section `sweep`, each as its overrides.
  private func trials(
    _ sweep: String, seed: Int? = 5, arguments: [String] = []
  ) throws -> [String] {
    let text =
      "name: x\n" + (seed.map { "seed: \($0)\n" } ?? "") + "sweep:\n"
      + sweep.split(separator: "\n").map { "  \($0)\n" }.joined()
    return try trials(of: ["x.yaml": text], arguments)
  }

  private func declaration(
    of files: [String: String], _ arguments: [String] = []
  ) throws -> SweepDeclaration {
    try SweepDeclaration(path: "x.yaml", arguments: arguments) { path in
      guard let text = files[path] else { throw Diagnostic("no such file: '\(path)'") }
      return Array(text.utf8)
    }
  }

  private func trials(of files: [String: String], _ arguments: [String] = []) throws -> [String] {
    let declaration = try declaration(of: files, arguments)
    return (0..<declaration.combinationCount).map(declaration.assignments(of:))
      .filter { !declaration.isExcluded($0) }
      .map { $0.map(\.text).joined(separator: " ") }
  }

  /// The last path changes fastest.
  @Test func aGridCombinesAllValues() throws {
    #expect(
      try trials("grid: {a.b: [1, 2.5], +c: [x, [1, 2]], d: 'range(3,8,2)'}") == [
        "a.b=1 +c=x d=3", "a.b=1 +c=x d=5", "a.b=1 +c=x d=7", "a.b=1 +c=[1, 2] d=3",
        "a.b=1 +c=[1, 2] d=5", "a.b=1 +c=[1, 2] d=7", "a.b=2.5 +c=x d=3", "a.b=2.5 +c=x d=5",
        "a.b=2.5 +c=x d=7", "a.b=2.5 +c=[1, 2] d=3", "a.b=2.5 +c=[1, 2] d=5",
        "a.b=2.5 +c=[1, 2] d=7",
      ])
  }

  /// Fault 49: syntax before a combining mark is recognized, and equivalent texts differ.
  @Test func textIsComparedByItsBytes() throws {
    func bytes(_ trials: [String]) -> [[UInt8]] { trials.map { Array($0.utf8) } }
    let mark = "\u{301}"
    #expect(
      try bytes(trials("grid: {a: [1]}", arguments: ["b=x,\(mark)y"]))
        == bytes(["a=1 b=x", "a=1 b=\"\(mark)y\""]))
    #expect(
      try bytes(trials("grid: {a: [é, e\(mark)]}")) == bytes(["a=\"é\"", "a=\"e\(mark)\""]))
    #expect(
      try bytes(trials("grid: {é: [1]}", arguments: ["e\(mark)=2,3"]))
        == bytes(["é=1 e\(mark)=2", "é=1 e\(mark)=3"]))
    let declaration = try declaration(
      of: ["x.yaml": "name: x\nsweep: {grid: {é: [1]}}"], ["e\(mark)=2,3", "+\(mark)c=4,5"])
    #expect(bytes(declaration.parameterNames) == bytes(["é", "e\(mark)", "\(mark)c"]))
    #expect(declaration.values(of: declaration.assignments(of: 1)) == ["1", "2", "5"])
  }

  @Test func aZipPairsItsValues() throws {
    #expect(
      try trials("zip: {a: [1, 2, 3], b: 'range(4,7)'}\ngrid: {c: [x, y]}")
        == [
          "c=x a=1 b=4", "c=x a=2 b=5", "c=x a=3 b=6", "c=y a=1 b=4", "c=y a=2 b=5", "c=y a=3 b=6",
        ])
  }

  @Test func aListGivesItsTrialsInOrder() throws {
    let sweep = "list: [{a: 1, b: true}, {c: null}, {a: 2}]"
    #expect(try trials(sweep) == ["a=1 b=true", "c=null", "a=2"])
    let declaration = try declaration(of: ["x.yaml": "sweep: {\(sweep)}"])
    #expect(declaration.parameterNames == ["a", "b", "c"])
    #expect(
      (0..<3).map { declaration.values(of: declaration.assignments(of: $0)) }
        == [["1", "true", ""], ["", "", "null"], ["2", "", ""]])
  }

  @Test func repeatChangesOnlyTheSeed() throws {
    #expect(try trials("repeat: 3") == ["seed=5", "seed=6", "seed=7"])
    #expect(try trials("repeat: 2", seed: nil) == ["+seed=0", "+seed=1"])
    #expect(
      try trials("grid: {a: [1, 2]}\nrepeat: 2") == [
        "a=1 seed=5", "a=1 seed=6", "a=2 seed=5", "a=2 seed=6",
      ])
  }

  /// The seed of the sampling reproduces its points; a larger sample begins with the smaller
  /// one.
  @Test(arguments: ["random", "halton", "sobol"])
  func samplesAreRepeatableAndCanBeExtended(method: String) throws {
    func points(_ count: Int, seed: Int) throws -> [String] {
      try trials(
        """
        sample:
          method: \(method)
          count: \(count)
          seed: \(seed)
          parameters: {a: {uniform: [0, 1]}, b: {integer: [1, 9]}, c: {choice: [x, y]}}
        """)
    }
    let points4 = try points(4, seed: 1)
    #expect(points4.count == 4 && Set(points4).count == 4)
    #expect(try points(4, seed: 1) == points4)
    #expect(try Array(points(9, seed: 1).prefix(4)) == points4)
    #expect(try points(4, seed: 2) != points4)
    for point in points4 {
      #expect(point.wholeMatch(of: /a=0\.[0-9]+ b=[1-9] c=[xy]/) != nil, "\(point)")
    }
  }

  @Test func excludedTrialsAreLeftOut() throws {
    let sweep = "grid: {a: [1, 2, 3], b: [x, y]}\n"
    #expect(
      try trials(sweep + "exclude: [{a: 2}, {a: '> 2', b: x}]")
        == ["a=1 b=x", "a=1 b=y", "a=3 b=y"])
    #expect(try trials("grid: {+a: [1, 2]}\nexclude: [{a: '<= 1'}]") == ["+a=2"])
    #expect(try trials("grid: {a: [x, 2]}\nexclude: [{a: '< 5'}]") == ["a=x"])
  }

  /// An axis on the command line replaces that of the same path, and new axes multiply.
  @Test func argumentsReplaceAndMultiplyTheSweep() throws {
    #expect(
      try trials(
        "grid: {a: [1, 2], b: [3]}",
        arguments: ["a=7,8", "+c=[1,2],{x: 3}", "d=range(0,2)", "e=0.5"]) == [
          "b=3 a=7 +c=[1, 2] d=0", "b=3 a=7 +c=[1, 2] d=1", "b=3 a=7 +c={x: 3} d=0",
          "b=3 a=7 +c={x: 3} d=1", "b=3 a=8 +c=[1, 2] d=0", "b=3 a=8 +c=[1, 2] d=1",
          "b=3 a=8 +c={x: 3} d=0", "b=3 a=8 +c={x: 3} d=1",
        ])
    let declaration = try declaration(
      of: ["x.yaml": "name: x"], ["a=1,2", "e=0.5", "s=\"p,q\""])
    #expect(declaration.common == ["e=0.5", "s=\"p,q\""])
  }

  /// A separate sweep file varies the experiment of another file.
  @Test func aSweepFileNamesItsBase() throws {
    let files = ["x.yaml": "base: y.yaml\nsweep: {repeat: 2}", "y.yaml": "name: y\nseed: 3"]
    #expect(try trials(of: files) == ["seed=3", "seed=4"])
    let declaration = try declaration(of: files)
    #expect(declaration.file == "y.yaml" && declaration.name == "y")
    #expect(declaration.files == [Array(files["x.yaml"]!.utf8), Array(files["y.yaml"]!.utf8)])
    let named = try self.declaration(
      of: ["x.yaml": "base: y.yaml\nname: z\nsweep: {repeat: 2}", "y.yaml": "name: y"])
    #expect(named.name == "z")
  }

  @Test(arguments: [
    ("x.yaml", "y.yaml", "y.yaml"), ("a/x.yaml", "y.yaml", "a/y.yaml"),
    ("a/x.yaml", "/y.yaml", "/y.yaml"), ("x.yaml", "../y.yaml", "../y.yaml"),
  ])
  func aBaseIsFoundBesideTheSweepFile(own: String, base: String, path: String) throws {
    let declaration = try SweepDeclaration(path: own, arguments: ["seed=1,2"]) {
      $0 == own ? Array("base: \(base)".utf8) : Array("name: y".utf8)
    }
    #expect(declaration.file == path)
  }

  /// The maximum number of trials, and one more.
  @Test func moreThan100000TrialsAreRefused() throws {
    #expect(try trials("grid: {a: 'range(0,100000)'}").count == 100_000)
    for sweep in [
      "grid: {a: 'range(0,100001)'}", "grid: {a: 'range(0,50001)', b: [1, 2]}", "repeat: 100001",
      "grid: {a: 'range(-9223372036854775807,9223372036854775807)'}",
      "grid: {" + (0..<9).map { "a\($0): 'range(0,1000)'" }.joined(separator: ", ") + "}",
    ] {
      #expect(throws: (any Error).self, "\(sweep)") { try trials(sweep) }
    }
  }
}
