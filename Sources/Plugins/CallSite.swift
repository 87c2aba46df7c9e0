internal import CPlugins
import Glibc
public import NNExp
import Synchronization

/// One use of a plugin's type in an experiment: whom to name if it crashes,
/// hangs or ends the process.
final class CallSite: @unchecked Sendable {
  /// `'hidden' (maxout, of the plugin 'Maxout.swift')`.
  let subject: String

  /// Where the experiment asks for it.
  let location: SourceLocation?

  /// Both, and the time limit; never freed, because a handler may read it at any
  /// moment.
  private let callee: UnsafeMutablePointer<nnexp_callee>

  init(
    _ subject: String, at location: SourceLocation? = nil, timeLimit: Int = Plugin.standardTimeLimit
  ) {
    nnexp_guard_begin()
    self.subject = subject
    self.location = location
    callee = .allocate(capacity: 1)
    var callee = nnexp_callee()
    callee.location = UnsafePointer(strdup(location.map { "\($0): " } ?? ""))
    callee.subject = UnsafePointer(strdup(subject))
    callee.seconds = UInt32(timeLimit)
    self.callee.initialize(to: callee)
  }

  /// A use that an experiment declares with these options.
  convenience init(_ kind: String, _ typeName: String, of plugin: PluginOrigin, _ options: Options)
  {
    let origin = "the plugin '\(plugin.path)'"
    let location = options.location(of: "type") ?? options.location
    if kind == "layer", case .string(let name)? = options.resolved["name"]?.content {
      self.init("'\(name)' (\(typeName), of \(origin))", at: location, timeLimit: plugin.timeLimit)
    } else {
      self.init("the \(kind) '\(typeName)' of \(origin)", at: location, timeLimit: plugin.timeLimit)
    }
  }

  /// The plugin is about to be loaded: the process as it is now must stay.
  func beginLoading() { nnexp_guard_load(callee) }

  /// Which calls are followed by a check of the process: current folder, umask,
  /// standard streams, signal handlers. It takes 6 µs.
  struct Checks {
    fileprivate let bit: UInt32

    static let each = Checks(bit: 0)

    /// The first of those with this number, below 30: for passes that are repeated.
    static func first(_ number: UInt32) -> Checks { Checks(bit: 1 << number) }
  }

  /// Does what is the plugin's to do.
  @inline(__always)
  func run<Result>(
    _ what: StaticString, checked: Checks = .each, _ body: () throws -> Result
  ) rethrows -> Result {
    let previous = nnexp_guard_enter(
      callee, UnsafeRawPointer(what.utf8Start).assumingMemoryBound(to: CChar.self))
    defer { nnexp_guard_leave(previous, checked.bit) }
    return try body()
  }
}

/// The plugin of a component, and how many seconds a call of it may take.
struct PluginOrigin: Sendable {
  let path: String
  let timeLimit: Int
}

/// What a plugin made: a layer, a loss, ….
public protocol PluginMade: Sendable {
  /// `'hidden' (maxout, of the plugin 'Maxout.swift')`.
  var subject: String { get }

  /// Where the experiment asks for it.
  var location: SourceLocation? { get }
}

/// What every guarded type tells of itself.
protocol Guarded: PluginMade {
  var site: CallSite { get }
}

extension Guarded {
  var subject: String { site.subject }
  var location: SourceLocation? { site.location }
}

/// Says `text` besides, should a plugin not survive what comes next.
public func notePluginTrial(_ text: String) {
  trial.withLock { earlier in
    let copy = strdup(text)
    nnexp_guard_note(copy)
    free(earlier)
    earlier = copy
  }
}

private let trial = Mutex<UnsafeMutablePointer<CChar>?>(nil)
