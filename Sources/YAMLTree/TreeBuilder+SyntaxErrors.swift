import NNExp

/// The events before a syntax error, from which its cause is derived.
struct SyntaxContext {
  /// The last scalar, if nothing followed it.
  private(set) var scalar: (start: Mark, end: Mark, isPlain: Bool)?

  /// The starts of the collections that ended last, one directly after the other.
  private(set) var closed: [Mark] = []

  /// The starts of the open collections, the innermost last.
  private(set) var open: [Mark] = []

  /// The end of the last scalar, alias or bracket.
  private(set) var end = Mark(line: 0, column: 0)

  /// The start of the whole document, if it is a block collection.
  private(set) var block: Mark?

  mutating func note(_ event: Event) {
    scalar = nil
    switch event.kind {
    case .listEnd, .mapEnd:
      // A block collection ends where the next token begins.
      if event.start != event.end { end = event.end }
      if let begun = open.popLast() { closed.append(begun) }
      return
    case .listStart(let isFlow, _), .mapStart(let isFlow, _):
      if open.isEmpty, !isFlow { block = event.start }
      open.append(event.start)
    case .scalar(_, let isPlain, _):
      scalar = (event.start, event.end, isPlain)
      end = event.end
    case .alias:
      end = event.end
    default: break
    }
    closed = []
  }
}

