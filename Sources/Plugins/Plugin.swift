import Datasets
import Glibc
public import NNExp
import Synchronization

/// A plugin in this process: its types, and what they came from.
public struct Plugin: Sendable {
  /// `Maxout` of `plugins/Maxout.swift`.
  public let name: String

  /// As the experiment file has it, from the current folder.
  public let path: String

  /// The shared object that was loaded.
  public let object: String

  /// Of the shared object's bytes.
  public let sha256: String

  /// The types that it brings.
  public let types: Registry

  /// The longest that one call may take unless the file says otherwise, in seconds.
  public static let standardTimeLimit = 60

  /// Builds what `path` names if it is not built yet, and loads it.
  ///
  /// The stamp is compared first: nothing of a plugin that does not fit runs.
  /// What is loaded once stays for the process's life.
  public static func load(_ path: String) throws -> Plugin {
    let source = try PluginSource(path)
    let interface = try Interface.ofThisProcess()
    let object: String
    let bytes: [UInt8]
    if source.kind == .built {
      object = realPath(path) ?? path
      bytes = source.files[0].bytes
    } else {
      let builder = PluginBuilder(
        source: source, interface: interface, cache: try PluginCache.ofThisUser())
      object = try builder.build()
      bytes = try readRegularFile(object, at: nil)
    }
    let sha256 = SHA256.hex(of: bytes)
    return try loaded.withLock { loaded in
      if let known = loaded.first(where: { $0.sha256 == sha256 && $0.path == path }) {
        return known
      }
      let plugin = try Plugin(
        name: source.name, path: path, object: object, sha256: sha256,
        language: check(bytes, path, interface))
      loaded.append(plugin)
      return plugin
    }
  }

  /// Builds what `path` names and returns the shared object's path.
  public static func build(_ path: String) throws -> String {
    let source = try PluginSource(path)
    if source.kind == .built { return path }
    return try PluginBuilder(
      source: source, interface: try Interface.ofThisProcess(),
      cache: try PluginCache.ofThisUser()
    ).build()
  }

  /// A built plugin's file.
  public static func bytes(of object: String) throws -> [UInt8] {
    try readRegularFile(object, at: nil)
  }

  private static let loaded = Mutex<[Plugin]>([])

  /// What the file alone tells of whether it fits.
  private static func check(
    _ bytes: [UInt8], _ path: String, _ interface: Interface
  ) throws -> Stamp.Language {
    func refuse(_ fact: String, _ remedy: String? = nil) -> Diagnostic {
      Diagnostic(
        "cannot load the plugin '\(path)': \(fact)",
        notes: remedy.map { [Diagnostic.Note($0)] } ?? [])
    }
    let object: SharedObject
    do {
      object = try SharedObject(bytes)
    } catch let fact as Diagnostic { throw refuse(fact.message) }
    guard let stamp = object.stamp.flatMap({ Stamp($0) }) else {
      throw refuse(
        "it has no stamp that says what it was built for",
        "'nnexp plugin build' makes plugins with one")
    }
    if let mismatch = stamp.mismatch(with: interface.stamp) {
      throw refuse(mismatch, "build it again from its sources: nnexp plugin build")
    }
    let entry = stamp.language == .swift ? swiftEntryPoint : cEntryPoint
    guard object.symbols.contains(entry) else {
      throw refuse("it has no entry point '\(entry)'")
    }
    return stamp.language
  }

  private init(
    name: String, path: String, object: String, sha256: String, language: Stamp.Language
  ) throws {
    self.name = name
    self.path = path
    self.object = object
    self.sha256 = sha256
    let site = CallSite("the plugin '\(path)'")
    // Bound at once: what is missing shows here, not in the middle of a run.
    let absolute = object.hasPrefix("/") ? object : "./" + object
    let handle = site.run("its initialisation") { dlopen(absolute, RTLD_NOW | RTLD_LOCAL) }
    guard let handle else {
      throw Diagnostic("cannot load the plugin '\(path)': \(String(cString: dlerror()))")
    }
    let entry = language == .swift ? swiftEntryPoint : cEntryPoint
    guard let symbol = dlsym(handle, entry) else {
      throw Diagnostic("cannot load the plugin '\(path)': it has no entry point '\(entry)'")
    }
    var types = Registry()
    switch language {
    case .swift:
      typealias Register = @convention(c) (UnsafeMutableRawPointer) -> Void
      site.run("its registration") {
        withUnsafeMutablePointer(to: &types) {
          unsafeBitCast(symbol, to: Register.self)(UnsafeMutableRawPointer($0))
        }
      }
    case .c:
      do {
        try registerCLayers(symbol, in: &types)
      } catch let fact as Diagnostic {
        throw Diagnostic("cannot load the plugin '\(path)': \(fact.message)")
      }
    }
    self.types = types
  }
}
