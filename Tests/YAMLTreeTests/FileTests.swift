import Foundation
import NNExp
import TestSupport
import Testing
import YAMLTree

/// Reading files, and paths that are not files.
@Suite struct FileTests {
  @Test func aFileIsReadUnderItsName() throws {
    let scratch = Scratch()
    let path = scratch.path + "/é.yaml"
    scratch.put("a: 1\nb: [\n", in: "é.yaml")
    #expect(
      thrown { try readYAML(path: path) } == """
        2 \(path):2:4: error: '[' is never closed; add ']'
            b: [
               ^
        """)
    scratch.put("a: 1\n", in: "é.yaml")
    #expect(try readYAML(path: path)["a"]?.integer == 1)
  }

  @Test func aMissingFileIsAnInputError() throws {
    #expect(
      thrown { try readYAML(path: "/nowhere/x.yaml") } == "2 error: no such file: '/nowhere/x.yaml'"
    )
    #expect(
      thrown { try readYAML(path: "/etc/passwd/x") } == "2 error: no such file: '/etc/passwd/x'")
    #expect(
      thrown { try readYAML(path: "") }
        == "2 error: a path is needed, such as 'experiments/xor.yaml'")
    #expect(
      thrown { try readYAML(path: "a\0b") }
        == "2 error: a path is needed, such as 'experiments/xor.yaml'")
  }

  /// A FIFO without a writer, a folder and endless devices neither block nor fill the memory.
  @Test func aFileThatIsNotRegularIsRefused() throws {
    let scratch = Scratch()
    let fifo = scratch.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    for (path, kind) in [
      (fifo, "a FIFO"), (scratch.path, "a directory"), ("/dev/zero", "a device"),
      ("/dev/null", "a device"),
    ] {
      #expect(
        thrown { try readYAML(path: path) }
          == "2 error: cannot read '\(path)': it is \(kind), not a regular file")
    }
  }

  @Test func aFileBeyondAMebibyteIsRefused() throws {
    let scratch = Scratch()
    let path = scratch.path + "/big.yaml"
    scratch.put("", in: "big.yaml")
    // A sparse file of one terabyte must not be read.
    #expect(truncate(path, 1 << 40) == 0)
    #expect(
      thrown { try readYAML(path: path) }
        == "2 error: '\(path)' is larger than 1 MiB, the limit of a declaration")
  }
}
