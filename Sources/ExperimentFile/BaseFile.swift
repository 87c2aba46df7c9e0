import Files
import NNExp
import YAMLTree

/// The file that `base:` of an experiment names, whose settings the experiment changes.
///
///     base: iris.yaml
///     train: {epochs: 50}
///
/// A mapping of the experiment is merged with that of the base, key by key. Any other value replaces
/// that of the base, and so does a mapping with another `type`. A path is relative to the file that
/// contains it.
struct BaseFile {
  /// The whole experiment.
  let merged: ConfigValue
  /// The text of the base file.
  let text: [UInt8]
  /// The base if it is in another folder; otherwise nil.
  let relocated: RelocatedFile?

  /// Nil if the file has no `base`. Throws if the base cannot be read or names another base.
  init?(of root: ConfigValue, path: String) throws {
    guard case .map(let entries) = root.content,
      let base = entries.first(where: { $0.key == "base" })
    else { return nil }
    guard case .string(let name) = base.value.content else {
      throw Diagnostics([
        Diagnostic(
          "base must be the name of an experiment file, found \(base.value.kind)",
          at: base.value.location)
      ])
    }
    let file = Path.join(Path.folder(of: path), name)
    var tree: ConfigValue
    do {
      text = try readFile(file)
      tree = try parseYAML(text, name: file)
    } catch {
      var errors = Diagnostics()
      errors.add(error, at: base.value.location)
      throw errors
    }
    if case .map(let inner) = tree.content, let second = inner.first(where: { $0.key == "base" }) {
      throw Diagnostics([
        Diagnostic(
          "the base names another base; name that file", at: second.keyLocation,
          notes: [.init("the experiment is here", at: base.value.location)])
      ])
    }
    let own = ConfigValue(.map(entries.filter { $0.key != "base" }), at: root.location)
    if Path.prefix(of: name).isEmpty {
      relocated = nil
    } else {
      let folder =
        tree.removeDataFolder().map { Path.join(Path.folder(of: name), $0) }
        ?? Path.folder(of: name)
      if let own = own["data"]?["folder"] {
        throw Diagnostics([
          Diagnostic(
            "an experiment whose base is in another folder cannot name a folder for its data; write "
              + "the paths relative to this file", at: own.location)
        ])
      }
      relocated = RelocatedFile(
        name: file, prefix: folder.hasSuffix(bytes: "/") ? folder : folder + "/")
    }
    merged = tree.merged(with: own)
  }
}

extension ConfigValue {
  /// This value with the changes of `other`.
  fileprivate func merged(with other: ConfigValue) -> ConfigValue {
    guard case .map(var entries) = content, case .map(let changes) = other.content,
      isOfType(of: other)
    else { return other }
    for change in changes {
      if let index = entries.firstIndex(where: { $0.key == change.key }) {
        entries[index].keyLocation = change.keyLocation
        entries[index].value = entries[index].value.merged(with: change.value)
      } else {
        entries.append(change)
      }
    }
    return ConfigValue(.map(entries), at: other.location)
  }

  /// Removes `data: {folder: …}` and returns the folder; nil if there is none.
  fileprivate mutating func removeDataFolder() -> String? {
    guard case .map(var entries) = content,
      let data = entries.firstIndex(where: { $0.key == "data" }),
      case .map(var inner) = entries[data].value.content,
      let index = inner.firstIndex(where: { $0.key == "folder" }),
      case .string(let folder) = inner[index].value.content
    else { return nil }
    inner.remove(at: index)
    entries[data].value.content = .map(inner)
    content = .map(entries)
    return folder
  }

  /// True unless the other mapping names another type.
  private func isOfType(of other: ConfigValue) -> Bool {
    guard case .string(let type)? = other["type"]?.content else { return true }
    guard case .string(let own)? = self["type"]?.content else { return false }
    return own == type
  }
}
