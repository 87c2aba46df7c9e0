internal import CPlugins
import Glibc
import NNExp
import Synchronization

/// One use of a plugin's type in an experiment: whom to name if it crashes,
/// hangs or ends the process.
struct CallSite: @unchecked Sendable {
  /// `x.yaml:3:5: error: 'hidden' (maxout, of the plugin 'Maxout.swift')`; never
  /// freed, because a handler may read it at any moment.
  private let who: UnsafePointer<CChar>

  /// The longest that one call may take, in seconds.
  static let limit: UInt32 = 60

  init(_ who: String) {
    nnexp_guard_begin(CallSite.limit)
    self.who = UnsafePointer(strdup(who))
  }

  /// A use that an experiment declares with these options.
  init(_ kind: String, _ type: Any.Type, named typeName: String, _ options: Options) {
    let plugin = "the plugin '\(Origins.path(of: type))'"
    let place = (options.place(of: "type") ?? options.place).map { "\($0): " } ?? ""
    if kind == "layer", case .string(let name)? = options.resolved["name"]?.content {
      self.init("\(place)error: '\(name)' (\(typeName), of \(plugin))")
    } else {
      self.init("\(place)error: the \(kind) '\(typeName)' of \(plugin)")
    }
  }

  /// Does what is the plugin's to do.
  @inline(__always)
  func run<Result>(_ what: StaticString, _ body: () throws -> Result) rethrows -> Result {
    let previous = nnexp_guard_enter(
      who, UnsafeRawPointer(what.utf8Start).assumingMemoryBound(to: CChar.self))
    defer { nnexp_guard_leave(previous) }
    return try body()
  }
}

/// Which plugin brought a type.
enum Origins {
  private static let paths = Mutex<[ObjectIdentifier: String]>([:])

  static func note(_ type: Any.Type, from path: String) {
    paths.withLock { $0[ObjectIdentifier(type)] = path }
  }

  static func path(of type: Any.Type) -> String {
    paths.withLock { $0[ObjectIdentifier(type)] } ?? "?"
  }
}

/// What a plugin made: a layer, a loss, ….
public protocol PluginMade: Sendable {
  /// The plugin's path, as the experiment file has it, from the current folder.
  var plugin: String { get }
}
