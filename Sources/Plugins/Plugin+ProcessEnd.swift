internal import CPlugins

/// Ends the process with this exit code. Standard output is flushed, but exit handlers are not
/// called, because those of a plugin could hang or change the code.
///
/// If a plugin has changed the process, this is reported, and the code is 2.
public func endProcess(_ code: Int32) -> Never { nnexp_guard_end(code) }

extension Plugin {
  /// Ends the process with code 2 and names the plugin, if one has changed the process's
  /// current folder, umask, standard streams or signal handlers.
  public static func checkProcess() { nnexp_guard_check() }
}
