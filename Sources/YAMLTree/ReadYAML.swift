import Glibc
public import NNExp

/// The bytes of a declaration: a regular file of at most 1 MiB.
///
/// A folder, FIFO or device is refused before it can block or run on without
/// end.
public func readFile(_ path: String) throws -> [UInt8] {
  guard !path.isEmpty, !path.utf8.contains(0) else {
    throw Diagnostic("a path is needed, such as 'experiments/xor.yaml'")
  }
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard descriptor >= 0 else { throw cannotRead(path, errno) }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw cannotRead(path, errno) }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw Diagnostic("cannot read '\(path)': it is not a regular file")
  }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  // One byte beyond the limit is enough to tell that it is passed.
  while bytes.count <= SourceText.limit {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw cannotRead(path, errno) }
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return bytes
}

/// The one document of a file.
public func readYAML(path: String) throws -> Node {
  try parseYAML(readFile(path), name: path)
}

private func cannotRead(_ path: String, _ code: Int32) -> Diagnostic {
  if code == ENOENT || code == ENOTDIR { return Diagnostic("no such file: '\(path)'") }
  return Diagnostic(
    "cannot read '\(path)': \(String(cString: strerror(code)))", failure: .environment)
}
