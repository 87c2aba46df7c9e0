import Foundation
import NNExp
import TestSupport
import Testing

@testable import Files

@Suite struct PathTests {
  @Test(arguments: [
    ("a/b.yaml", "a", "a/", "b.yaml", "b", "yaml"), ("b", ".", "", "b", "b", ""),
    ("/b.c", "/", "/", "b.c", "b", "c"), ("/", "/", "/", "", "", ""),
    ("a//b", "a/", "a//", "b", "b", ""), ("a/.b", "a", "a/", ".b", ".b", ""),
    ("x.so.1", ".", "", "x.so.1", "x.so", "1"), ("", ".", "", "", "", ""),
    // A mark that combines with a slash or a dot does not hide it.
    ("a/\u{301}b", "a", "a/", "\u{301}b", "\u{301}b", ""),
    ("b.\u{301}c", ".", "", "b.\u{301}c", "b", "\u{301}c"),
  ])
  func aPathIsDividedIntoItsParts(
    _ path: String, _ folder: String, _ prefix: String, _ name: String, _ stem: String,
    _ suffix: String
  ) {
    #expect(Path.folder(of: path).hasSameBytes(as: folder))
    #expect(Path.prefix(of: path).hasSameBytes(as: prefix))
    #expect(Path.name(of: path).hasSameBytes(as: name))
    #expect(Path.stem(of: path).hasSameBytes(as: stem))
    #expect(Path.suffix(of: path).hasSameBytes(as: suffix))
  }

  @Test(arguments: [
    ("a", "b", "a/b"), ("a/", "b", "a/b"), (".", "b", "b"), ("", "b", "b"), ("a", "/b", "/b"),
    ("/", "b", "/b"),
  ])
  func pathsAreJoinedWithOneSlash(_ folder: String, _ path: String, _ expected: String) {
    #expect(Path.join(folder, path) == expected)
  }

  /// Anything but a regular file is an error that names its kind.
  @Test func onlyRegularFilesAreRead() throws {
    let scratch = Scratch()
    scratch.makeFolder("folder")
    scratch.put("text", in: "file.csv")
    mkfifo(scratch.path + "/fifo", 0o600)
    func attempt(_ path: String) -> String {
      thrown(replacing: scratch.path) { try readRegularFile(path) }
    }
    #expect(try readRegularFile(scratch.path + "/file.csv") == Array("text".utf8))
    #expect(try FileSystem.system.read(scratch.path + "/file.csv", limit: 2) == Array("te".utf8))
    #expect(
      attempt(scratch.path + "/folder")
        == "2 error: cannot read '$/folder': it is a directory, not a regular file")
    #expect(
      attempt(scratch.path + "/fifo")
        == "2 error: cannot read '$/fifo': it is a FIFO, not a regular file")
    #expect(
      attempt("/dev/zero") == "2 error: cannot read '/dev/zero': it is a device, not a regular file"
    )
    #expect(
      attempt(scratch.path + "/file.cvs")
        == "2 error: no such file: '$/file.cvs'; did you mean '$/file.csv'?")
    #expect(attempt("a\u{0}b") == "2 error: a path cannot contain the character NUL")
  }
}
