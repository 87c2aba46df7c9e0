internal import CPlugins

/// Ends the process with this exit code; standard output is flushed, and no exit handler
/// runs: a plugin's could hang, or change the code.
///
/// If a plugin has changed the process, that is reported, and the code is 2.
public func endProcess(_ code: Int32) -> Never { nnexp_guard_end(code) }

extension Plugin {
  /// Ends the process with 2, and names the plugin, if one has changed what the process
  /// relies on: its current folder, umask, standard streams or signal handlers.
  public static func checkProcess() { nnexp_guard_check() }
}
