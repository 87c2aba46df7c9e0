import Foundation
import TestSupport
import Testing

/// Only the module Platform uses what one system has and another lacks.
@Suite struct PlatformTests {
  private static let words = [
    "Glibc", "Musl", "Darwin", "/proc/", "inotify", "kqueue", "MAP_NORESERVE", "MAP_ANONYMOUS",
    "O_PATH", "0o10000000", "F_OFD", "__rlimit", "__sigaction", "st_mtim", "st_mtimespec",
    "sem_init", "sem_t", "pthread_create", "pthread_t", "environ)", " fork()", "memfd", "renameat2",
    "posix_spawn_file_actions_t", "posix_spawnattr_t", "prctl", "epoll", "sysinfo", "#if os(",
  ]

  @Test func `only Platform names what differs between systems`() throws {
    let sources = Repository.root.appendingPathComponent("Sources")
    let files = try #require(
      FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?
        .compactMap { $0 as? URL })
    var found: [String] = []
    for file in files where file.pathExtension == "swift" {
      let path = file.path.dropFirst(sources.path.count + 1)
      if path.hasPrefix("Platform/") { continue }
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      for line in lines where !line.contains("///") {
        for word in PlatformTests.words where line.contains(word) {
          // `isSpecial` refuses to replace an entry there; on macOS, there is none.
          if word == "/proc/", path == "Files/Folder.swift" { continue }
          found.append("\(path): \(word)")
        }
      }
    }
    #expect(found.isEmpty, "\(found)")
  }
}
