import CYAML

/// A position in the text; line and column from 0, in characters.
struct Mark: Hashable {
  var line: Int
  var column: Int

  init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  init(_ mark: yaml_mark_t) {
    self.init(line: Int(mark.line), column: Int(mark.column))
  }
}

/// One event of libyaml, in Swift's terms.
struct Event {
  /// What may precede a value: `&anchor` and `!tag`.
  struct Properties {
    var anchor: String?
    var tag: String?
  }

  enum Kind {
    case streamStart
    case streamEnd
    case documentStart
    case documentEnd
    case alias(String)
    case scalar(String, isPlain: Bool, Properties)
    case listStart(isFlow: Bool, Properties)
    case listEnd
    case mapStart(isFlow: Bool, Properties)
    case mapEnd
  }

  var kind: Kind
  var start: Mark
  var end: Mark
}

/// What libyaml says when it cannot go on.
struct ReadingError: Error {
  /// What it found, in libyaml's words.
  var problem: String
  var location: Mark
  /// What it was doing, in libyaml's words, and where that began.
  var context: String
  var contextLocation: Mark
  var isOutOfMemory: Bool
}

/// libyaml's event parser over a text.
///
/// libyaml reads ahead no further than it must, so that a caller who stops at a
/// limit has paid for no more than the text before it.
final class EventReader {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// A reader of UTF-8 without a byte order mark.
  init(_ bytes: [UInt8]) throws(ReadingError) {
    parser = .allocate(capacity: 1)
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    guard yaml_parser_initialize(parser) == 1 else {
      // The deinitializer deletes the parser, which must then be a valid one.
      parser.initialize(to: yaml_parser_t())
      let start = Mark(line: 0, column: 0)
      throw ReadingError(
        problem: "out of memory", location: start, context: "", contextLocation: start,
        isOutOfMemory: true)
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  func next() throws(ReadingError) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { yaml_event_delete(&event) }
    return Event(
      kind: kind(of: event), start: Mark(event.start_mark), end: Mark(event.end_mark))
  }

  private func kind(of event: yaml_event_t) -> Event.Kind {
    switch event.type {
    case YAML_STREAM_START_EVENT: return .streamStart
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return .scalar(
        String(decoding: value, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
        .init(anchor: string(scalar.anchor), tag: string(scalar.tag)))
    case YAML_SEQUENCE_START_EVENT:
      let list = event.data.sequence_start
      return .listStart(
        isFlow: list.style == YAML_FLOW_SEQUENCE_STYLE,
        .init(anchor: string(list.anchor), tag: string(list.tag)))
    case YAML_SEQUENCE_END_EVENT: return .listEnd
    case YAML_MAPPING_START_EVENT:
      let map = event.data.mapping_start
      return .mapStart(
        isFlow: map.style == YAML_FLOW_MAPPING_STYLE,
        .init(anchor: string(map.anchor), tag: string(map.tag)))
    case YAML_MAPPING_END_EVENT: return .mapEnd
    default: return .streamEnd
    }
  }

  private var failure: ReadingError {
    let parser = parser.pointee
    return ReadingError(
      problem: parser.problem.map { String(cString: $0) } ?? "",
      location: Mark(parser.problem_mark),
      context: parser.context.map { String(cString: $0) } ?? "",
      contextLocation: Mark(parser.context_mark),
      isOutOfMemory: parser.error == YAML_MEMORY_ERROR)
  }

  private func string(_ characters: UnsafeMutablePointer<UInt8>?) -> String? {
    characters.map { String(cString: $0) }
  }
}
