/// Settings that a section's options, and those nested in them, have from the whole file.
package final class Surroundings: Sendable {
  /// The folder of the experiment file.
  package let folder: String

  package let registry: Registry

  /// The source of the training data, while that of the validation or test data is read.
  package let training: (any DataSource)?

  package init(folder: String, registry: Registry, training: (any DataSource)? = nil) {
    self.folder = folder
    self.registry = registry
    self.training = training
  }
}

extension Options {
  /// The path that an option gives, as seen from the current folder: the file's own paths
  /// are relative to its folder.
  public func path(_ written: String) -> String {
    let folder = surroundings?.folder ?? "."
    if written.hasPrefix(bytes: "/") || folder.isEmpty || folder == "." { return written }
    return folder.hasSuffix(bytes: "/") ? folder + written : folder + "/" + written
  }
}
