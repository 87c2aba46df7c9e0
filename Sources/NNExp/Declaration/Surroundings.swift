/// Settings of the whole file that a section's options, including nested ones, can use.
package final class Surroundings: Sendable {
  /// The folder of the experiment file.
  package let folder: String

  package let registry: Registry

  /// The source of the training data, available while the source of the validation or test data
  /// is read.
  package let training: (any DataSource)?

  package init(folder: String, registry: Registry, training: (any DataSource)? = nil) {
    self.folder = folder
    self.registry = registry
    self.training = training
  }
}

extension Options {
  /// Converts a path in the file, which is relative to the file's folder, to a path relative to
  /// the current folder.
  public func path(_ written: String) -> String {
    let folder = surroundings?.folder ?? "."
    if written.hasPrefix(bytes: "/") || folder.isEmpty || folder == "." { return written }
    return folder.hasSuffix(bytes: "/") ? folder + written : folder + "/" + written
  }
}
