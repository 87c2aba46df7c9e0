import Glibc
import NNExp

/// Turns a plugin's sources into a shared object in the cache.
struct PluginBuilder {
  let source: PluginSource
  let interface: Interface
  let cache: PluginCache

  /// The path of the shared object; built if it is not there yet.
  ///
  /// The compiler's own messages go to standard error.
  func build() throws -> String {
    let key = String(source.hash(interface.stamp.text + PluginBuilder.recipe).prefix(24))
    return try cache.file("\(source.name)-\(key).so") { path in
      let isShown = isatty(2) == 1
      if isShown { tell("building the plugin '\(source.path)' …") }
      defer { if isShown { tell("\u{1B}[1A\u{1B}[K", end: "") } }
      switch source.kind {
      case .swift: try buildSwift(to: path, module: moduleName(key))
      case .c: try buildC(to: path)
      case .built: preconditionFailure("there is nothing to build")
      }
    }
  }

  /// Changes where the commands below do, so that older builds are not taken.
  private static let recipe = "1"

  /// A name of its own for each content, so that two plugins of one name get on.
  private func moduleName(_ key: String) -> String {
    let letters = source.name.unicodeScalars.map { scalar in
      scalar.isASCII && scalar.properties.isAlphabetic
        || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
    }
    return "Plugin_" + String(letters) + "_" + key.prefix(8)
  }

  private func buildSwift(to path: String, module: String) throws {
    guard Compiler.isThere("swiftc") else {
      throw Diagnostic(
        "the plugin '\(source.path)' must be compiled, and there is no 'swiftc' on the PATH",
        notes: [.init("nnexp was built by \(interface.compiler): install that, from swift.org")],
        failure: .environment)
    }
    let version = try Compiler.output(of: ["swiftc", "--version"]) ?? ""
    guard version.contains(interface.compiler) else {
      let found = version.split(separator: "\n").first.map(String.init) ?? "no Swift"
      throw Diagnostic(
        "the plugin '\(source.path)' must be compiled by \(interface.compiler), as nnexp was, "
          + "and 'swiftc' is \(found)",
        notes: [.init("install that compiler, or build nnexp again with this one")])
    }
    let entry = parent(of: path) + "/entry.swift"
    try save(swiftEntry(interface.stamp), to: entry)
    var words = [
      "swiftc", "-O", "-wmo", "-emit-library", "-parse-as-library", "-swift-version", "6",
      "-module-name", module, "-I", interface.modules,
    ]
    for map in interface.moduleMaps { words += ["-Xcc", "-fmodule-map-file=\(map)"] }
    words += ["-o", path] + source.compiled + [entry]
    try compile(words)
  }

  private func buildC(to path: String) throws {
    let isCPlusPlus = source.compiled.contains { suffix(of: $0) != "c" }
    let compilers = isCPlusPlus ? ["clang++", "g++", "c++"] : ["clang", "gcc", "cc"]
    guard let compiler = compilers.first(where: Compiler.isThere) else {
      throw Diagnostic(
        "the plugin '\(source.path)' must be compiled, and none of "
          + compilers.map { "'\($0)'" }.joined(separator: ", ") + " is on the PATH",
        failure: .environment)
    }
    // As Swift computes: x·y + z is not fused, so that results are the same.
    try compile(
      [
        compiler, "-O2", "-Wall", "-fPIC", "-shared", "-ffp-contract=off", "-I",
        interface.headers, "-o", path,
      ] + source.compiled + ["-lm"])
  }

  private func compile(_ words: [String]) throws {
    let status = try Compiler.run(words)
    guard status != 0 else { return }
    if status > 128 {
      throw Diagnostic(
        "the compiler was ended by signal \(status - 128) in the plugin '\(source.path)'",
        failure: .environment)
    }
    throw Diagnostic(
      "the plugin '\(source.path)' does not compile; the compiler's messages are above")
  }

  private func save(_ text: String, to path: String) throws {
    guard let file = fopen(path, "we") else {
      throw Diagnostic("cannot create '\(path)': \(systemReason)", failure: .environment)
    }
    let isWritten = fputs(text, file) >= 0
    guard fclose(file) == 0, isWritten else {
      throw Diagnostic("cannot write '\(path)': \(systemReason)", failure: .environment)
    }
  }

  private func tell(_ text: String, end: String = "\n") {
    _ = (text + end).withCString { write(2, $0, strlen($0)) }
  }
}

/// What stands beside an author's files: the entry point and the stamp.
private func swiftEntry(_ stamp: Stamp) -> String {
  var bytes = Array(stamp.text.utf8)
  bytes += Array(repeating: 0, count: 8 - bytes.count % 8)
  let words = stride(from: 0, to: bytes.count, by: 8).map { start in
    bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }
  return """
    import NNExp

    // Calls the plugin's `func register(in registry: inout Registry)`.
    @c(\(swiftEntryPoint))
    public func registerForNNExp(_ registry: UnsafeMutableRawPointer) {
      register(in: &registry.assumingMemoryBound(to: Registry.self).pointee)
    }

    @section("\(Stamp.section)") @used
    let nnexpStamp: (\(words.map { _ in "UInt64" }.joined(separator: ", "))) =
      (\(words.map(String.init).joined(separator: ", ")))

    """
}

/// What a Swift plugin is entered by.
let swiftEntryPoint = "nnexp_register_swift"

/// What a C plugin is entered by.
let cEntryPoint = "nnexp_plugin"

/// The version of `nnexp_plugin.h` that this nnexp takes.
let cHeaderVersion = 1
