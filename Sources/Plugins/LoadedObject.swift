internal import CPlugins
import Files
import Platform
import NNExp

/// A shared object that stays loaded until the process ends.
struct LoadedObject: @unchecked Sendable {
  /// The handle from `dlopen`.
  let handle: UnsafeMutableRawPointer

  /// Loads exactly these bytes, from a file in memory that nobody can change.
  ///
  /// Its descriptor stays open: the loader takes two objects with the same path for one, and
  /// the path contains the descriptor's number.
  init(_ bytes: [UInt8], of plugin: String, at site: CallSite) throws {
    let descriptor = bytes.withUnsafeBytes {
      nnexp_sealed_file(Path.stem(of: plugin), $0.baseAddress, $0.count)
    }
    guard descriptor >= 0 else {
      throw Diagnostic(
        "cannot load the plugin '\(plugin)': no file in memory: \(systemReason)",
        failure: .environment)
    }
    guard let path = descriptorPath(descriptor), Path.isThere(path) else {
      throw Diagnostic(
        "cannot load the plugin '\(plugin)': there is no /proc", failure: .environment)
    }
    site.beginLoading()
    // All symbols are bound now, so that missing ones are reported here, not during a run.
    let opened = site.run("its initialization") { dlopen(path, RTLD_NOW | RTLD_LOCAL) }
    guard let opened else {
      let reason = String(cString: dlerror()).replacing(path + ": ", with: "")
      throw Diagnostic("cannot load the plugin '\(plugin)': \(reason)")
    }
    handle = opened
  }
}
