import NNExp
import YAMLTree

/// A section of an experiment file after reading.
struct Section<Value: Sendable>: Sendable {
  let value: Value
  /// Its options with every default, as in `resolved.yaml`.
  let resolved: [ConfigValue.Entry]
  /// `resolved` as YAML.
  let yaml: String
}

/// The text of a section, which determines its value.
private struct SectionKey: Equatable, Sendable {
  let entries: [ConfigValue.Entry]
  /// The location of the file, to which missing keys are attributed.
  let location: SourceLocation?
}

extension Options {
  /// Reads the section with these keys, or takes it from the memo. Nil after an error, which is
  /// recorded, or if `body` returns nil.
  ///
  /// - Parameter memo: the cache, which keeps one section per type of value.
  mutating func read<Value: Sendable>(
    _ keys: [String], _ memo: Memo?, _ body: (inout Options) -> Value?
  ) -> Section<Value>? {
    var part = part(keys)
    defer { adoptDescriptions(of: part) }
    do {
      let section = try memo.value(for: SectionKey(entries: part.entries, location: location)) {
        guard let value = body(&part), part.diagnostics.isEmpty,
          case .map(let resolved) = part.resolved.content
        else { throw part.diagnostics }
        return Section(
          value: value, resolved: resolved, yaml: resolved.isEmpty ? "" : writeYAML(part.resolved))
      }
      for entry in section.resolved { resolve(entry.key, entry.value) }
      return section
    } catch {
      adopt(part)
      return nil
    }
  }
}
