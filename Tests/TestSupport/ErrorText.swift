import NNExp

/// The whole text of the error that `body` throws, or `no error`.
package func errorText<T: ~Copyable>(of body: () throws -> T) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}

/// The whole text of the error that `body` throws, after its exit code and with `path` replaced
/// by `$`, or `no error`.
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
