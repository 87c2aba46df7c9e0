/// Settings of the whole file that a section's options, including nested ones, can use.
package final class Surroundings: Sendable {
  /// The folder of the experiment file.
  package let folder: String

  package let registry: Registry

  /// The source of the training data, available while the source of the validation or test data
  /// is read.
  package let training: (any DataSource)?

  /// The file that `base` names, if it is in another folder.
  package let base: RelocatedFile?

  package init(
    folder: String, registry: Registry, training: (any DataSource)? = nil,
    base: RelocatedFile? = nil
  ) {
    self.folder = folder
    self.base = base
    self.registry = registry
    self.training = training
  }
}

/// A file in another folder, whose paths are relative to that folder.
package struct RelocatedFile: Sendable {
  private let name: String
  private let prefix: String

  /// - Parameters:
  ///   - name: the name of the file in the locations of its values.
  ///   - prefix: the path of its folder from that of the experiment file, with a slash.
  package init(name: String, prefix: String) { (self.name, self.prefix) = (name, prefix) }

  /// A path as if the experiment file had named it.
  package func path(_ written: String, at location: SourceLocation?) -> String {
    let isOwn = location?.source.name == name && !written.isEmpty && !written.hasPrefix(bytes: "/")
    return isOwn ? prefix + written : written
  }

  /// The same for a text, for the texts of a list, and for those under one of `keys` of a mapping.
  package func value(_ value: ConfigValue, keys: [String]) -> ConfigValue {
    var value = value
    switch value.content {
    case .string(let written): value.content = .string(path(written, at: value.location))
    case .list(let items): value.content = .list(items.map { self.value($0, keys: keys) })
    case .map(var entries):
      for k in entries.indices where keys.contains(entries[k].key) {
        entries[k].value = self.value(entries[k].value, keys: [])
      }
      value.content = .map(entries)
    default: break
    }
    return value
  }
}

extension Options {
  /// Makes the path under a key, which has been read, relative to the experiment file's folder.
  package mutating func relocated(_ key: String, _ written: String) -> String {
    guard let base = surroundings?.base else { return written }
    let path = base.path(written, at: location(of: key))
    if path != written { resolve(key, ConfigValue(.string(path))) }
    return path
  }

  /// Converts a path in the file, which is relative to the file's folder, to a path relative to
  /// the current folder.
  public func path(_ written: String) -> String {
    let folder = surroundings?.folder ?? "."
    if written.hasPrefix(bytes: "/") || folder.isEmpty || folder == "." { return written }
    return folder.hasSuffix(bytes: "/") ? folder + written : folder + "/" + written
  }
}
