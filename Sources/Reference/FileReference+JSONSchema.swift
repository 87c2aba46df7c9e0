import Files
import NNExp
import YAMLTree

// The JSON Schema of an experiment file or a sweep, for editors and validators.
//
// Draft 7, because the YAML servers of editors support it completely and later drafts in part.
// The schema accepts everything that nnexp accepts: a value whose rules it cannot express is
// described in words only.

extension FileReference {
  /// The schema of all types of the registry.
  ///
  /// - Parameter version: the version of nnexp.
  package func jsonSchema(version: String) -> JSON {
    let sweepFile = mapping("sweep file")
    var definitions: [JSON.Member] = []
    for kind in registry.kinds { definitions += self.definitions(of: kind) }
    definitions.append(.init("experiment", mapping("")))
    // An experiment with a base need not repeat the keys that are required.
    definitions.append(.init("changes", FileReference.withoutRequired(mapping(""))))
    definitions.append(.init("sweep_file", sweepFile))
    definitions.append(.init("block", object(keys["model.block"] ?? [], at: "model.block")))
    return [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": .string("an experiment of nnexp \(version)"),
      "if": ["required": ["base"]],
      "then": [
        "if": ["required": ["sweep"]], "then": ["$ref": "#/definitions/sweep_file"],
        "else": ["$ref": "#/definitions/changes"],
      ],
      "else": ["$ref": "#/definitions/experiment"],
      "definitions": .object(definitions),
    ]
  }

  /// The schema of a mapping that is merged with another: no key is required, and a component
  /// can lack its type.
  private static func withoutRequired(_ schema: JSON) -> JSON {
    switch schema {
    case .object(let members):
      if members.contains(where: { $0.key == "$ref" }) { return [:] }
      return .object(
        members.filter { !["required", "oneOf", "minProperties"].contains($0.key) }
          .map { .init($0.key, $0.key == "if" ? $0.value : withoutRequired($0.value)) })
    case .array(let items): return .array(items.map(withoutRequired))
    default: return schema
    }
  }

  // MARK: Types

  /// The path of the keys that all types of a kind share.
  private func sharedKeys(of kind: String) -> [Options.Description] {
    let paths = ["layer": "model.layer", "loss": "loss.loss", "metric": "metrics.metric"]
    return (paths[kind].flatMap { keys[$0] } ?? []).filter { $0.key != "type" }
  }

  /// The schema of a kind, and of each of its types.
  private func definitions(of kind: some ComponentKind) -> [JSON.Member] {
    let name = definitionName(kind.kind)
    let shared = sharedKeys(of: kind.kind)
    var definitions = [JSON.Member(name, component(kind))]
    for type in kind.all {
      let own = type.options.filter { $0.key != "type" }
      let common = shared.filter { key in !own.contains { $0.key == key.key } }
      definitions.append(
        .init(
          "\(name).\(type.name)",
          object(
            common + own, at: name + "." + type.name,
            also: [.init("type", ["const": .string(type.name)])],
            requiring: ["type"], description: type.documentation.summary)))
    }
    return definitions
  }

  private func definitionName(_ kind: String) -> String { kind.replacing(byte: " ", with: "_") }

  /// A type's name, or `{type: NAME, …}`.
  private func component(_ kind: some ComponentKind) -> JSON {
    let bare = kind.all.filter { type in !type.options.contains { $0.fallback == nil } }
    func names<Value>(_ types: [ComponentType<Value>]) -> JSON {
      [
        "enum": .array(types.map { .string($0.name) }),
        "enumDescriptions": .array(types.map { .string($0.documentation.summary) }),
      ]
    }
    let types = kind.all
    var mapping: [JSON.Member] = [
      .init("type", "object"), .init("required", ["type"]),
      .init("properties", ["type": names(types)]),
      .init("allOf", .array(types.map { choice($0.name, of: kind.kind) })),
    ]
    // `{constant: 0.5}` means `{type: constant, value: 0.5}`.
    if kind.kind == registry.initializers.kind {
      let short: JSON = [
        "type": "object", "maxProperties": 1,
        "propertyNames": ["enum": .array(types.map { .string($0.name) })],
      ]
      mapping = [
        .init("if", ["required": ["type"]]), .init("then", .object(mapping)), .init("else", short),
      ]
    }
    return [
      "if": ["type": "string"], "then": names(bare), "else": .object(mapping),
    ]
  }

