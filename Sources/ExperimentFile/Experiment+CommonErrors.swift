import Files
import NNExp
import YAMLTree

// Messages about common errors in whole files and in overrides.

extension Experiment {
  /// Throws if the file does not declare an experiment, but a sweep of one, or a table.
  static func requireExperiment(_ root: ConfigValue, path: String) throws {
    if case .map(let entries) = root.content {
      guard let base = entries.first(where: { $0.key == "base" }),
        entries.contains(where: { $0.key == "sweep" })
      else { return }
      let written = if case .string(let text) = base.value.content { "'\(text)'" } else { "a file" }
      throw Diagnostics([
        Diagnostic(
          "'\(path)' is a sweep of the experiment \(written), not an experiment",
          at: base.keyLocation, notes: [.init("run it with nnexp sweep \(quotedForShell(path))")])
      ])
    }
    guard case .string(let text) = root.content, text.utf8.contains(UInt8(ascii: ",")) else {
      return
    }
    let name = Path.name(of: path)
    throw Diagnostics([
      Diagnostic(
        "'\(path)' looks like a table, not like an experiment", at: root.location,
        notes: [
          .init(
            "an experiment is a YAML file that names it: data: {csv: {path: "
              + "\(ConfigValue.quoted(name)), targets: COLUMN}}")
        ])
    ])
  }

  /// Notes about the key of an override that is not in the file: the location of an existing
  /// key with that name, the right name, or the way to add the key.
  static func notes(
    onMissing path: [String], in added: ConfigValue, registry: Registry
  ) -> [Diagnostic.Note]? {
    guard let last = path.last else { return nil }
    let errors = reading(added, registry: registry, isDescribing: false).diagnostics.list
    let wrong = errors.first {
      $0.location?.source.name == overrideSource && $0.message.contains("unknown key")
    }
    guard let wrong else { return nil }
    let described = reading(added, registry: registry, isDescribing: true).descriptions
    let known = paths(described, below: [])
    var found = known.filter { $0.last == last }
    if found.isEmpty, !namesNeighbor(wrong) {
      // A name of another program, or a misspelled one: the mapping has the correct path.
      found = known.filter { place in
        var parts = place
        parts[parts.count - 1] = last
        let tree = try? apply(
          overrides: ["+" + parts.joined(separator: ".") + "=1"], to: added,
          isType: registry.hasType)
        guard let tree, let own = place.last else { return false }
        return reading(tree, registry: registry, isDescribing: false).diagnostics.list.contains {
          $0.location?.source.name == overrideSource
            && $0.message.contains("'\(last)'; did you mean '\(own)'?")
        }
      }
    }
    if found.isEmpty { return wrong.notes }
    let texts = found.map { $0.joined(separator: ".") }
    let present = texts.filter { (try? apply(overrides: [$0 + "=null"], to: added)) != nil }
    return (present.isEmpty ? texts.map { "+" + $0 } : present).prefix(3)
      .map { .init("did you mean \($0)=…?") }
  }

  /// True if the error suggests a key of the same mapping.
  private static func namesNeighbor(_ wrong: Diagnostic) -> Bool {
    let hint = "; did you mean '"
    guard let start = wrong.message.firstRange(of: hint)?.upperBound else { return false }
    return !wrong.message[start...].contains(".")
  }

  /// The paths of all keys without nested keys, except those of layers, which are numerous.
  private static func paths(
    _ descriptions: [Options.Description], below path: [String]
  ) -> [[String]] {
    descriptions.flatMap { key -> [[String]] in
      let own = path + [key.key]
      if path.isEmpty, ["model", "metrics", "expect", "sweep"].contains(key.key) { return [own] }
      return [own] + paths(key.keys, below: own)
    }
  }
}

extension Registry {
  /// Whether a text names a type of some kind.
  func hasType(_ name: String) -> Bool {
    func has(_ kind: some ComponentKind) -> Bool { kind.all.contains { $0.name == name } }
    return kinds.contains { has($0) }
  }
}
