internal import CPlugins
import Files
import Glibc
import NNExp

/// A shared object in this process, for the process's life.
struct LoadedObject: @unchecked Sendable {
  /// Of `dlopen`.
  let handle: UnsafeMutableRawPointer

  /// Loads these very bytes, from a file without a path that nobody can change.
  ///
  /// Its descriptor stays open: the loader takes two objects for one if they are loaded
  /// from the same path, and the path holds the descriptor's number.
  init(_ bytes: [UInt8], of plugin: String, at site: CallSite) throws {
    let descriptor = bytes.withUnsafeBytes {
      nnexp_sealed_file(Path.stem(of: plugin), $0.baseAddress, $0.count)
    }
    guard descriptor >= 0 else {
      throw Diagnostic(
        "cannot load the plugin '\(plugin)': no file in memory: \(systemReason)",
        failure: .environment)
    }
    let path = "/proc/self/fd/\(descriptor)"
    guard Path.isThere(path) else {
      throw Diagnostic(
        "cannot load the plugin '\(plugin)': there is no /proc", failure: .environment)
    }
    site.beginLoading()
    // Bound at once: what is missing shows here, not in the middle of a run.
    let opened = site.run("its initialisation") { dlopen(path, RTLD_NOW | RTLD_LOCAL) }
    guard let opened else {
      let reason = String(cString: dlerror()).replacing(path + ": ", with: "")
      throw Diagnostic("cannot load the plugin '\(plugin)': \(reason)")
    }
    handle = opened
  }
}
