/// The exit code of a command that a diagnostic ends: 1, 2 or 3.
public enum Failure: Int32, Sendable {
  /// The command ran, but a result is insufficient: an expectation, a gradient check, divergence.
  case shortfall = 1
  /// Bad input: usage, YAML, data, plugin.
  case input = 2
  /// The environment: disk, permission, lock, memory.
  case environment = 3
}

/// An error or warning: its location, the fact and a remedy.
public struct Diagnostic: Error, Sendable {
  public enum Severity: String, Sendable { case error, warning }

  /// A second location or a further fact.
  public struct Note: Sendable {
    public let message: String
    public let location: SourceLocation?

    public init(_ message: String, at location: SourceLocation? = nil) {
      self.message = message
      self.location = location
    }
  }

  public var severity: Severity
  public var message: String
  public var location: SourceLocation?
  public var notes: [Note]
  public var failure: Failure

  public init(
    _ message: String, at location: SourceLocation? = nil, notes: [Note] = [],
    severity: Severity = .error, failure: Failure = .input
  ) {
    self.severity = severity
    self.message = message
    self.location = location
    self.notes = notes
    self.failure = failure
  }

  /// The same diagnostic at `location`, unless it has one.
  public func located(at location: SourceLocation?) -> Diagnostic {
    var located = self
    if located.location == nil { located.location = location }
    return located
  }
}

extension Diagnostic: CustomStringConvertible {
  /// The diagnostic as it is shown: `file:line:column: error: …`, the line, a
  /// caret, then the notes.
  public var description: String {
    var text = Diagnostic.headed(severity.rawValue, message, at: location)
    for note in notes { text += "\n" + Diagnostic.headed("note", note.message, at: note.location) }
    return text
  }

  private static func headed(_ head: String, _ message: String, at location: SourceLocation?)
    -> String
  {
    // Messages and paths may hold what a terminal acts upon, and line breaks.
    let message = message.visible()
    guard let location else { return "\(head): \(message)" }
    var text = "\(location.description.visible()): \(head): \(message)"
    let index = location.line - location.source.firstLine
    guard location.source.lines.indices.contains(index) else { return text }
    let line = location.source.lines[index].unicodeScalars
    let indent = line.prefix { $0 == " " || $0 == "\t" }.count
    // A long line is shown from shortly before the location on.
    let caret = max(location.column - 1, indent)
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

/// All errors of one input.
public struct Diagnostics: Error, Sendable {
  public private(set) var list: [Diagnostic]

  public init(_ list: [Diagnostic] = []) { self.list = list }

  public var isEmpty: Bool { list.isEmpty }

  public mutating func add(_ diagnostic: Diagnostic) { list.append(diagnostic) }

  public mutating func add(_ diagnostics: Diagnostics) { list += diagnostics.list }

  /// Adds the diagnostics of `error`; any other kind of error becomes its description.
  public mutating func add(_ error: any Error, at location: SourceLocation? = nil) {
    switch error {
    case let one as Diagnostic: add(one.located(at: location))
    case let many as Diagnostics: for one in many.list { add(one.located(at: location)) }
    default: add(Diagnostic("\(error)", at: location))
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
  /// The most diagnostics that are shown; more would not be read, and each costs the length of
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