  /// The keys of one type, if the mapping names it.
  private func choice(_ name: String, of kind: String) -> JSON {
    [
      "if": ["properties": ["type": ["const": .string(name)]], "required": ["type"]],
      "then": ["$ref": .string("#/definitions/\(definitionName(kind)).\(name)")],
    ]
  }

  // MARK: Mappings

  /// The mapping with the keys of a path.
  private func mapping(_ path: String) -> JSON {
    guard let keys = keys[path] else { return ["type": "object"] }
    // A mapping that is itself a component: `{type: spirals, samples: 200}`.
    if let type = keys.first(where: { $0.key == "type" }), case .component(let kind)? = type.domain,
      keys.count == 1
    {
      return reference(kind)
    }
    var schema = object(keys, at: path)
    if path == "data", case .object(var members) = schema {
      members.append(
        .init(
          "oneOf",
          .array(registry.sources.order.map { ["required": [.string($0)]] })))
      schema = .object(members)
    }
    return schema
  }

  private func reference(_ kind: String) -> JSON {
    ["$ref": .string("#/definitions/\(definitionName(kind))")]
  }

  private func object(
    _ keys: [Options.Description], at path: String, also: [JSON.Member] = [],
    requiring: [String] = [], description: String = ""
  ) -> JSON {
    // A key in capitals represents names that the file chooses.
    let others = keys.first { $0.key == $0.key.uppercased() && $0.domain != nil }
    let named = keys.filter { $0.key != $0.key.uppercased() }
    var members: [JSON.Member] = [.init("type", "object")]
    if !description.isEmpty { members.append(.init("description", .string(description))) }
    let properties = also + named.map { JSON.Member($0.key, schema(of: $0, at: path)) }
    members.append(.init("properties", .object(properties)))
    members.append(
      .init("additionalProperties", others.map { schema(of: $0, at: path) } ?? false))
    let needed = named.filter { $0.fallback == nil }
    let required = requiring + needed.filter { $0.alternative == nil }.map(\.key)
    if !required.isEmpty { members.append(.init("required", .array(required.map { .string($0) }))) }
    for key in needed {
      guard let other = key.alternative else { continue }
      members.append(
        .init("anyOf", [["required": [.string(key.key)]], ["required": [.string(other)]]]))
    }
    return .object(members)
  }

  // MARK: Values

  private func schema(of key: Options.Description, at path: String) -> JSON {
    let inner = path.isEmpty || path == "sweep file" ? key.key : "\(path).\(key.key)"
    var members: [JSON.Member] = []
    let value = key.domain.map { schema(of: $0, at: inner, key) } ?? [:]
    // Draft 7 ignores the other members of an object with a reference.
    if case .object(let own) = value, own.contains(where: { $0.key == "$ref" }) {
      members.append(.init("allOf", [value]))
    } else if case .object(let own) = value {
      members = own
    }
    members.append(.init("description", .string(FileReference.text(of: key))))
    if let fallback = FileReference.value(ofDefault: key) {
      members.append(.init("default", fallback))
    }
    return .object(members)
  }

  private func schema(
    of domain: Options.Description.Domain, at path: String, _ key: Options.Description
  ) -> JSON {
    switch domain {
    case .numbers(let range): return FileReference.number(range)
    case .integers(let range):
      var members: [JSON.Member] = [.init("type", "integer")]
      if range.lowerBound != .min { members.append(.init("minimum", .int(range.lowerBound))) }
      if range.upperBound < .max - 1 { members.append(.init("maximum", .int(range.upperBound))) }
      return .object(members)
    case .words(let words): return ["enum": .array(words.map { .string($0) })]
    case .truth: return ["type": "boolean"]
    case .text: return ["type": "string"]
    case .null: return ["type": "null"]
    case .list(let element, let count):
      var members: [JSON.Member] = [
        .init("type", "array"), .init("items", schema(of: element, at: path, key)),
      ]
      if count.lowerBound > 0 { members.append(.init("minItems", .int(count.lowerBound))) }
      if count.upperBound < .max - 1 { members.append(.init("maxItems", .int(count.upperBound))) }
      return .object(members)
    case .mapping(let value):
      return ["type": "object", "additionalProperties": schema(of: value, at: path, key)]
    case .component(registry.layers.kind)
    where ["model", "blocks", "model.block.block"].contains(path):
      // `{block: NAME, repeat: 3}` repeats a list of layers, which may contain others.
      return [
        "if": ["type": "object", "required": ["block"]],
        "then": ["$ref": "#/definitions/block"],
        "else": reference(registry.layers.kind),
      ]
    case .keys:
      switch path {
      case "data.validation", "data.test": return otherSource
      case "plugins": return mapping("plugins.plugin")
      case "train.groups": return mapping("train.groups.group")
      case "data.csv.columns": return columnDetails(key)
      default:
        return keys[path] == nil && !key.keys.isEmpty ? object(key.keys, at: path) : mapping(path)
      }
    case .component(let kind): return reference(kind)
    case .either(let domains):
      return ["anyOf": .array(domains.map { schema(of: $0, at: path, key) })]
    case .anything: return [:]
    }
  }

