/// The exit code of a command that ended with an error: 1, 2 or 3.
public enum Failure: Int32, Sendable {
  /// The command ran, but a result is not sufficient: an expectation, a gradient check,
  /// divergence.
  case shortfall = 1
  /// The input is wrong: usage, YAML, data, plugin.
  case input = 2
  /// The environment failed: disk, permission, lock, memory.
  case environment = 3
}

/// An error or warning: its location, the fact and a remedy.
public struct Diagnostic: Error, Sendable {
  /// Warnings do not end a command.
  public enum Severity: String, Sendable { case error, warning }

  /// A second location, or a further fact.
  public struct Note: Sendable {
    public let message: String
    public let location: SourceLocation?

    public init(_ message: String, at location: SourceLocation? = nil) {
      self.message = message
      self.location = location
    }
  }

  public var severity: Severity
  /// The fact and the remedy, without the location: `unknown layer type 'x'; did you mean
  /// 'y'?`.
  public var message: String
  public var location: SourceLocation?
  public var notes: [Note]
  /// The exit code of a command that this diagnostic ends. Default: `.input`.
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

  /// A copy with this location, unless the diagnostic already has one.
  public func located(at location: SourceLocation?) -> Diagnostic {
    var located = self
    if located.location == nil { located.location = location }
    return located
  }
}

extension Diagnostic: CustomStringConvertible {
  /// The diagnostic in the form that users see: `file:line:column: error: …`, the line, a
  /// caret, then the notes.
  public var description: String {
    var text = Diagnostic.headed(severity.rawValue, message, at: location)
    for note in notes { text += "\n" + Diagnostic.headed("note", note.message, at: note.location) }
    return text
  }

  private static func headed(_ head: String, _ message: String, at location: SourceLocation?)
    -> String
  {
    // Messages and paths may contain line breaks and characters that control a terminal.
    let message = message.visible()
    guard let location else { return "\(head): \(message)" }
    var text = "\(location.description.visible()): \(head): \(message)"
    let index = location.line - location.source.firstLine
    guard location.source.lines.indices.contains(index) else { return text }
    let line = location.source.lines[index].unicodeScalars
    let indent = line.prefix { $0 == " " || $0 == "\t" }.count
    // A long line is cut so that it starts shortly before the location.
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
  /// True for characters that could affect a terminal or a YAML reader: control characters,
  /// line and paragraph separators, the byte order mark and marks of direction.
  package var isUnsafeInText: Bool {
    switch value {
    case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: false
    }
  }

  /// The character itself, or YAML's escape for it if it is unsafe: `\n`, `\x1B`, `\u2028`.
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
  /// The text with every unsafe character escaped, except `kept`.
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

/// Shortens a text for a message.
package func excerpt(_ text: some StringProtocol) -> String {
  let scalars = text.unicodeScalars
  let start = scalars.prefix(40)
  if start.endIndex == scalars.endIndex { return String(text) }
  return String(String.UnicodeScalarView(start)) + "…"
}

/// All errors of one input.
public struct Diagnostics: Error, Sendable {
  public private(set) var list: [Diagnostic]

  public init(_ list: [Diagnostic] = []) { self.list = list }

  public var isEmpty: Bool { list.isEmpty }

  public mutating func add(_ diagnostic: Diagnostic) { list.append(diagnostic) }

  public mutating func add(_ diagnostics: Diagnostics) { list += diagnostics.list }

  /// Adds the diagnostics of `error`. Any other error is added as its description.
  public mutating func add(_ error: any Error, at location: SourceLocation? = nil) {
    switch error {
    case let one as Diagnostic: add(one.located(at: location))
    case let many as Diagnostics: for one in many.list { add(one.located(at: location)) }
    default: add(Diagnostic("\(error)", at: location))
    }
  }

  /// Throws the diagnostics if there are any. An error that several nodes have at one location, as
  /// in a repeated block, is thrown once.
  public func throwIfAny() throws {
    if isEmpty { return }
    var seen: Set<String> = []
    throw Diagnostics(
      list.filter { seen.insert("\($0.location?.description ?? "") \($0.message)").inserted })
  }

  /// The exit code of the most severe diagnostic.
  public var failure: Failure {
    list.map(\.failure).max { $0.rawValue < $1.rawValue } ?? .input
  }
}

extension Diagnostics: CustomStringConvertible {
  /// The largest number of diagnostics that are shown. Readers need no more, and each takes
  /// time in proportion to the length of its line.
  public static let mostShown = 100

  /// Every diagnostic in the form that users see; after `mostShown`, only the number of the
  /// rest.
  public var description: String {
    var texts = list.prefix(Diagnostics.mostShown).map(\.description)
    if list.count > Diagnostics.mostShown {
      texts.append("… and \(list.count - Diagnostics.mostShown) more")
    }
    return texts.joined(separator: "\n")
  }
}
