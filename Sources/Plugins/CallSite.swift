internal import CPlugins
import Platform
public import NNExp
import Synchronization

/// A use of a plugin's type in an experiment. It identifies the plugin that crashes, hangs or
/// ends the process.
final class CallSite: @unchecked Sendable {
  /// The description in messages: `'hidden' (maxout, of the plugin 'Maxout.swift')`.
  let subject: String

  /// The location in the experiment file.
  let location: SourceLocation?

  /// The subject, the location and the time limit in C. Never freed, because a signal handler
  /// may read it at any moment.
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

  /// Creates the call site of a component that an experiment declares with these options.
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

  /// Records the state of the process before the plugin is loaded; the plugin must not change
  /// it.
  func beginLoading() { nnexp_guard_load(callee) }

  /// The calls that are followed by a check of the process: its current folder, umask, standard
  /// streams and signal handlers. A check takes 6 µs.
  struct Checks {
    fileprivate let bit: UInt32

    static let each = Checks(bit: 0)

    /// Checks only the first call with this number, below 30. For passes, which are repeated.
    static func first(_ number: UInt32) -> Checks { Checks(bit: 1 << number) }
  }

  /// Calls the plugin's code in `body`.
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

/// The plugin of a component, and the time limit in seconds for each call.
struct PluginOrigin: Sendable {
  let path: String
  let timeLimit: Int
}

/// A value that a plugin made: a layer, a loss, ….
public protocol PluginMade: Sendable {
  /// The description in messages: `'hidden' (maxout, of the plugin 'Maxout.swift')`.
  var subject: String { get }

  /// The location in the experiment file.
  var location: SourceLocation? { get }
}

/// Sets a text that is added to the message if a plugin ends the process from now on.
public func notePluginTrial(_ text: String) {
  trial.withLock { earlier in
    let copy = strdup(text)
    nnexp_guard_note(copy)
    free(earlier)
    earlier = copy
  }
}

private let trial = Mutex<UnsafeMutablePointer<CChar>?>(nil)
