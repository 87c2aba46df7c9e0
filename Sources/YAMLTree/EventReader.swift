import CYAML

/// A position in the text; line and column count from 0, the column in characters.
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

/// An event of libyaml.
struct Event {
  /// The properties before a value: `&anchor` and `!tag`.
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

/// An error of libyaml.
struct ReadingError: Error {
  /// The problem, in libyaml's words.
  var problem: String
  var location: Mark
  /// The construct that libyaml was reading, in its words, and the start of it.
  var context: String
  var contextLocation: Mark
  var isOutOfMemory: Bool
}

/// Reads a text with libyaml's event parser.
///
/// libyaml reads ahead no more than necessary, so that a caller who stops at a limit has spent
/// no time on the text after it.
final class EventReader {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// Creates a reader of UTF-8 without a byte order mark.
  init(_ bytes: [UInt8]) throws(ReadingError) {
    parser = .allocate(capacity: 1)
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    guard yaml_parser_initialize(parser) == 1 else {
      // The deinitializer deletes the parser, which must be valid by then.
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
