import NNExp
import Testing

@testable import Datasets

@Suite struct SplitTests {
  /// A file whose input is the number of the row, with classes of different sizes.
  static func file(_ count: Int) -> String {
    "x,t\n" + (0..<count).map { "\($0),\("aaaaaabbbc".dropFirst($0 % 10).first!)\n" }.joined()
  }

  func rows(_ samples: Dataset<Double>?) -> [Int] { samples?.inputs.map { Int($0) } ?? [] }

  @Test(arguments: [10, 11, 57, 100, 1000])
  func fractionsSplitEveryRowOnce(_ count: Int) throws {
    let folder = try TestFolder(["a.csv": SplitTests.file(count)])
    let section = "csv: a.csv\nsplit: {validation: 0.2, test: 0.1}"
    let data = try folder.load(section)
    let parts = [rows(data.train), rows(data.validation), rows(data.test)]
    #expect(parts[1].count == Int((Double(count) * 0.2).rounded()))
    #expect(parts[2].count == Int((Double(count) * 0.1).rounded()))
    #expect(parts.flatMap { $0 }.sorted() == Array(0..<count))
    #expect(parts.allSatisfy { $0 == $0.sorted() })

    let again = try folder.load(section)
    #expect(rows(again.train) == parts[0])
    let other = try folder.load(section, seed: 2)
    if count > 50 { #expect(rows(other.train) != parts[0]) }
  }

  /// The split is the same in both precisions.
  @Test func theSplitIsTheSameInEitherPrecision() throws {
    let folder = try TestFolder(["a.csv": SplitTests.file(50)])
    let section = "csv: a.csv\nsplit: {validation: 0.3}"
    #expect(
      try folder.load(section).train.inputs
        == folder.load(section, as: Float.self).train.inputs.map(Double.init))
  }

  @Test(arguments: [10, 23, 100, 999])
  func aStratifiedSplitKeepsTheSharesOfTheClasses(_ count: Int) throws {
    let folder = try TestFolder(["a.csv": SplitTests.file(count)])
    let data = try folder.load(
      "csv: a.csv\nsplit: {validation: 0.25, test: 0.15, stratified: true}")
    let parts = [data.train, data.validation!, data.test!]
    #expect(parts.flatMap { rows($0) }.sorted() == Array(0..<count))
    #expect(parts[1].count == Int((Double(count) * 0.25).rounded()))
    #expect(parts[2].count == Int((Double(count) * 0.15).rounded()))
    for index in 0..<3 {
      let total = parts.map { $0.targets.filter { $0 == Double(index) }.count }
      let size = Double(total.reduce(0, +))
      #expect(total[0] > 0, "class \(index) is missing in training")
      #expect(abs(Double(total[1]) - size * 0.25) < 1.0001, "class \(index) of \(count)")
      #expect(abs(Double(total[2]) - size * 0.15) < 1.0001, "class \(index) of \(count)")
    }
  }

