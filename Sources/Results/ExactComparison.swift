import Files
import NNExp

/// Compares the results of two runs bit by bit.
///
/// It compares the CSV files, the weights and the summary. It does not compare `timing.csv`,
/// which contains clock times, or `run.json`, which records the environment: equal results are
/// only guaranteed in equal environments.
///
/// Memory: one row of each file at a time, and one checkpoint of each run.
public struct ExactComparison: Sendable {
  /// The first difference in a file.
  public struct Difference: Sendable, Equatable {
    /// The file, such as `metrics.csv`.
    public let file: String
    /// The difference, such as `row 12 (epoch 11), train_loss: 0.25 and 0.26`.
    public let fact: String
  }

  /// The names of all compared files, sorted.
  public private(set) var files: [String] = []

  /// One per file that differs, in the order of `files`.
  public private(set) var differences: [Difference] = []

  /// The differences between the environments of the runs: `cpu: Xeon and Epyc`.
  public private(set) var environmentDifferences: [String] = []

  public var isEqual: Bool { differences.isEmpty }

  /// Compares two runs. Throws if a file cannot be read.
  public init(_ a: RunDirectory, _ b: RunDirectory) throws {
    let names = try [a, b].map {
      try Set($0.folder.entries().filter(ExactComparison.isCompared).map(ByteText.init))
    }
    let all = names[0].union(names[1]).map(\.text)
    for name in all.sorted(by: { $0.precedes(byBytes: $1) }) {
      files.append(name)
      let isThere = names.map { $0.contains(ByteText(name)) }
      guard isThere[0], isThere[1] else {
        note(name, "'\(isThere[0] ? b.path : a.path)' has none")
        continue
      }
      if name == Summary.file {
        note(name, firstDifference(try a.record(name).json, try b.record(name).json, at: ""))
      } else {
        note(name, try firstDifference(ofTable: name, a, b))
      }
    }
    for generation in [Checkpoint.Generation.last, .best] {
      try compareWeights(generation, a, b)
    }
    environmentDifferences = ExactComparison.unlike(try RunRecord(of: a), try RunRecord(of: b))
  }

  private static func isCompared(_ name: String) -> Bool {
    name == Summary.file
      || name.hasSuffix(bytes: ".csv") && !name.hasPrefix(bytes: ".") && name != TimingWriter.file
  }

  private mutating func note(_ file: String, _ fact: String?) {
    if let fact { differences.append(Difference(file: file, fact: fact)) }
  }

  private mutating func compareWeights(
    _ generation: Checkpoint.Generation, _ a: RunDirectory, _ b: RunDirectory
  ) throws {
    let name = "\(generation.rawValue) weights"
    let x = try a.checkpoint(generation)?.checkpoint
    let y = try b.checkpoint(generation)?.checkpoint
    if x == nil && y == nil { return }
    files.append(name)
    guard let x, let y else { return note(name, "'\(x == nil ? a.path : b.path)' has none") }
    for tensor in x.tensors {
      guard let other = y[tensor.name] else {
        return note(name, "'\(tensor.name)' is in '\(a.path)' only")
      }
      if let fact = firstDifference(tensor, other) { return note(name, fact) }
    }
    if let more = y.tensors.first(where: { x[$0.name] == nil }) {
      note(name, "'\(more.name)' is in '\(b.path)' only")
    }
  }

  /// Equal results are guaranteed for one binary on one class of processor with one BLAS. The
  /// number of threads, the time and the folder have no effect.
  private static func unlike(_ a: RunRecord, _ b: RunRecord) -> [String] {
    let pairs: [(String, String, String)] = [
      ("nnexp", a.nnexpVersion, b.nnexpVersion), ("swift", a.swiftVersion, b.swiftVersion),
      ("cpu", a.cpu ?? "unknown", b.cpu ?? "unknown"), ("isa", a.isa, b.isa),
      ("blas", a.blas, b.blas), ("seed", "\(a.seed)", "\(b.seed)"),
    ]
    return pairs.filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1) and \($0.2)" }
  }
}

// MARK: - CSV files

/// The first row and column of two CSV files that differ; nil if they are equal.
private func firstDifference(
  ofTable name: String, _ a: RunDirectory, _ b: RunDirectory
) throws -> String? {
  func open(_ run: RunDirectory) throws -> File {
    guard let file = try run.folder.openIfThere(name) else {
      throw Diagnostic(
        "'\(run.folder.path(of: name))' is no longer there", failure: .environment)
    }
    return file
  }
  let first = try open(a)
  let second = try open(b)
  guard let start = try startOfDifferingRow(first, second) else { return nil }
  guard let x = try row(at: start.offset, of: first), let y = try row(at: start.offset, of: second)
  else { return "the bytes from \(start.offset) on differ" }
  if let (short, long) = x.isEmpty ? (a, b) : y.isEmpty ? (b, a) : nil {
    let rows = max(0, start.row - 1)
    return "'\(long.folder.path(of: name))' continues where '\(short.folder.path(of: name))' ends, "
      + "after \(rows) \(rows == 1 ? "row" : "rows")"
  }
  return difference(x, y, try row(at: 0, of: first) ?? [], row: start.row)
}

