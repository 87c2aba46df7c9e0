import NNExp
import TestSupport
import Testing

@testable import Datasets

/// Inputs for several ports without targets, in the form of the training data.
@Suite struct PortPredictionTests {
  let folder: TestFolder
  static let csv = """
    csv: {path: train.csv, inputs: {city: c, numbers: [x, y]}, targets: {t: t}}
    scale: {numbers: min_max}
    indices: {city: auto}
    """
  static let npz = """
    npz: {path: train.npz, inputs: {image: images, word: words}, targets: labels}
    scale: min_max
    indices: {word: 5}
    """

  init() throws {
    folder = try TestFolder(["train.csv": "x,c,y,t\n0,rome,0,1\n4,bern,10,2\n"])
    try folder.write(
      ArrayWriter.npz([
        ("images", ArrayWriter.npy([0, 0, 2, 4], [2, 2])), ("words", ArrayWriter.npy([3, 1], [2])),
        ("labels", ArrayWriter.npy([0, 1], [2])),
      ]), to: "train.npz")
  }

  func load(_ file: [UInt8], _ section: String) throws -> Dataset<Float> {
    try folder.write(file, to: "new")
    let declaration = try folder.declaration(section)
    let data = try declaration.load(as: Float.self, seed: 1)
    return try declaration.loadInputs(path: folder.path + "/new", like: data)
  }

  func message(_ file: [UInt8], _ section: String) -> String {
    folder.errors { _ = try load(file, section) }
  }

  func message(_ file: String, _ section: String) -> String {
    message(Array(file.utf8), section)
  }

  @Test func tablesAreReadByTheNamesOfColumns() throws {
    for section in [PortPredictionTests.csv, PortPredictionTests.csv + "\nstream: true"] {
      let samples = try load(Array("y,c,t,x\n5,bern,?,1\n10,rome,?,2\n".utf8), section)
      let held = try samples.held(0..<2)
      #expect(held.inputs == [0.25, 0.5, 0.5, 1])
      #expect(held.indices == [0, 1])
      #expect(held.targets.isEmpty)
    }
    let words = try load(Array("word,image_1,image_0\n4,2,1\n".utf8), PortPredictionTests.npz)
    #expect(words.inputs == [0.5, 0.5])
    #expect(words.indices == [4])
    let others = try load(Array("1,2,4\n".utf8), PortPredictionTests.npz)
    #expect(others.inputs == [0.5, 0.5])
    #expect(others.indices == [4])
  }

  @Test func archivesAreReadByTheNamesOfArraysOrPorts() throws {
    for names in [("images", "words"), ("image", "word"), ("images", "word")] {
      let samples = try load(
        ArrayWriter.npz([
          (names.1, ArrayWriter.npy([4], [1])), (names.0, ArrayWriter.npy([1, 2], [1, 2])),
        ]), PortPredictionTests.npz)
      #expect(samples.inputs == [0.5, 0.5])
      #expect(samples.indices == [4])
    }
    let one = "npz: {path: train.npz, inputs: {image: images}, targets: labels}"
    for name in ["image", "images", "any"] {
      let file = ArrayWriter.npz([(name, ArrayWriter.npy([1, 2], [1, 2]))])
      #expect(try load(file, one).inputs == [1, 2])
    }
    #expect(try load(ArrayWriter.npy([1, 2], [1, 2]), one).inputs == [1, 2])
  }

  @Test func wrongFilesAreReported() {
    #expect(
      message("x,y,city\n1,2,bern\n", PortPredictionTests.csv) == """
        error: no column 'c' in 'new'
        note: columns: x, y, city
        """)
    #expect(
      message("x,y,c\n1,2,berne\n", PortPredictionTests.csv) == """
        new:2:5: error: the text 'berne' of column 'c' is not in the training data; did you mean \
        'bern'?
            1,2,berne
                ^
        note: known: bern, rome
        note: with 'columns: {c: {other: true}}', training provides an input for unknown texts
        """)
    #expect(
      message("image_0,image_1,word\n1,2,5\n", PortPredictionTests.npz) == """
        new:2:5: error: 'word' is 5 in sample 0, but port 'word' requires whole numbers from 0 to 4
            1,2,5
                ^
        """)
    #expect(
      message("1,2\n", PortPredictionTests.npz) == """
        new:1:1: error: 'new' has 2 columns, but the training data have 3 inputs
            1,2
            ^
        """)
    #expect(
      message(ArrayWriter.npy([1, 2], [1, 2]), PortPredictionTests.npz) == """
        error: 'new' holds one array, but the data have the input ports image, word; give a CSV \
        file with the columns of all of them, or an NPZ archive with an array for each
        """)
    #expect(
      message(
        ArrayWriter.npz([
          ("image", ArrayWriter.npy([1, 2], [1, 2])), ("wort", ArrayWriter.npy([1], [1])),
        ]), PortPredictionTests.npz) == """
          error: 'new': no array 'words'
          note: arrays: image, wort
          """)
    #expect(
      message(
        ArrayWriter.npz([
          ("image", ArrayWriter.npy([1, 2], [1, 2])), ("word", ArrayWriter.npy([1, 2], [2])),
        ]), PortPredictionTests.npz)
        == "error: 'image' of 'new' holds 1 samples, but 'word' of 'new' holds 2")
    #expect(
      message(
        ArrayWriter.npz([
          ("image", ArrayWriter.npy([1, 2, 3], [1, 3])), ("word", ArrayWriter.npy([1], [1])),
        ]), PortPredictionTests.npz)
        == "error: 'image' of 'new' has 3 numbers per sample, but the training inputs of port 'image' have 2"
    )
    #expect(
      message(
        ArrayWriter.npz([
          ("numbers", ArrayWriter.npy([1, 2], [1, 2])), ("city", ArrayWriter.npy([1], [1])),
        ]), PortPredictionTests.csv)
        == "error: 'city' of 'new' holds numbers, but the training inputs of port 'city' are texts")
  }
}
