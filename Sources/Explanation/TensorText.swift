import NNExp

/// The text of a tensor: all entries if it is small, otherwise its shape, its norm and its
/// first entries.
struct TensorText {
  /// The range of the entries that are shown.
  let shown: Range<Int>

  /// The entries as a matrix; those of a vector as a row.
  let formula: Formula

  /// `shape [64, 30], norm 3.21, the first 6`; empty if the formula says everything.
  let note: String

  /// The entries of one row of a tensor that is written in full; nil for a small tensor.
  private var rowLength: Int?

  /// Whether there are more entries than those shown.
  private var isCut = false

  static let longestVector = 10
  static let mostRows = 8
  static let mostColumns = 6

  /// The number of entries of a large tensor that are shown.
  static let firstEntries = 6

  /// - Parameter isFull: writes every entry of a large tensor, row by row.
  init(_ values: [Double], shape: Shape, isFull: Bool = false) {
    if let (rows, columns) = TensorText.extent(of: shape) {
      shown = 0..<values.count
      let isVector = shape.rank < 2
      let matrix = TensorText.rows(values, rows, columns).map { $0.map(NumberText.of) }
      formula =
        isVector && columns > 1 ? Formula.matrix(matrix).transposed : Formula.matrix(matrix)
      note = ""
    } else if isFull, shape.count > 0 {
      shown = 0..<values.count
      let length = shape.rank < 2 ? TensorText.longestVector : shape[shape.rank - 1]
      rowLength = length
      formula = TensorText.lines(values, length)
      note = "shape \(shape), norm \(NumberText.of(TensorText.norm(values))), row by row"
    } else {
      shown = 0..<min(values.count, TensorText.firstEntries)
      isCut = shown.count < values.count
      formula = .matrix([values[shown].map(NumberText.of) + (isCut ? ["…"] : [])])
      let norm = "norm \(NumberText.of(TensorText.norm(values)))"
      note =
        "shape \(shape), \(norm)"
        + (isCut ? ", the first \(shown.count) of \(values.count)" : "")
    }
  }

  /// Another tensor's numbers for the same entries.
  func formula(of values: [Double]) -> Formula {
    guard case .matrix(let rows) = formula else {
      return Formula.matrix([values.map(NumberText.of)]).transposed
    }
    if let rowLength { return TensorText.lines(values, rowLength) }
    if !note.isEmpty { return .matrix([values.map(NumberText.of) + (isCut ? ["…"] : [])]) }
    return .matrix(
      TensorText.rows(values, rows.count, rows[0].count).map { $0.map(NumberText.of) })
  }

  /// The numbers of rows and columns for a whole tensor; nil if it is too large.
  private static func extent(of shape: Shape) -> (rows: Int, columns: Int)? {
    switch shape.rank {
    case 0, 1: shape.count > 0 && shape.count <= longestVector ? (1, shape.count) : nil
    case 2:
      (1...mostRows).contains(shape[0]) && (1...mostColumns).contains(shape[1])
        ? (shape[0], shape[1]) : nil
    default:
      // For example [1, 3, 3], a single plane.
      shape.axes.dropLast(2).allSatisfy { $0 == 1 }
        ? extent(of: Shape(shape.axes.suffix(2))) : nil
    }
  }

  /// Rows of equal length; the last one is filled with empty cells.
  private static func lines(_ values: [Double], _ length: Int) -> Formula {
    .matrix(
      stride(from: 0, to: values.count, by: length).map { start in
        let row = values[start..<min(start + length, values.count)].map(NumberText.of)
        return row + Array(repeating: "", count: length - row.count)
      })
  }

  private static func rows(_ values: [Double], _ rows: Int, _ columns: Int) -> [[Double]] {
    (0..<rows).map { Array(values[($0 * columns)..<(($0 + 1) * columns)]) }
  }

  /// √Σx², computed without overflow.
  private static func norm(_ values: [Double]) -> Double {
    let largest = values.reduce(0) { $1.isNaN ? $1 : max($0, abs($1)) }
    guard largest > 0, largest.isFinite else { return largest }
    return largest
      * values.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
  }
}

/// The numbers that replace a letter in a formula; vectors are columns.
enum Substitution {
  /// The maximum number of rows and columns, so that a product of several fits on a line.
  static let mostRows = 5
  static let mostColumns = 6

  /// Nil for tensors that are neither vectors nor matrices, or that are too large.
  static func rows(_ values: [Double], shape: Shape) -> [[String]]? {
    guard shape.rank <= 2, shape.count > 0 else { return nil }
    let rows = shape.rank == 0 ? 1 : shape[0]
    let columns = shape.rank == 2 ? shape[1] : 1
    guard rows <= mostRows, columns <= mostColumns else { return nil }
    return (0..<rows).map { row in
      (0..<columns).map { NumberText.of(values[row * columns + $0]) }
    }
  }
}