/// The offset and number of the row that contains the first difference of two files; the header
/// is row 0. Nil if the files are equal.
private func startOfDifferingRow(
  _ first: borrowing File, _ second: borrowing File
) throws -> (offset: Int, row: Int)? {
  var start = (offset: 0, row: 0)
  var offset = 0
  var isQuoted = false
  while true {
    let (x, y) = (try first.read(1 << 16), try second.read(1 << 16))
    for (byte, other) in zip(x, y) {
      if byte != other { return start }
      offset += 1
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if byte == UInt8(ascii: "\n"), !isQuoted { start = (offset, start.row + 1) }
    }
    if x.count != y.count { return start }
    if x.isEmpty { return nil }
  }
}

/// The cells of the row that begins at an offset; empty at the end of the file. Nil if the
/// bytes there are not CSV.
private func row(at offset: Int, of file: borrowing File) throws -> [String]? {
  var length = 1 << 12
  while true {
    let bytes = try file.read(offset..<offset + length)
    if bytes.isEmpty { return [] }
    var scanner = CSVScanner(delimiter: UInt8(ascii: ","))
    let fields = try? scanner.nextRecord(in: bytes.span)
    // A row that ends with the bytes may continue after them.
    if let fields, scanner.position < bytes.count || bytes.count < length {
      return fields.map { String(decoding: $0.content(in: bytes.span), as: UTF8.self) }
    }
    if bytes.count < length { return nil }
    length *= 4
  }
}

private func difference(_ x: [String], _ y: [String], _ header: [String], row: Int) -> String {
  if row == 0 {
    return "the columns are \(header.joined(separator: ",")) and \(y.joined(separator: ","))"
  }
  let location = "row \(row)" + (header.first.map { " (\($0) \(x.first ?? ""))" } ?? "")
  guard
    let column = zip(x, y).enumerated().first(where: {
      !$0.element.0.hasSameBytes(as: $0.element.1)
    })
  else {
    return x.count == y.count
      ? "\(location) is written differently" : "\(location) has \(x.count) and \(y.count) cells"
  }
  let name = header.indices.contains(column.offset) ? header[column.offset] : "\(column.offset)"
  func shown(_ cell: String) -> String { cell.isEmpty ? "nothing" : cell }
  return "\(location), \(name): \(shown(x[column.offset])) and \(shown(y[column.offset]))"
}

// MARK: - Summaries and weights

/// The first difference of two JSON values, `final.train_loss: 0.25 and 0.26`; nil if they are
/// equal.
private func firstDifference(_ a: JSON, _ b: JSON, at path: String) -> String? {
  if a.description.hasSameBytes(as: b.description) { return nil }
  if let x = a.object, let y = b.object, x.map(\.key) == y.map(\.key) {
    for (one, other) in zip(x, y) {
      let inner = path.isEmpty ? one.key : "\(path).\(one.key)"
      if let found = firstDifference(one.value, other.value, at: inner) { return found }
    }
  }
  if let x = a.array, let y = b.array, x.count == y.count {
    for (index, pair) in zip(x, y).enumerated() {
      if let found = firstDifference(pair.0, pair.1, at: "\(path)[\(index)]") { return found }
    }
  }
  func shown(_ value: JSON) -> String { value == .null ? "nothing" : "\(value)" }
  return "\(path.isEmpty ? "" : path + ": ")\(shown(a)) and \(shown(b))"
}

/// The first difference of two tensors, `hidden.weight[3]: 0.5 and 0.25`; nil if all bits are
/// equal.
private func firstDifference(_ a: Checkpoint.Stored, _ b: Checkpoint.Stored) -> String? {
  guard a.dtype == b.dtype, a.shape == b.shape else {
    return "'\(a.name)' is \(a.dtype) \(a.shape) and \(b.dtype) \(b.shape)"
  }
  guard let byte = zip(a.bytes, b.bytes).enumerated().first(where: { $0.element.0 != $0.element.1 })
  else { return nil }
  let index = byte.offset / a.dtype.size
  func shown(_ tensor: Checkpoint.Stored) -> String {
    let bytes = tensor.bytes[index * a.dtype.size..<(index + 1) * a.dtype.size]
    let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch a.dtype {
    case .float32: return shortest(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .float64: return shortest(Double(bitPattern: bits))
    case .int64: return "\(Int64(bitPattern: bits))"
    case .uint8: return "\(bits)"
    }
  }
  return "\(a.name)[\(index)]: \(shown(a)) and \(shown(b))"
}
