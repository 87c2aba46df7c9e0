import Foundation
import NNExp
import Testing

@testable import Plugins

@Suite struct PluginCacheTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("nnexp-cache-\(UUID().uuidString)").path

  @Test func manyAtOnceBuildOnce() async throws {
    let cache = try PluginCache(in: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let builds = Builds()
    try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try cache.file("a.so") { path in
            builds.add()
            usleep(20_000)
            try Data("built".utf8).write(to: URL(fileURLWithPath: path))
          }
        }
      }
      for try await path in group { #expect(path == folder + "/a.so") }
    }
    #expect(builds.count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.so"])
  }

  @Test func aFailedBuildIsTriedByTheNextAlone() async throws {
    let cache = try PluginCache(in: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let builds = Builds()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        group.addTask {
          _ = try? cache.file("a.so") { path in
            builds.add()
            // Two at once would find each other's file.
            if FileManager.default.fileExists(atPath: path) { builds.collide() }
            try Data().write(to: URL(fileURLWithPath: path))
            usleep(1000)
            throw Diagnostic("no")
          }
        }
      }
    }
    #expect(builds.count == 16)
    #expect(builds.collisions == 0)
  }

  @Test func aFailedBuildLeavesNothing() throws {
    let cache = try PluginCache(in: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for _ in 0..<2 {
      #expect(throws: Diagnostic.self) {
        try cache.file("a.so") { path in
          try Data("half".utf8).write(to: URL(fileURLWithPath: path))
          throw Diagnostic("no")
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
  }

  @Test func aFolderOfOthersIsRefused() throws {
    _ = try PluginCache(in: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    #expect {
      try PluginCache(in: folder)
    } throws: { error in
      (error as? Diagnostic)?.message
        == "'\(folder)' can be written to by others, and plugins would be loaded from it"
    }
  }
}

private final class Builds: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var count = 0
  private(set) var collisions = 0
  func collide() { lock.withLock { collisions += 1 } }
  func add() { lock.withLock { count += 1 } }
}