  /// A separate source of validation or test data.
  private var otherSource: JSON {
    let names = registry.sources.order
    let sources = (keys["data"] ?? []).filter { names.contains($0.key) }
    guard case .object(let members) = object(sources, at: "data") else { return [:] }
    return .object(members + [.init("minProperties", 1), .init("maxProperties", 1)])
  }

  /// The settings of a column, in which the type is optional.
  private func columnDetails(_ key: Options.Description) -> JSON {
    let kind = registry.columnTypes
    let shared = (keys["data.csv.columns"] ?? []).filter { $0.key != "type" }
    let own = kind.all.flatMap(\.options).filter { key in !shared.contains { $0.key == key.key } }
    // Without a type, its keys are unknown; with one, those of other types are errors, which
    // nnexp reports.
    let optional = own.map { key in
      var key = key
      if key.fallback == nil { key.fallback = "none" }
      return key
    }
    return object(
      shared + optional, at: "data.csv.columns",
      also: [.init("type", ["enum": .array(kind.names.map { .string($0) })])])
  }

  private static func number(_ range: Interval) -> JSON {
    var members: [JSON.Member] = [.init("type", "number")]
    if range.lower.isFinite {
      members.append(
        .init(range.includesLower ? "minimum" : "exclusiveMinimum", .number(range.lower)))
    }
    if range.upper.isFinite {
      members.append(
        .init(range.includesUpper ? "maximum" : "exclusiveMaximum", .number(range.upper)))
    }
    return .object(members)
  }

  /// `number of outputs: an integer ≥ 1 (required)`
  package static func text(of key: Options.Description) -> String {
    let fallback =
      switch key.fallback {
      case nil: "required"
      case "null"?, "none"?: "optional"
      case let words?: "default: \(words)"
      }
    let head = key.explanation.isEmpty ? "" : key.explanation + "; "
    return "\(head)\(key.range) (\(fallback))"
  }

  /// The default as a value; nil if it is described in words.
  private static func value(ofDefault key: Options.Description) -> JSON? {
    guard let fallback = key.fallback, let domain = key.domain,
      let config = try? parseYAML(Array(fallback.utf8), name: "default"), config.isIn(domain)
    else { return nil }
    return config.json
  }
}

extension ConfigValue {
  /// Whether a default is a value of the domain.
  fileprivate func isIn(_ domain: Options.Description.Domain) -> Bool {
    switch (domain, content) {
    case (.numbers, .int), (.numbers, .double), (.integers, .int), (.truth, .bool), (.null, .null):
      true
    case (.words(let words), .string(let text)): words.contains(text: text)
    case (.text, .string(let text)): !text.utf8.contains(UInt8(ascii: " "))
    case (.list(let element, _), .list(let items)): items.allSatisfy { $0.isIn(element) }
    case (.either(let domains), _): domains.contains { isIn($0) }
    case (.component, .string): true
    default: false
    }
  }

  /// The value as JSON.
  package var json: JSON {
    switch content {
    case .null: .null
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .double(let value): .number(value)
    case .string(let value): .string(value)
    case .list(let items): .array(items.map(\.json))
    case .map(let entries): .object(entries.map { .init($0.key, $0.value.json) })
    }
  }
}

extension String {
  fileprivate func replacing(byte: Character, with other: Character) -> String {
    String(map { $0 == byte ? other : $0 })
  }
}
