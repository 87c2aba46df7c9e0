import Foundation
import NNExp
import Testing
import YAMLTree

/// Files, and what is none.
@Suite struct FileTests {
  private func told(_ path: String) -> (text: String, failure: Failure?) {
    do {
      _ = try readYAML(path: path)
      return ("none", nil)
    } catch let mistake as Diagnostic {
      return (mistake.description, mistake.failure)
    } catch let mistakes as Diagnostics {
      return (mistakes.description, mistakes.failure)
    } catch { return ("\(error)", nil) }
  }

  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("yaml-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test func aFileIsReadUnderItsName() throws {
    try inFolder { folder in
      let path = folder.appendingPathComponent("é.yaml").path
      try Data("a: 1\nb: [\n".utf8).write(to: URL(fileURLWithPath: path))
      #expect(
        told(path).text == """
          \(path):2:4: error: '[' is never closed; add ']'
              b: [
                 ^
          """)
      try Data("a: 1\n".utf8).write(to: URL(fileURLWithPath: path))
      #expect(try readYAML(path: path)["a"]?.integer == 1)
    }
  }

  @Test func whatIsMissingIsToldAsInput() throws {
    #expect(told("/nowhere/x.yaml").text == "error: no such file: '/nowhere/x.yaml'")
    #expect(told("/nowhere/x.yaml").failure == .input)
    #expect(told("/etc/passwd/x").text == "error: no such file: '/etc/passwd/x'")
    #expect(told("").text == "error: a path is needed, such as 'experiments/xor.yaml'")
    #expect(told("a\0b").text == "error: a path is needed, such as 'experiments/xor.yaml'")
  }

  /// A FIFO without a writer, a folder and endless devices neither block nor fill memory.
  @Test func whatIsNoRegularFileIsRefused() throws {
    try inFolder { folder in
      let fifo = folder.appendingPathComponent("fifo").path
      #expect(mkfifo(fifo, 0o600) == 0)
      for (path, kind) in [
        (fifo, "a FIFO"), (folder.path, "a directory"), ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
      ] {
        #expect(
          told(path).text == "error: cannot read '\(path)': it is \(kind), not a regular file")
        #expect(told(path).failure == .input)
      }
    }
  }

  @Test func aFileBeyondAMebibyteIsRefused() throws {
    try inFolder { folder in
      let path = folder.appendingPathComponent("big.yaml").path
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
      // A terabyte of holes: the size alone must not be read.
      #expect(truncate(path, 1 << 40) == 0)
      #expect(
        told(path).text == "error: '\(path)' is larger than 1 MiB, the limit of a declaration")
    }
  }
}
