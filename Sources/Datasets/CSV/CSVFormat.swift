import Files
import NNExp

/// The format of the rows and cells of a CSV file.
struct CSVFormat: Sendable {
  enum Encoding: String, Sendable, CaseIterable { case utf8, latin1, utf16 }

  var delimiter = UInt8(ascii: ",")

  /// Whether a sequence of blanks is one delimiter, and blanks at the ends of a line are
  /// ignored.
  var skipsBlanks = false

  var hasHeader = true

  /// Whether the experiment file declares a header; its cells can then be numbers.
  var headerIsDeclared = false

  /// The first character of the lines that are ignored.
  var comment: UInt8?

  /// The number of lines to skip before the header, or before the first row if there is no
  /// header.
  var skippedLines = 0

  var encoding = Encoding.utf8
  var numbers = NumberFormat()

  /// The texts that mean a missing cell, in addition to empty cells.
  var missing = CSVFormat.standardMissing

  /// The standard texts for missing cells, in any case. A `-` is an ordinary text unless the
  /// file lists it.
  static let standardMissing = ["NA", "N/A", "#N/A", "NaN", "-NaN", "null", "?"]

  /// Whether a number ends at the next delimiter or line end, so that `shortDecimal` can read cells
  /// before they are divided into fields.
  var isSimple: Bool {
    switch delimiter {
    case 0x2B, 0x2D, 0x2E, 0x30...0x39, 0x45, 0x65: false
    default: !skipsBlanks
    }
  }

  init() {}

  init(delimiter: UInt8, hasHeader: Bool) {
    self.delimiter = delimiter
    self.hasHeader = hasHeader
  }

  /// Reads the options of a source; errors are recorded.
  ///
  /// - Parameter model: the format that applies if an option is absent.
  init(from options: inout Options, like model: CSVFormat?) {
    let model = model ?? CSVFormat()
    let shown = model.skipsBlanks ? "whitespace" : String(UnicodeScalar(model.delimiter))
    let text = options.string(
      "delimiter", default: shown,
      "the character between two fields; tab; or whitespace, for runs of blanks")
    switch text {
    case "whitespace", "\\s+":
      (delimiter, skipsBlanks) = (0x20, true)
    case "tab", "\\t":
      delimiter = 0x09
    default:
      if let byte = text.utf8.first, text.utf8.count == 1, byte < 0x80,
        ![0x22, 0x0A, 0x0D].contains(byte)
      {
        delimiter = byte
      } else {
        options.reject(
          "delimiter",
          "delimiter must be one ASCII character, tab or whitespace, found '\(excerpt(text))'")
      }
    }
    headerIsDeclared = options.contains("header") || model.headerIsDeclared
    hasHeader = options.bool("header", default: model.hasHeader, "the first line names the columns")
    numbers = NumberFormat(from: &options, like: model.numbers)
    let mark = options.optionalString("comment", "the first character of lines to leave out")
    comment = mark == nil ? model.comment : mark?.utf8.first
    if let mark, mark.utf8.count != 1 || (mark.utf8.first ?? 0) >= 0x80 {
      options.reject("comment", "comment must be one ASCII character, found '\(excerpt(mark))'")
    }
    skippedLines = options.int(
      "skip_rows", default: model.skippedLines, in: 0...1_000_000,
      "lines to skip before the header, or before the first row")
    encoding = options.choice(
      "encoding", default: model.encoding, of: Encoding.self, "the encoding of the characters")
    missing = MissingCells.texts(
      "missing", from: &options, default: model.missing,
      "cells that mean a missing value, in any case, in addition to empty cells")
    options.suggest("delimiter", for: "sep", "separator")
    options.suggest("missing", for: "na_values")
    options.suggest("skip_rows", for: "skiprows")
  }
}

extension FileShelf {
  /// The decoded contents of a CSV file: in memory, or read in parts.
  func csv(_ file: DeclaredPath, _ format: CSVFormat) throws -> CSVBytes {
    if isStreamed {
      let stream = try open(file)
      if try stream.read(0..<min(2, stream.count)) == [0x1F, 0x8B] || format.encoding != .utf8 {
        throw Diagnostic(
          "'\(file.path)' is compressed or not UTF-8, and cannot be read in parts; leave out "
            + "'stream: true'", at: file.location)
      }
      return .streamed(stream)
    }
    if format.encoding == .utf8, let parts = try openIfLarge(file) { return .parts(parts) }
    var bytes = try read(file)
    if bytes.starts(with: [0x1F, 0x8B]) {
      // The text needs its size twice while it is decoded.
      let room = min(mostInflation * bytes.count, availableMemory() / 2)
      bytes = try about("'\(file.path)'", at: file.location) {
        let text = try inflate(bytes, .gzip, limit: room + 1)
        guard text.count <= room else {
          throw Diagnostic("the text of the compressed file needs more than \(room) bytes")
        }
        return text
      }
    }
    switch format.encoding {
    case .utf8: break
    case .latin1:
      guard bytes.contains(where: { $0 >= 0x80 }) else { break }
      var text: [UInt8] = []
      text.reserveCapacity(bytes.count + bytes.count / 16)
      for byte in bytes {
        if byte < 0x80 {
          text.append(byte)
        } else {
          text.append(0xC0 | byte >> 6)
          text.append(0x80 | byte & 0x3F)
        }
      }
      bytes = text
    case .utf16:
      let isBigEndian = bytes.starts(with: [0xFE, 0xFF])
      let start = isBigEndian || bytes.starts(with: [0xFF, 0xFE]) ? 2 : 0
      let units = stride(from: start, to: bytes.count - 1, by: 2).map { i -> UInt16 in
        let (a, b) = (UInt16(bytes[i]), UInt16(bytes[i + 1]))
        return isBigEndian ? a << 8 | b : b << 8 | a
      }
      bytes = Array(String(decoding: units, as: UTF16.self).utf8)
    }
    return .held(bytes)
  }
}