  @Test func aColumnCanNameTheSplit() throws {
    let folder = try TestFolder([
      "a.csv": "x,part,t\n1,train,1\n2,test,2\n3,validation,3\n4,train,4\n5,train,5\n"
    ])
    let data = try folder.load("csv: a.csv\nsplit: {column: part}\nscale: min_max")
    #expect(data.inputNames == ["x"])
    #expect(data.train.targets == [1, 4, 5])
    #expect(data.validation?.targets == [3])
    #expect(data.test?.targets == [2])
    #expect(data.train.inputs == [0, 0.75, 1])
    #expect(data.test?.inputs == [0.25])

    try folder.write(Array("x,part,t\n1,train,1\n2,tset,2\n".utf8), to: "a.csv")
    #expect(
      folder.errors("csv: a.csv\nsplit: {column: part}") == """
        a.csv:3:3: error: a row's part is one of: train, validation, test; found 'tset'; did you \
        mean 'test'?
            2,tset,2
              ^
        note: for other words: 'split: {column: …, words: {tset: validation}}'
        """)
    try folder.write(Array("x,part,t\n1,test,1\n".utf8), to: "a.csv")
    #expect(
      folder.errors("csv: a.csv\nsplit: {column: part}") == """
        test.yaml:2:8: error: the split's column marks no row as 'train'
            split: {column: part}
                   ^
        """)
  }

  @Test func validationAndTestDataAreReadLikeTheTrainingData() throws {
    let folder = try TestFolder([
      "a.csv": "id,x,color,t\n0,1,red,no\n0,3,blue,yes\n",
      "v.csv": "t,color,x\nyes,red,2\n",
      "t.csv": "id,x,color,t\n9,5,blue,no\n9,1,blue,yes\n",
    ])
    let data = try folder.load(
      """
      csv: {path: a.csv, inputs: [x, color]}
      validation: {csv: v.csv}
      test: {csv: {path: t.csv}}
      scale: min_max
      """)
    #expect(data.train.inputs == [0, 0, 1, 1, 1, 0])
    #expect(data.train.targets == [0, 1])
    #expect(data.validation?.inputs == [0.5, 0, 1])
    #expect(data.validation?.targets == [1])
    #expect(data.test?.inputs == [2, 1, 0, 0, 1, 0])
    #expect(data.test?.targets == [0, 1])
    #expect(
      data.files.map { $0.path.dropFirst(folder.path.count + 1) } == ["a.csv", "v.csv", "t.csv"])

    try folder.write(Array("x,color,t\n2,pink,yes\n".utf8), to: "v.csv")
    #expect(
      folder.errors("csv: {path: a.csv, inputs: [x, color]}\nvalidation: {csv: v.csv}") == """
        v.csv:2:3: error: the text 'pink' of column 'color' is not in the training data
            2,pink,yes
              ^
        note: known: blue, red
        note: with 'columns: {color: {other: true}}', training provides an input for unknown texts
        """)
    try folder.write(Array("x,color,t\n2,red,yess\n".utf8), to: "v.csv")
    #expect(
      folder.errors("csv: {path: a.csv, inputs: [x, color]}\nvalidation: {csv: v.csv}") == """
        v.csv:2:7: error: label 'yess' is not among the classes no, yes; did you mean 'yes'?
            2,red,yess
                  ^
        """)
    try folder.write(Array("x,color,t\nbig,red,yes\n".utf8), to: "v.csv")
    #expect(
      folder.errors("csv: {path: a.csv, inputs: [x, color]}\nvalidation: {csv: v.csv}") == """
        v.csv:2:1: error: expected a number in column 'x', found 'big'
            big,red,yes
            ^
        note: 'columns: {x: {missing: [big]}}' counts it as missing
        """)
  }

  @Test func wrongSplitsAreReported() throws {
    let folder = try TestFolder(["a.csv": "x,t\n1,1.5\n2,2.5\n3,3\n"])
    #expect(
      folder.errors("csv: a.csv\nsplit: {validation: 0.1}") == """
        test.yaml:2:8: error: validation 0.1 of 3 samples is none; raise it
            split: {validation: 0.1}
                   ^
        """)
    #expect(
      folder.errors("csv: a.csv\nsplit: {validation: 0.6, test: 0.4}") == """
        test.yaml:2:32: error: validation 0.6 and test 0.4 leave no training data
            split: {validation: 0.6, test: 0.4}
                                           ^
        """)
    #expect(
      folder.errors("csv: a.csv\nsplit: {validation: 0.5, stratified: true}") == """
        test.yaml:2:8: error: a stratified split needs class targets
            split: {validation: 0.5, stratified: true}
                   ^
        """)
    #expect(
      folder.errors("csv: a.csv\nsplit: {validation: 1}") == """
        test.yaml:2:21: error: validation must be a number from 0 to 1 (1 excluded), found the \
        number 1
            split: {validation: 1}
                                ^
        """)
    #expect(
      folder.errors("csv: a.csv\nsplit: {validation: 0.5}\nvalidation: {csv: a.csv}") == """
        test.yaml:3:13: error: validation data come from 'split' already; keep one of the two
            validation: {csv: a.csv}
                        ^
        """)
    #expect(
      folder.errors("npz: a.npz\nsplit: {column: part}") == """
        test.yaml:2:8: error: a split by a column needs a CSV source
            split: {column: part}
                   ^
        """)
  }
}

