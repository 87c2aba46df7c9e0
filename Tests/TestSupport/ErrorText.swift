import NNExp

/// The whole text of what `body` throws, or `no error`.
package func errorText<T: ~Copyable>(of body: () throws -> T) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}

/// The whole text of what `body` throws, with the exit code before it and `path` written
/// as `$`, or `no error`.
package func thrown<T: ~Copyable>(replacing path: String = "", by body: () throws -> T) -> String {
  do {
    _ = try body()
    return "no error"
  } catch {
    var diagnostics = Diagnostics()
    diagnostics.add(error)
    let text = "\(diagnostics.failure.rawValue) \(diagnostics)"
    return path.isEmpty ? text : text.replacing(path, with: "$")
  }
}