/// libyaml's errors in words for the author of the file: the location of the cause, which is
/// seldom the location that libyaml reports, and what to write instead.
extension TreeBuilder {
  func diagnostic(of error: ReadingError) -> Diagnostic {
    if error.isOutOfMemory {
      return Diagnostic("no memory to read the text", failure: .environment)
    }
    let found = character(at: error.location)
    let problem = error.problem
    if found == "\t" || problem.contains("tab character") {
      return located("a tab cannot indent; use spaces", at: firstTab(around: error.location))
    }
    if error.context == "while scanning a simple key" {
      return incompleteLine(at: error.contextLocation)
    }
    if problem.hasPrefix("mapping values are not allowed") { return unexpectedColon(error) }
    if problem == "did not find expected key" || problem.hasSuffix("'-' indicator") {
      return unexpectedLine(error)
    }
    if error.context == "while parsing a flow node"
      || problem.hasPrefix("did not find expected ','")
    {
      return unclosed(error)
    }
    if error.context.hasSuffix("quoted scalar") { return badQuotes(error) }
    if error.context.hasSuffix("a tag") || problem == "found undefined tag handle" {
      return located(
        "tags are not supported; quote a text that begins with '!'", at: error.contextLocation)
    }
    switch error.context {
    case "while scanning an alias", "while scanning an anchor":
      let sign = character(at: error.contextLocation).map(String.init) ?? "*"
      return located(
        "a plain text cannot begin with '\(sign)'; quote it", at: error.contextLocation)
    case "while scanning a block scalar":
      let rest = text(from: error.contextLocation)
      if rest.utf8.dropFirst().first.map({ $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: " ") })
        == true
      {
        return located(
          "a text that begins with '\(rest.unicodeScalars.first ?? ">")' must be quoted: \"\(rest)\"",
          at: error.contextLocation)
      }
      return located(
        "after '|' or '>' the line may contain only '+', '-', a digit from 1 to 9 and a comment",
        at: error.location)
    case "while scanning a directive":
      return located("a plain text cannot begin with '%'; quote it", at: error.contextLocation)
    case "while parsing a block node":
      return located("expected a value, found \(name(of: found))", at: error.location)
    default: break
    }
    switch problem {
    case "found character that cannot start any token":
      return located(
        "a plain text cannot begin with \(name(of: found)); quote it", at: error.location)
    case "block sequence entries are not allowed in this context":
      return located(
        "a list item '- ' must begin a new line; or write the list as [a, b]",
        at: error.location)
    case "found unexpected ':'":
      let after = Mark(line: error.location.line, column: error.location.column + 1)
      return located("missing space after ':'", at: after)
    case "mapping keys are not allowed in this context":
      return located(
        "'? ' is not permitted here; quote a text that begins with '?'", at: error.location)
    case "did not find expected <document start>":
      return located("expected '---' after the directive", at: error.location)
    default:
      return located("this is not YAML: \(problem)", at: error.location)
    }
  }

  /// Reports `word:value` at a location. `text` limits the search to a part of the line.
  func missingSpace(at mark: Mark, in text: String? = nil) -> Diagnostic? {
    let text = text ?? self.text(from: mark)
    guard let colon = text.firstIndex(ofByte: ":") else { return nil }
    let word = text[..<colon]
    let value = text[text.utf8.index(after: colon)...]
    guard isWord(word), let first = value.utf8.first, !" \t:/\\".utf8.contains(first) else {
      return nil
    }
    return located(
      "missing space after ':'; write '\(word): \(excerpt(withoutComment(value)))'",
      at: Mark(line: mark.line, column: mark.column + word.unicodeScalars.count + 1))
  }

  /// Reports a line whose column cannot continue any of the collections above.
  func wrongIndentation(expected columns: [Int], at mark: Mark) -> Diagnostic {
    let expected = columns.map(String.init).joined(separator: " or ")
    let spaces = columns == [1] ? "space" : "spaces"
    return located(
      "wrong indentation: expected \(expected) \(spaces), found \(mark.column)", at: mark)
  }

  // MARK: Kinds of errors

  /// Reports a line in a mapping that has no `key: value`.
  private func incompleteLine(at mark: Mark) -> Diagnostic {
    let line = text(from: mark)
    if line.unicodeScalars.count > TreeBuilder.keyLimit {
      return located("a key is longer than 1,024 characters, the limit of a key", at: mark)
    }
    if let failure = missingSpace(at: mark) { return failure }
    let word = Substring(line.unicodeScalars.prefix { $0 != " " && $0 != "\t" && $0 != "=" })
    let rest = line[word.endIndex...].unicodeScalars.drop { $0 == " " || $0 == "\t" }
    if isWord(word), let first = rest.first, first != "#" {
      let value = Substring(rest.drop { $0 == "=" || $0 == " " })
      return located(
        "missing ':' after '\(word)'; write '\(word): \(excerpt(withoutComment(value)))'",
        at: Mark(line: mark.line, column: mark.column + word.unicodeScalars.count))
    }
    return located("expected 'key: value', found '\(excerpt(line))'", at: mark)
  }

  /// Reports a ':' after a text that is already a value.
  private func unexpectedColon(_ error: ReadingError) -> Diagnostic {
    guard let scalar = context.scalar, scalar.end == error.location else {
      return located("unexpected ':'; quote a text that contains ': '", at: error.location)
    }
    let first = text(from: scalar.start)
    guard scalar.start.line < scalar.end.line else {
      if scalar.end.column - scalar.start.column > TreeBuilder.keyLimit {
        return located(
          "a key is longer than 1,024 characters, the limit of a key", at: scalar.start)
      }
      return located(
        "a second ': ' in one line; quote a text that contains ': ', or begin a new line",
        at: error.location)
    }
    // The text continued from an earlier line into this line's key.
    if !scalar.isPlain {
      return located("a key must begin and end on one line", at: scalar.start)
    }
    let before = source.characters(ofLine: scalar.start.line).prefix(scalar.start.column)
    let isItem = before.contains("-") && before.allSatisfy { " -".unicodeScalars.contains($0) }
    if before.allSatisfy({ $0 == " " })
      || (isItem && first.utf8.contains { " :=".utf8.contains($0) })
    {
      return incompleteLine(at: scalar.start)
    }
    let indentation = indentation(ofLine: error.location.line)
    return Diagnostic(
      "wrong indentation: the \(isItem ? "item" : "key") before has a value, so that nothing can "
        + "be indented under it",
      at: location(Mark(line: error.location.line, column: indentation)),
      notes: [.init("the value is '\(excerpt(first))'", at: location(scalar.start))])
  }

  /// Reports something other than the next key or item of a block collection.
  private func unexpectedLine(_ error: ReadingError) -> Diagnostic {
    let line = source.characters(ofLine: error.location.line)
    let before = line.prefix(error.location.column)
    guard before.allSatisfy({ $0 == " " }) else { return unexpectedRest(error, after: before) }

    let isList = error.problem.hasSuffix("'-' indicator")
    let expected = Set(([error.contextLocation] + context.closed).map(\.column)).sorted()
    if !expected.contains(error.location.column) {
      return wrongIndentation(expected: expected, at: error.location)
    }
    let rest = text(from: error.location)
    if isList {
      return Diagnostic(
        "expected a list item '- …' or deeper indentation, found '\(excerpt(rest))'",
        at: location(error.location),
        notes: [.init("the list begins here", at: location(error.contextLocation))])
    }
    if rest == "-" || rest.hasPrefix(bytes: "- ") {
      return Diagnostic(
        "expected 'key: value', found a list item", at: location(error.location),
        notes: [.init("the mapping begins here", at: location(error.contextLocation))])
    }
    return located("expected 'key: value', found '\(excerpt(rest))'", at: error.location)
  }

  /// Reports text on a line whose value is complete.
  private func unexpectedRest(
    _ error: ReadingError, after before: ArraySlice<Unicode.Scalar>
  ) -> Diagnostic {
    switch before.last(where: { $0 != " " && $0 != "\t" }) {
    case "'":
      located(
        "text after the closing quote; inside '…' write a quote twice: ''", at: error.location)
    case "\"":
      located(
        "text after the closing quote; inside \"…\" write a quote as \\\"", at: error.location)
    case let last?:
      located(
        "text after a complete value; quote the whole, or begin a new line", at: error.location
      )
      .noting(last == "]" || last == "}" ? "'\(last)' ends the value" : nil)
    case nil:
      located("expected 'key: value'", at: error.location)
    }
  }

  /// Reports a list or mapping in brackets that is not closed.
  private func unclosed(_ error: ReadingError) -> Diagnostic {
    let opening =
      error.context == "while parsing a flow node" ? context.open.last : error.contextLocation
    let found = character(at: error.location)
    guard let opening, let bracket = character(at: opening) else {
      return located("expected a value, found \(name(of: found))", at: error.location)
    }
    let closing = bracket == "{" ? "}" : "]"
    let rest = text(from: error.location)
    let isKey = rest.firstIndex(ofByte: ":").map { $0 == rest.startIndex || isWord(rest[..<$0]) }
    let isOutside =
      error.location.line > opening.line
      && indentation(ofLine: error.location.line) <= indentation(ofLine: opening.line)
    if error.location.line >= source.lines.count || (isOutside && (rest.isEmpty || isKey == true)) {
      return located("'\(bracket)' is never closed; add '\(closing)'", at: opening)
    }
    let notes = [Diagnostic.Note("'\(bracket)' is here", at: location(opening))]
    if let found, "]}".unicodeScalars.contains(found), String(found) != closing {
      return Diagnostic(
        "'\(found)' cannot close '\(bracket)'; write '\(closing)'", at: location(error.location),
        notes: notes)
    }
    if error.context == "while parsing a flow node" {
      return located("expected a value, found \(name(of: found))", at: error.location)
    }
    if let scalar = context.scalar, scalar.end == error.location,
      scalar.start.line < scalar.end.line
    {
      // A text continued into the key of the next line.
      let last = withoutComment(text(from: scalar.start)[...])
      let end = scalar.start.column + last.unicodeScalars.count
      return Diagnostic(
        "missing ',' or '\(closing)' after '\(excerpt(last))'",
        at: location(Mark(line: scalar.start.line, column: end)), notes: notes)
    }
    return Diagnostic(
      "expected ',' or '\(closing)', found \(name(of: found))", at: location(error.location),
      notes: notes
    )
  }

  private func badQuotes(_ error: ReadingError) -> Diagnostic {
    switch error.problem {
    case "found unknown escape character":
      let escape = text(from: error.location).prefix(2)
      return located(
        "unknown escape '\(escape)'; write a backslash as '\\\\', or use single quotes",
        at: error.location)
    case "did not find expected hexdecimal number":
      return located(
        "expected hexadecimal digits: '\\x0A', '\\u00E9' or '\\U0001F600'", at: error.location)
    case "found invalid Unicode character escape code":
      return located("the escape is not a Unicode character", at: error.location)
    default:
      let quote = character(at: error.contextLocation).map(String.init) ?? "\""
      return located("the quote \(quote) is never closed", at: error.contextLocation)
    }
  }

  // MARK: The surrounding text

  private func located(_ message: String, at mark: Mark) -> Diagnostic {
    Diagnostic(message, at: location(mark))
  }

  private func location(_ mark: Mark) -> SourceLocation {
    SourceLocation(source: source, line: mark.line + 1, column: mark.column + 1)
  }

  private func character(at mark: Mark) -> Unicode.Scalar? {
    let line = source.characters(ofLine: mark.line)
    return line.indices.contains(mark.column) ? line[mark.column] : nil
  }

  private func name(of character: Unicode.Scalar?) -> String {
    character.map { "'\($0)'" } ?? "the end of the line"
  }

  /// The rest of a line.
  private func text(from mark: Mark) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: source.characters(ofLine: mark.line).dropFirst(mark.column))
    return String(text)
  }

  private func indentation(ofLine line: Int) -> Int {
    source.characters(ofLine: line).prefix { $0 == " " }.count
  }

  private func firstTab(around mark: Mark) -> Mark {
    let column = source.characters(ofLine: mark.line).firstIndex(of: "\t")
    return Mark(line: mark.line, column: column ?? mark.column)
  }

  private func isWord(_ text: some StringProtocol) -> Bool {
    guard let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "_"
    else {
      return false
    }
    return text.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.".unicodeScalars.contains($0)
    }
  }

  private func withoutComment(_ text: Substring) -> Substring {
    var end = text.startIndex
    var previous: UInt8?
    for index in text.utf8.indices {
      let byte = text.utf8[index]
      if byte == UInt8(ascii: "#"), previous == UInt8(ascii: " ") { break }
      if byte != UInt8(ascii: " ") { end = text.utf8.index(after: index) }
      previous = byte
    }
    return text[..<end]
  }
}

extension Diagnostic {
  fileprivate func noting(_ message: String?) -> Diagnostic {
    guard let message else { return self }
    var diagnostic = self
    diagnostic.notes.append(.init(message))
    return diagnostic
  }
}
