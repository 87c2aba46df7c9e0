import Files
import Platform
public import NNExp
import Synchronization

/// A loaded plugin: its types and its origin.
public struct Plugin: Sendable {
  /// The name: `Maxout` for `plugins/Maxout.swift`.
  public let name: String

  /// The path in the experiment file, relative to the current folder.
  public let path: String

  /// The SHA-256 of the shared object that was loaded.
  public let sha256: String

  /// The types that it registers.
  public let types: Registry

  private let handle: LoadedObject

  /// The default time limit for one call, in seconds.
  public static let standardTimeLimit = 60

  /// Loads the plugin at `path`, and builds it before if necessary.
  ///
  /// The stamp is compared first: no code of an incompatible plugin is executed. A loaded
  /// plugin stays in the process.
  public static func load(_ path: String) throws -> Plugin {
    let source = try PluginSource(path)
    let interface = try Interface.ofThisProcess()
    let bytes =
      source.kind == .built ? source.files[0].bytes : try built(source, interface).bytes
    let sha256 = SHA256.hex(of: bytes)
    return try loaded.withLock { loaded in
      if let known = loaded.first(where: { $0.sha256 == sha256 && $0.path == path }) {
        return known
      }
      let plugin = try Plugin(
        name: source.name, path: path, sha256: sha256, bytes: bytes,
        language: check(bytes, path, interface),
        handle: loaded.first { $0.sha256 == sha256 }?.handle)
      loaded.append(plugin)
      return plugin
    }
  }

  /// Builds the plugin at `path`. Returns the path and the bytes of the shared object.
  public static func build(_ path: String) throws -> (path: String, bytes: [UInt8]) {
    let source = try PluginSource(path)
    if source.kind == .built { return (path, source.files[0].bytes) }
    let entry = try built(source, Interface.ofThisProcess())
    return (entry.path, entry.bytes)
  }

  private static func built(
    _ source: PluginSource, _ interface: Interface
  ) throws -> PluginCache.Entry {
    try PluginBuilder(source: source, interface: interface, cache: .forCurrentUser()).build()
  }

  private static let loaded = Mutex<[Plugin]>([])

  /// Checks whether the plugin is compatible, from its file only.
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
        "it has no stamp that states which nnexp it was built for",
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

  /// - Parameter handle: the handle of the same bytes if they have been loaded already.
  private init(
    name: String, path: String, sha256: String, bytes: [UInt8], language: Stamp.Language,
    handle: LoadedObject?
  ) throws {
    self.name = name
    self.path = path
    self.sha256 = sha256
    let site = CallSite("the plugin '\(path)'")
    self.handle = try handle ?? LoadedObject(bytes, of: path, at: site)
    let entry = language == .swift ? swiftEntryPoint : cEntryPoint
    guard let symbol = dlsym(self.handle.handle, entry) else {
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
