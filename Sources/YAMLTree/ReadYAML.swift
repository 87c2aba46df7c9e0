import Files
public import NNExp

/// Reads the bytes of a declaration: a regular file of at most 1 MiB.
public func readFile(_ path: String) throws -> [UInt8] {
  guard !path.isEmpty, !path.utf8.contains(0) else {
    throw Diagnostic("a path is needed, such as 'experiments/xor.yaml'")
  }
  // One byte more than the limit is enough to detect that the file exceeds it.
  return try FileSystem.system.read(path, limit: SourceText.limit + 1)
}

/// Reads the document of a file.
public func readYAML(path: String) throws -> ConfigValue {
  try parseYAML(readFile(path), name: path)
}
