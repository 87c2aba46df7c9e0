internal import CPlugins
import Files
import Platform
import NNExp

/// Builds a plugin's sources into a shared object in the cache.
struct PluginBuilder {
  let source: PluginSource
  let interface: Interface
  let cache: PluginCache

  /// The shared object, which is built if it is not in the cache.
  ///
  /// The compiler's messages go to standard error.
  func build() throws -> PluginCache.Entry {
    let key = String(source.hash(interface.stamp.text + PluginBuilder.recipe).prefix(24))
    let name = "\(source.name)-\(key).so"
    return try cache.entry(name) { workshop in
      let isShown = isatty(2) == 1
      if isShown { showStatus("building the plugin '\(Escaping.line(source.path))' …") }
      defer { if isShown { showStatus("\u{1B}[1A\u{1B}[K", end: "") } }
      let path = workshop.path + "/" + name
      switch source.kind {
      case .swift: try buildSwift(to: path, module: moduleName(key), in: workshop)
      case .c: try buildC(to: path, in: workshop)
      case .built: preconditionFailure("there is nothing to build")
      }
    }
  }

  /// Change this with the commands below, so that results of older commands are not used.
  private static let recipe = "2"

  /// Writes copies of the hashed files, and returns the paths of those to compile. A file that
  /// is saved in the meantime does not affect the build.
  ///
  /// Compilers need paths, but no other user can replace a folder on these paths.
  private func copies(in workshop: PrivateFolder) throws -> [String] {
    let folder = try workshop.makeFolder("sources")
    return try source.files.enumerated().compactMap { index, file in
      // C includes headers by name. Swift warns if a copy has the same name as its original.
      let name = source.kind == .swift ? "\(index).swift" : file.name
      try folder.write(file.located(in: source.kind), to: name)
      return file.isHeader ? nil : folder.path + "/" + name
    }
  }

  /// The module's name, which differs for each content, so that two plugins with the same name
  /// can be loaded.
  private func moduleName(_ key: String) -> String {
    let letters = source.name.unicodeScalars.map { scalar in
      scalar.isASCII && scalar.properties.isAlphabetic
        || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
    }
    return "Plugin_" + String(letters) + "_" + key.prefix(8)
  }

  private func buildSwift(
    to path: String, module: String, in workshop: PrivateFolder
  ) throws {
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
    let entry = "NNExpEntryPoint.swift"
    try workshop.write(Array(swiftEntry(interface.stamp).utf8), to: entry)
    var words = [
      "swiftc", "-O", "-wmo", "-emit-library", "-parse-as-library", "-swift-version", "6",
      "-module-name", module, "-I", interface.modules,
      // The default style numbers the lines of the copy, which has one more line.
      "-diagnostic-style=llvm",
      // Disables a hash of temporary paths in the result: equal sources give equal bytes.
      "-Xfrontend", "-disable-incremental-llvm-codegen",
    ]
    for map in interface.moduleMaps { words += ["-Xcc", "-fmodule-map-file=\(map)"] }
    // Linkers store the file's name, not its path, so that the bytes are the same in any cache.
    words += ["-o", path, "-Xlinker", "-soname=\(Path.name(of: path))"]
    words += try copies(in: workshop) + [workshop.path + "/" + entry]
    try compile(words)
  }

  private func buildC(to path: String, in workshop: PrivateFolder) throws {
    let isCPlusPlus = source.files.contains { !$0.isHeader && Path.suffix(of: $0.path) != "c" }
    let compilers = isCPlusPlus ? ["clang++", "g++", "c++"] : ["clang", "gcc", "cc"]
    guard let compiler = compilers.first(where: Compiler.isThere) else {
      throw Diagnostic(
        "the plugin '\(source.path)' must be compiled, and none of "
          + compilers.map { "'\($0)'" }.joined(separator: ", ") + " is on the PATH",
        failure: .environment)
    }
    // As in Swift, x·y + z is not fused, so that results are the same.
    try compile(
      [
        compiler, "-O2", "-Wall", "-fPIC", "-shared", "-ffp-contract=off", "-I",
        interface.headers, "-o", path, "-Xlinker", "-soname=\(Path.name(of: path))",
      ] + (try copies(in: workshop)) + ["-lm"])
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

  private func showStatus(_ text: String, end: String = "\n") {
    _ = (text + end).withCString { write(2, $0, strlen($0)) }
  }
}

/// A source file that is compiled with the author's files: the entry point and the stamp.
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

/// The entry point of a Swift plugin.
let swiftEntryPoint = "nnexp_register_swift"

/// The entry point of a C plugin.
let cEntryPoint = "nnexp_plugin"

/// The version of `nnexp_plugin.h` that this nnexp accepts.
let cHeaderVersion = Int(NNEXP_PLUGIN_VERSION)
