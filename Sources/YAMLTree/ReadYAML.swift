import Files
public import NNExp

/// The bytes of a declaration: a regular file of at most 1 MiB.
public func readFile(_ path: String) throws -> [UInt8] {
  guard !path.isEmpty, !path.utf8.contains(0) else {
    throw Diagnostic("a path is needed, such as 'experiments/xor.yaml'")
  }
  // One byte beyond the limit is enough to show that it is passed.
  return try FileSystem.system.read(path, limit: SourceText.limit + 1)
}

/// The one document of a file.
public func readYAML(path: String) throws -> ConfigValue {
  try parseYAML(readFile(path), name: path)
}
