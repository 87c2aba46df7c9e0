import NNExp
import YAMLTree

/// One section of an experiment file, read.
struct Section<Value: Sendable>: Sendable {
  let value: Value
  /// Its options with every default, as `resolved.yaml` has them.
  let resolved: [Node.Entry]
  /// The same as YAML.
  let yaml: String
}

/// What a section is read from.
private struct SectionKey: Equatable, Sendable {
  let entries: [Node.Entry]
  /// The file's, which is given for what it lacks.
  let place: Place?
}

extension Options {
  /// Reads the section under some keys, unless the memo has it. After a mistake, which is
  /// recorded, or if `body` returns nil, there is no section.
  ///
  /// - Parameter memo: holds one section of each type of value.
  mutating func read<Value: Sendable>(
    _ keys: [String], _ memo: Memo?, _ body: (inout Options) -> Value?
  ) -> Section<Value>? {
    var part = part(keys)
    defer { adoptDescriptions(of: part) }
    do {
      let section = try memo.value(for: SectionKey(entries: part.entries, place: place)) {
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
