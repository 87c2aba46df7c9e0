/// A text that mistakes are found in: a file's name and its lines.
public final class Source: Sendable, Equatable {
  /// As the user wrote it: a path, or `command line`.
  public let name: String

  /// The lines, without their ends.
  public let lines: [String]

  /// The number of the first of them: 1 unless the lines before are left out.
  public let firstLine: Int

  public init(name: String, lines: [String], firstLine: Int = 1) {
    self.name = name
    self.lines = lines
    self.firstLine = firstLine
  }

  public static func == (a: Source, b: Source) -> Bool {
    a === b
      || a.firstLine == b.firstLine && a.name.hasSameBytes(as: b.name)
        && a.lines.hasSameTexts(as: b.lines)
  }
}

/// Where something stands: a source, a line and a column, both counted from 1
/// in characters.
public struct Place: Sendable, Equatable {
  public let source: Source
  public let line: Int
  public let column: Int

  public init(source: Source, line: Int, column: Int) {
    self.source = source
    self.line = line
    self.column = column
  }
}

extension Place: CustomStringConvertible {
  /// `file:line:column`.
  public var description: String { "\(source.name):\(line):\(column)" }
}

/// How a command ends when a diagnostic stops it: the exit codes 1, 2 and 3.
public enum Failure: Int32, Sendable {
  /// It ran and fell short: an expectation, a gradient check, divergence.
  case shortfall = 1
  /// Bad input: usage, YAML, data, plugin.
  case input = 2
  /// The environment: disk, permission, lock, memory.
  case environment = 3
}

/// A mistake or fault, told as place, fact and remedy.
public struct Diagnostic: Error, Sendable {
  public enum Severity: String, Sendable { case error, warning }

  /// A second place or a further fact.
  public struct Note: Sendable {
    public let message: String
    public let place: Place?

    public init(_ message: String, at place: Place? = nil) {
      self.message = message
      self.place = place
    }
  }

  public var severity: Severity
  public var message: String
  public var place: Place?
  public var notes: [Note]
  public var failure: Failure

  public init(
    _ message: String, at place: Place? = nil, notes: [Note] = [],
    severity: Severity = .error, failure: Failure = .input
  ) {
    self.severity = severity
    self.message = message
    self.place = place
    self.notes = notes
    self.failure = failure
  }

  /// The same diagnostic at `place`, unless it has one.
  public func located(at place: Place?) -> Diagnostic {
    var located = self
    if located.place == nil { located.place = place }
    return located
  }
}

extension Diagnostic: CustomStringConvertible {
  /// The diagnostic as it is shown: `file:line:column: error: …`, the line, a
  /// caret, then the notes.
  public var description: String {
    var text = Diagnostic.headed(severity.rawValue, message, at: place)
    for note in notes { text += "\n" + Diagnostic.headed("note", note.message, at: note.place) }
    return text
  }

  private static func headed(_ head: String, _ message: String, at place: Place?) -> String {
    // Messages and paths may hold what a terminal acts upon, and line breaks.
    let message = message.visible()
    guard let place else { return "\(head): \(message)" }
    var text = "\(place.description.visible()): \(head): \(message)"
    let index = place.line - place.source.firstLine
    guard place.source.lines.indices.contains(index) else { return text }
    let line = place.source.lines[index].unicodeScalars
    let indent = line.prefix { $0 == " " || $0 == "\t" }.count
    // A long line is shown from shortly before the place on.
    let caret = max(place.column - 1, indent)
    let first = caret > 72 ? caret - 40 : indent
    let shown = line.dropFirst(first).prefix(96).map { scalar -> Character in
      scalar.isUnsafeInText ? " " : Character(scalar)
    }
    guard !shown.isEmpty else { return text }
    text += "\n    " + String(shown)
    text += "\n    " + String(repeating: " ", count: caret - first) + "^"
    return text
  }
}

extension Unicode.Scalar {
  /// True for what a terminal or a reader of YAML might act upon: controls, line
  /// and paragraph separators, the byte order mark and marks of direction.
  package var isUnsafeInText: Bool {
    switch value {
    case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: false
    }
  }

  /// Itself, or where it is unsafe YAML's escape for it: `\n`, `\x1B`, `\u2028`.
  package var visible: String {
    guard isUnsafeInText else { return String(self) }
    switch self {
    case "\n": return "\\n"
    case "\t": return "\\t"
    case "\r": return "\\r"
    default:
      let hex = String(value, radix: 16, uppercase: true)
      return value < 0x100
        ? "\\x" + (hex.count < 2 ? "0" : "") + hex
        : "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }
  }
}

extension String {
  /// The text with every unsafe scalar made visible, but for those of one kind.
  package func visible(except kept: Unicode.Scalar? = nil) -> String {
    let isShown = { (scalar: Unicode.Scalar) in !scalar.isUnsafeInText || scalar == kept }
    if unicodeScalars.allSatisfy(isShown) { return self }
    var text = ""
    for scalar in unicodeScalars {
      if isShown(scalar) {
        text.unicodeScalars.append(scalar)
      } else {
        text += scalar.visible
      }
    }
    return text
  }
}

/// Every mistake of one input together.
public struct Diagnostics: Error, Sendable {
  public private(set) var list: [Diagnostic]

  public init(_ list: [Diagnostic] = []) { self.list = list }

  public var isEmpty: Bool { list.isEmpty }

  public mutating func add(_ diagnostic: Diagnostic) { list.append(diagnostic) }

  public mutating func add(_ diagnostics: Diagnostics) { list += diagnostics.list }

  /// Adds what `error` tells; any other kind of error becomes its description.
  public mutating func add(_ error: any Error, at place: Place? = nil) {
    switch error {
    case let one as Diagnostic: add(one.located(at: place))
    case let many as Diagnostics: for one in many.list { add(one.located(at: place)) }
    default: add(Diagnostic("\(error)", at: place))
    }
  }

  /// Throws if there is anything in it.
  public func throwIfAny() throws {
    if !isEmpty { throw self }
  }

  /// The exit code: that of the gravest diagnostic.
  public var failure: Failure {
    list.map(\.failure).max { $0.rawValue < $1.rawValue } ?? .input
  }
}

extension Diagnostics: CustomStringConvertible {
  /// The most diagnostics that are shown; nobody reads more, and each costs the length of
  /// its line.
  public static let mostShown = 100

  /// Every diagnostic as it is shown; beyond `mostShown`, only how many there are.
  public var description: String {
    var texts = list.prefix(Diagnostics.mostShown).map(\.description)
    if list.count > Diagnostics.mostShown {
      texts.append("… and \(list.count - Diagnostics.mostShown) more")
    }
    return texts.joined(separator: "\n")
  }
}