/// Splits by words, groups, time and folds.
@Suite struct FoldTests {
  private let folder: TestFolder
  private let count = 40

  init() throws {
    let rows = (0..<count).map { row in
      let day = (row * 7) % 40
      let set = row % 4 == 0 ? "val" : "fit"
      return
        "\(row),p\(row % 8),2024-01-0\(1 + day % 9),\(day),\(set),\(row % 3 == 0 ? "a" : "b")\n"
    }.joined()
    folder = try TestFolder(["d.csv": "x,patient,date,day,set,y\n" + rows])
  }

  private func load(_ split: String, seed: UInt64 = 1, _ csv: String = "") throws
    -> RunDatasets<Double>
  {
    try folder.load(
      "csv: {path: d.csv, inputs: x, targets: y\(csv)}\nsplit: {\(split)}", seed: seed)
  }

  @Test func `a column can use its own words`() throws {
    let data = try load("column: set, words: {fit: train, val: validation}")
    #expect(data.validation?.inputs == [0, 4, 8, 12, 16, 20, 24, 28, 32, 36])
    #expect(data.train.count == 30)
    #expect(
      folder.errors("csv: {path: d.csv, inputs: x}\nsplit: {column: set, words: {fit: train}}")
        == """
        d.csv:2:19: error: a row's part is one of: train, validation, test, fit; found 'val'; did \
        you mean 'validation'?
            0,p0,2024-01-01,0,val,a
                              ^
        """)
  }

  @Test func `rows of a group stay together`() throws {
    for seed in UInt64(0)..<5 {
      let data = try load("validation: 0.25, test: 0.25, group: patient", seed: seed)
      #expect(data.validation?.count == 10 && data.test?.count == 10)
      func groups(_ samples: Dataset<Double>?) -> Set<Int> {
        Set((samples?.inputs ?? []).map { Int($0) % 8 })
      }
      let parts = [data.train, data.validation, data.test].map(groups)
      #expect(parts.map(\.count).reduce(0, +) == 8)
      #expect(parts.reduce(Set()) { $0.union($1) }.count == 8)
    }
  }

  @Test func `an ordered split takes the last samples`() throws {
    let byFile = try load("validation: 0.1, test: 0.2, ordered: true")
    #expect(byFile.train.inputs == (0..<28).map(Double.init))
    #expect(byFile.validation?.inputs == [28, 29, 30, 31])
    #expect(byFile.test?.inputs == (32..<40).map(Double.init))
    let byDay = try load("test: 0.2, ordered: day")
    #expect(Set((byDay.test?.inputs ?? []).map { (Int($0) * 7) % 40 }) == Set(32..<40))
    let byDate = try load("test: 0.1, ordered: date")
    #expect(byDate.test?.count == 4)
    #expect((byDate.test?.inputs ?? []).allSatisfy { (Int($0) * 7) % 40 % 9 == 8 })
  }

  @Test func `a column without a name orders the samples`() throws {
    let folder = try TestFolder(["b.csv": "1,5,3\n2,6,1\n3,7,2\n"])
    let data = try folder.load(
      "csv: {path: b.csv, header: false, inputs: 0, targets: 1}\nsplit: {test: 0.3, ordered: 2}")
    #expect(data.test?.inputs == [1])
    #expect(
      folder.errors("csv: {path: b.csv, header: false}\nsplit: {test: 0.3, ordered: 0.5}") == """
        test.yaml:2:29: error: ordered must be true, false or a column, found the number 0.5
            split: {test: 0.3, ordered: 0.5}
                                        ^
        """)
  }

  @Test func `a split uses one column`() throws {
    #expect(
      folder.errors(
        "csv: {path: d.csv, inputs: x}\nsplit: {test: 0.3, group: [patient, day]}") == """
          test.yaml:2:28: error: a split uses one column, and this selects 2: patient, day
              split: {test: 0.3, group: [patient, day]}
                                         ^
          """)
  }

  @Test func `every class keeps a sample for training`() throws {
    let random = RandomStream(seed: 3, purpose: "test")
    for trial in 0..<100 {
      let stream = random.stream(trial)
      let sizes = (0..<2).map { stream.integer(below: 12, at: $0) + 1 }
      let validation = 0.05 + 0.6 * stream.uniform(at: 5)
      let test = (0.95 - validation) * stream.uniform(at: 6)
      let rows = sizes.enumerated().flatMap { index, size in
        (0..<size).map { "\($0),c\(index)\n" }
      }
      let folder = try TestFolder(["a.csv": "x,c\n" + rows.joined()])
      let section =
        "csv: a.csv\nsplit: {validation: \(validation), test: \(test), stratified: true}"
      guard let data = try? folder.load(section) else { continue }
      #expect(Set(data.train.targets) == [0, 1], "trial \(trial): \(sizes), \(section)")
      let count = data.train.count + data.validation!.count + data.test!.count
      #expect(count == rows.count)
    }
  }

  @Test func `every sample is in one fold`() throws {
    for options in ["", ", stratified: true", ", group: patient"] {
      var seen: [Double] = []
      var shares: [Int] = []
      for fold in 1...4 {
        let data = try load("folds: 4, fold: \(fold)\(options)")
        #expect(data.train.count + data.validation!.count == count)
        seen += data.validation!.inputs
        shares.append(data.validation!.targets.count { $0 == 0 })
      }
      #expect(seen.sorted() == (0..<count).map(Double.init), "\(options)")
      if options.contains("stratified") { #expect(shares.max()! - shares.min()! <= 1) }
    }
    let tested = try load("folds: 4, fold: 2, test: 0.25")
    #expect(tested.test?.count == 10)
    #expect(tested.validation!.count + tested.train.count == 30)
    let other = try load("folds: 4, fold: 3, test: 0.25")
    #expect(other.test?.inputs == tested.test?.inputs)
  }

  @Test func `contradicting settings are reported`() throws {
    func error(_ split: String) -> String {
      folder.errors("csv: {path: d.csv, inputs: x}\nsplit: {\(split)}")
        .split(separator: "\n").first.map(String.init) ?? ""
    }
    #expect(
      error("folds: 4, fold: 5")
        == "test.yaml:2:25: error: fold must be an integer from 1 to 4, found 5")
    #expect(
      error("fold: 1")
        == "test.yaml:2:15: error: 'fold' is the number of one of several folds; set 'folds' to their number"
    )
    #expect(
      error("folds: 4, validation: 0.2")
        == "test.yaml:2:16: error: the validation data are a fold; leave out 'validation'")
    #expect(
      error("folds: 9, fold: 1, group: patient")
        == "test.yaml:2:8: error: 8 groups are too few for 9 folds")
    #expect(
      error("folds: 30, fold: 1, test: 0.5")
        == "test.yaml:2:8: error: 20 samples without the test data are too few for 30 folds")
    #expect(
      error("validation: 0.01, group: patient")
        == "test.yaml:2:8: error: validation 0.01 of 40 samples is none; raise it")
    #expect(
      error("validation: 0.03, group: patient")
        == "test.yaml:2:8: error: validation 0.03 of 40 samples is none, because the samples of a "
        + "group stay together")
    #expect(
      error("test: 0.1, ordered: true, stratified: true")
        == "test.yaml:2:29: error: an ordered split is neither stratified, nor grouped, nor of folds"
    )
    #expect(
      error("words: {a: train}")
        == "test.yaml:2:16: error: 'words' needs 'column', the column with the words")
  }
}
