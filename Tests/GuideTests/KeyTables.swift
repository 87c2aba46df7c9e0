import NNExp
import Reference
import TestSupport

/// The tables of the guide: every key of an experiment file and of a sweep, and every type
/// with its keys, from the descriptions that `nnexp types` prints.
enum KeyTables {
  /// The keys of every mapping that has a table, by section.
  static func keys() throws -> [String: [Options.Description]] {
    var keys = try FileReference(registry).keys
    keys["experiment"] = keys.removeValue(forKey: "")
    return keys
  }

  /// The keys of the mappings in a file.
  static func keys(of text: String) throws -> [String: [Options.Description]] {
    var keys = try FileReference.keys(of: text, registry)
    keys["experiment"] = keys.removeValue(forKey: "")
    return keys
  }
}

extension KeyTables {
  /// The table of each section, as lines of Markdown.
  static func all() throws -> [String: String] {
    var tables = try keys().mapValues { keys in
      (["| key | value | default | meaning |", "|---|---|---|---|"] + keys.map(row))
        .map { $0 + "\n" }.joined()
    }
    for kind in registry.kinds where kind.plural != registry.sources.plural {
      tables[kind.plural] = table(of: kind)
    }
    return tables
  }

  /// The types of a kind, each followed by its keys.
  private static func table(of kind: some ComponentKind) -> String {
    var rows = ["| type, then its keys | value | default | meaning |", "|---|---|---|---|"]
    for type in kind.all {
      rows.append("| **`\(type.name)`** | | | \(cell(type.documentation.summary)) |")
      rows += type.options.map(row)
    }
    return rows.map { $0 + "\n" }.joined()
  }

  private static func row(_ key: Options.Description) -> String {
    let fallback =
      switch key.fallback {
      case nil: "required"
      case "null"?: "none"
      case let words?: words
      }
    return "| `\(key.key)` | \(cell(key.range)) | \(cell(fallback)) | \(cell(key.explanation)) |"
  }

  /// A text in which Markdown recognizes no table, emphasis or tag.
  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("*", with: "\\*").replacing("<", with: "\\<")
  }
}
