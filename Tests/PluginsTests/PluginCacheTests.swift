import Foundation
import NNExp
import TestSupport
import Testing

@testable import Plugins

@Suite struct PluginCacheTests {
  private let scratch = Scratch()
  private let folder: String

  /// The path of a cache must not contain links.
  init() {
    folder = URL(fileURLWithPath: scratch.path).resolvingSymlinksInPath().path + "/cache"
  }

  @Test func concurrentRequestsBuildOnce() async throws {
    let cache = try PluginCache(in: folder)
    let builds = Builds()
    try await withThrowingTaskGroup(of: PluginCache.Entry.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try cache.entry("a.so") { workshop in
            builds.add()
            usleep(20_000)
            try workshop.write(Array("built".utf8), to: "a.so")
          }
        }
      }
      for try await entry in group {
        #expect(entry.path == folder + "/a.so")
        #expect(entry.bytes == Array("built".utf8))
      }
    }
    #expect(builds.count == 1)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["a.so", "a.so.sha256"])
  }

  @Test func afterAFailedBuildOnlyOneRequestBuildsAtATime() async throws {
    let cache = try PluginCache(in: folder)
    let builds = Builds()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        group.addTask {
          _ = try? cache.entry("a.so") { workshop in
            builds.add()
            // Two builds at the same time would find each other's file.
            do { try workshop.write([], to: "a.so") } catch { builds.collide() }
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
    for _ in 0..<2 {
      #expect(throws: Diagnostic.self) {
        try cache.entry("a.so") { workshop in
          try workshop.write(Array("half".utf8), to: "a.so")
          throw Diagnostic("no")
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
  }

  @Test func linksAreFollowedAndMissingFoldersCreated() throws {
    _ = try PluginCache(in: folder + "/a/b/c")
    let link = folder + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a/../a/./new")
    let cache = try PluginCache(in: link + "/plugins")
    let entry = try cache.entry("a.so") { try $0.write([1, 2], to: "a.so") }
    #expect(entry.path == folder + "/a/new/plugins/a.so")
    let record = try String(contentsOfFile: entry.path + ".sha256", encoding: .utf8)
    #expect(
      record == "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222  a.so\n")
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/loop", withDestinationPath: "loop")
    #expect {
      try PluginCache(in: folder + "/loop")
    } throws: { error in
      (error as? Diagnostic)?.message
        == "cannot open '\(folder)/loop': Too many levels of symbolic links"
    }
  }

  @Test func entriesThatAreNotFilesAreReplaced() throws {
    let cache = try PluginCache(in: folder)
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/a.so", withDestinationPath: "/etc/passwd")
    mkfifo(folder + "/a.so.sha256", 0o600)
    // Left by a build that was killed, in a separate folder.
    try FileManager.default.createDirectory(
      atPath: folder + "/a.so.building/sources/x", withIntermediateDirectories: true)
    let entry = try cache.entry("a.so") { try $0.write([1], to: "a.so") }
    #expect(entry.bytes == [1])
    #expect(try cache.entry("a.so") { _ in throw Diagnostic("no") }.bytes == [1])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["a.so", "a.so.sha256"])
  }

  @Test func aCacheThatOthersCanWriteToIsRefused() throws {
    _ = try PluginCache(in: folder)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    #expect {
      try PluginCache(in: folder)
    } throws: { error in
      (error as? Diagnostic)?.message
        == "others can write to the plugin cache '\(folder)' (mode 777)"
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
