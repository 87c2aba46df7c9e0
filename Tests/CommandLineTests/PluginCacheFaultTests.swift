import Foundation
import TestSupport
import Testing

/// Faults 51 and 52: caches that others can change, damaged entries, and sources that are saved
/// while they are compiled.
@Suite struct PluginCacheFaultTests {
  private let metrics = "results/x/run-0001/metrics.csv"

  /// A tool with the plugin and a separate cache in `caches/mine`.
  private func makeTool() throws -> (Tool, cache: [String: String]) {
    let tool = try Tool()
    try tool.writeCSquare()
    try tool.writeExperiment(plugins: "[Square.c]")
    try tool.write("", to: "caches/mine/empty")
    // The real path, without links in the path of temporary folders.
    let path = tool.folder.resolvingSymlinksInPath().path
    return (tool, ["XDG_CACHE_HOME": path + "/caches/mine"])
  }

  private func permit(_ mode: Int, _ name: String, in tool: Tool) {
    chmod(tool.folder.appendingPathComponent(name).path, mode_t(mode))
  }

  @Test(arguments: [0o777, 0o775, 0o702])
  func aCacheThatOthersCanWriteToIsRefused(_ mode: Int) throws {
    let (tool, cache) = try makeTool()
    defer { tool.remove() }
    // Built before any change; entries that others may have changed later are not executed.
    #expect(try tool.runPlugin("plugin", "build", "Square.c", environment: cache).code == 0)
    permit(mode, "caches", in: tool)
    let path = tool.folder.resolvingSymlinksInPath().path
    let result = try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache)
    #expect(result.code == 2)
    #expect(
      result.errors == """
        x.yaml:3:11: error: the plugin cache '\(path)/caches/mine/nnexp/plugins' is below \
        '\(path)/caches', which others can write to (mode \(String(mode, radix: 8)))
            plugins: [Square.c]
                      ^
        note: plugins are loaded from there; run 'chmod go-w \(path)/caches', or set \
        XDG_CACHE_HOME to a folder that only you can write to

        """)
    #expect(!tool.exists("results"))
    // A sticky bit prevents other users from replacing folders of this user.
    permit(0o1777, "caches", in: tool)
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache).code == 0)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a folder to another user"))
  func aCacheOfAnotherUserIsRefused() throws {
    let (tool, cache) = try makeTool()
    defer { tool.remove() }
    let path = tool.folder.resolvingSymlinksInPath().path
    func refusal() throws -> String {
      let result = try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache)
      #expect(!tool.exists("results"))
      return "\(result.code): \(result.errors.split(separator: "\n").first ?? "")"
    }
    let place = "2: x.yaml:3:11: error: the plugin cache '\(path)"
    #expect(chown(path + "/caches", 12345, 12345) == 0)
    #expect(
      try refusal()
        == "\(place)/caches/mine/nnexp/plugins' is below '\(path)/caches', which belongs to "
        + "another user (12345)")
    #expect(!tool.exists("caches/mine/nnexp"))
    #expect(chown(path + "/caches", 0, 0) == 0)
    #expect(mkdir(path + "/caches/mine/nnexp", 0o755) == 0)
    #expect(mkdir(path + "/caches/mine/nnexp/plugins", 0o755) == 0)
    #expect(chown(path + "/caches/mine/nnexp/plugins", 12345, 12345) == 0)
    #expect(
      try refusal() == "\(place)/caches/mine/nnexp/plugins' belongs to another user (12345)")
    // A link that another user created in a folder where they can create links.
    #expect(chown(path + "/caches/mine/nnexp/plugins", 0, 0) == 0)
    #expect(rename(path + "/caches/mine", path + "/caches/real") == 0)
    #expect(symlink("real", path + "/caches/mine") == 0)
    #expect(lchown(path + "/caches/mine", 12345, 12345) == 0)
    permit(0o1777, "caches", in: tool)
    #expect(
      try refusal()
        == "\(place)/caches/mine/nnexp/plugins' is reached through the link '\(path)/caches/mine', "
        + "which belongs to another user (12345)")
    #expect(lchown(path + "/caches/mine", 0, 0) == 0)
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache).code == 0)
  }

  /// The built plugin's file in the cache.
  private func entry(_ tool: Tool) throws -> URL {
    let folder = tool.folder.appendingPathComponent("caches/mine/nnexp/plugins")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count == 2)
    return folder.appendingPathComponent(try #require(names.first { $0.hasSuffix(".so") }))
  }

  @Test func aDamagedEntryIsRebuilt() throws {
    let (tool, cache) = try makeTool()
    defer { tool.remove() }
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache).code == 0)
    let url = try entry(tool)
    let sound = try Data(contentsOf: url)
    var flipped = sound
    flipped[sound.count / 3] ^= 0x10
    let record = URL(fileURLWithPath: url.path + ".sha256")
    let sum = try Data(contentsOf: record)
    let damages: [() throws -> Void] = [
      { try Data().write(to: url) },
      { try sound.prefix(sound.count / 2).write(to: url) },
      { try flipped.write(to: url) },
      { try FileManager.default.removeItem(at: url) },
      { try FileManager.default.removeItem(at: record) },
      { try sum.dropLast(30).write(to: record) },
      { chmod(url.path, 0o666) },
    ]
    for (index, damage) in damages.enumerated() {
      try damage()
      #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache).code == 0)
      // The same sources give the same bytes, so that earlier runs can be resumed.
      #expect(try Data(contentsOf: url) == sound)
      #expect(try Data(contentsOf: record) == sum)
      let run = "results/x/run-000\(index + 2)"
      #expect(try tool.read("\(run)/metrics.csv") == tool.read(metrics))
    }
  }

  @Test func aSourceSavedDuringItsBuildIsNotCompiled() throws {
    let (tool, cache) = try makeTool()
    defer { tool.remove() }
    let real = try runCommand(
      "/usr/bin/env", ["sh", "-c", "command -v clang"], in: tool.folder
    ).output.split(separator: "\n").first.map(String.init)
    // Saves other sources, as an editor would, directly before the compiler reads them.
    let header = { (factor: Int) in "#pragma once\n#define FACTOR \(factor)\n" }
    try tool.writeCSquare(factor: "FACTOR", top: "#include \"factor.h\"")
    try tool.write(header(2), to: "factor.h")
    try tool.write(
      "#!/bin/sh\nprintf '\(header(5).replacingOccurrences(of: "\n", with: "\\n"))' > factor.h\n"
        + "echo nonsense >> Square.c\nexec \(try #require(real)) \"$@\"\n", to: "bin/clang")
    permit(0o755, "bin/clang", in: tool)
    let original = try tool.read("Square.c")
    var saving = cache
    saving["PATH"] =
      tool.folder.path + "/bin:" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: saving).code == 0)
    #expect(try tool.read("factor.h") == header(5))
    // The result corresponds to the bytes that were hashed.
    try tool.write(original, to: "Square.c")
    try tool.write(header(2), to: "factor.h")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache).code == 0)
    #expect(try tool.read(metrics) == tool.read("results/x/run-0002/metrics.csv"))
    // The saved sources are a different plugin.
    try tool.write(header(5), to: "factor.h")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet", environment: cache).code == 0)
    #expect(try tool.read(metrics) != tool.read("results/x/run-0003/metrics.csv"))
  }

  @Test func aPluginIsBuiltToTheSameBytesInEveryCache() throws {
    let (tool, cache) = try makeTool()
    defer { tool.remove() }
    try tool.writeSquare()
    let other = ["XDG_CACHE_HOME": cache["XDG_CACHE_HOME"]! + "/another/one"]
    let hostile = "a,\"b\" \\c"
    try tool.writeCSquare(to: hostile + ".c")
    try tool.writeSquare(to: hostile + ".swift")
    for source in ["Square.c", "Square.swift", hostile + ".c", hostile + ".swift"] {
      let objects = try [cache, other].map {
        let path = try tool.runPlugin("plugin", "build", source, environment: $0).output
        return try Data(contentsOf: URL(fileURLWithPath: String(path.dropLast())))
      }
      #expect(objects[0] == objects[1])
    }
  }

  @Test func compilerErrorsNameTheAuthorsFiles() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      "import NNExp\n\nlet a: Int = \"b\"\nfunc register(in registry: inout Registry) {}\n",
      to: "Wrong/Wrong.swift")
    try tool.write("#include \"b.h\"\nint a = 1;\nint a = 2;\n", to: "wrong/a.c")
    try tool.write("\n\nint b = \"c\" / 2;\n", to: "wrong/b.h")
    let swift = try tool.runPlugin("plugin", "build", "Wrong")
    #expect(
      swift.errors == """
        Wrong/Wrong.swift:3:14: error: cannot convert value of type 'String' to specified type 'Int'
        let a: Int = "b"
                     ^~~
        error: the plugin 'Wrong' does not compile; the compiler's messages are above

        """)
    let c = try tool.runPlugin("plugin", "build", "wrong")
    #expect(c.errors.contains("wrong/a.c:3:5: error: "), "\(c.errors)")
    #expect(c.errors.contains("wrong/b.h:3:13: error: "), "\(c.errors)")
    #expect(!c.errors.contains(".building"))
  }
}
