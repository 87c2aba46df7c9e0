import Foundation
import TestSupport
import Testing

extension Tool {
  /// Builds a library of this folder that `LD_PRELOAD` inserts between the command and the
  /// system. Returns its path.
  func build(library name: String) throws -> String {
    let source = Repository.test("CommandLineTests/\(name).c").path
    let build = try runCommand(
      "/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-o", "\(name).so", source],
      in: folder)
    try #require(build.code == 0, "\(build.errors)")
    return folder.appendingPathComponent("\(name).so").path
  }
}
