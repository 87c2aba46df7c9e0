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
  let place: Place?

  /// Both as a message begins, and the time limit; never freed, because a handler
  /// may read it at any moment.
  private let callee: UnsafePointer<nnexp_callee>

  init(_ subject: String, at place: Place? = nil, timeLimit: Int = Plugin.standardTimeLimit) {
    nnexp_guard_begin()
    self.subject = subject
    self.place = place
    let who = strdup((place.map { "\($0): " } ?? "") + "error: " + subject)
    let callee = UnsafeMutablePointer<nnexp_callee>.allocate(capacity: 1)
    callee.initialize(to: nnexp_callee(who: who, seconds: UInt32(timeLimit)))
    self.callee = UnsafePointer(callee)
  }

  /// A use that an experiment declares with these options.
  convenience init(_ kind: String, _ type: Any.Type, named typeName: String, _ options: Options) {
    let origin = Origins.origin(of: type)
    let plugin = "the plugin '\(origin.path)'"
    let place = options.place(of: "type") ?? options.place
    if kind == "layer", case .string(let name)? = options.resolved["name"]?.content {
      self.init("'\(name)' (\(typeName), of \(plugin))", at: place, timeLimit: origin.timeLimit)
    } else {
      self.init("the \(kind) '\(typeName)' of \(plugin)", at: place, timeLimit: origin.timeLimit)
    }
  }

  /// Does what is the plugin's to do.
  @inline(__always)
  func run<Result>(_ what: StaticString, _ body: () throws -> Result) rethrows -> Result {
    let previous = nnexp_guard_enter(
      callee, UnsafeRawPointer(what.utf8Start).assumingMemoryBound(to: CChar.self))
    defer { nnexp_guard_leave(previous) }
    return try body()
  }
}

/// Which plugin brought a type, and how long its calls may take.
enum Origins {
  typealias Origin = (path: String, timeLimit: Int)

  private static let known = Mutex<[ObjectIdentifier: Origin]>([:])

  static func note(_ type: Any.Type, _ origin: Origin) {
    known.withLock { $0[ObjectIdentifier(type)] = origin }
  }

  static func origin(of type: Any.Type) -> Origin {
    known.withLock { $0[ObjectIdentifier(type)] } ?? ("?", Plugin.standardTimeLimit)
  }
}

/// What a plugin made: a layer, a loss, ….
public protocol PluginMade: Sendable {
  /// `'hidden' (maxout, of the plugin 'Maxout.swift')`.
  var subject: String { get }

  /// Where the experiment asks for it.
  var place: Place? { get }
}

/// What every guarded type tells of itself.
protocol Guarded: PluginMade {
  var site: CallSite { get }
}

extension Guarded {
  var subject: String { site.subject }
  var place: Place? { site.place }
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
