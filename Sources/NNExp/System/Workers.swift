import Platform
import Synchronization

/// Threads that share a loop with the calling thread, for the engine, for matrix products, and for
/// layers that couple the samples of a batch. The engine shares the work of other layers.
///
/// The result of a part must depend only on its number, because any thread may run it. A loop
/// inside a part runs on the part's thread only. The threads start with the first loop that has
/// parts for them. Between loops they spin for about 50 µs, then sleep.
public enum Workers {
  /// One part of a loop, called with the loop's context and the part's number.
  public typealias Part = @convention(c) (UnsafeMutableRawPointer, Int) -> Void

  /// A part of a loop that also receives the number of its thread.
  package typealias ThreadPart = @convention(c) (UnsafeMutableRawPointer, Int, Int) -> Void

  /// The number of threads, including the caller: all cores, unless it is set before the first
  /// loop.
  public static var count: Int {
    get {
      let known = wanted.load(ordering: .relaxed)
      return known > 0 ? known : availableCores
    }
    set { wanted.store(max(1, min(newValue, 256)), ordering: .relaxed) }
  }

  /// The number of cores of the machine.
  public static var availableCores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Calls `part(context, 0)`, …, `part(context, parts − 1)`, each once, and returns when all
  /// have ended.
  public static func perform(
    _ parts: Int, _ context: UnsafeMutableRawPointer, _ part: Part
  ) {
    if parts > 1 && count > 1 {
      var loop = (part: part, context: context)
      withUnsafeMutablePointer(to: &loop) {
        perform(parts, UnsafeMutableRawPointer($0)) { loop, i, _ in
          let loop = loop.assumingMemoryBound(
            to: (part: Part, context: UnsafeMutableRawPointer).self
          ).pointee
          loop.part(loop.context, i)
        }
      }
    } else {
      for i in 0..<parts { part(context, i) }
    }
  }

  /// Calls `part(context, 0, thread)`, …, `part(context, parts − 1, thread)` in the same way. The
  /// number of a thread is less than `count`; two parts that run at the same time have different ones.
  package static func perform(
    _ parts: Int, _ context: UnsafeMutableRawPointer, _ part: ThreadPart
  ) {
    if parts > 1 && count > 1 && !isBusy.exchange(true, ordering: .acquiring) {
      pool.perform(parts, context, part)
      isBusy.store(false, ordering: .releasing)
    } else {
      for i in 0..<parts { part(context, i, 0) }
    }
  }

  /// Calls `body(0)`, …, `body(parts − 1)` in the same way. For long parts.
  public static func perform(_ parts: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) {
        perform(parts, UnsafeMutableRawPointer($0)) { body, part in
          body.assumingMemoryBound(to: ((Int) -> Void).self).pointee(part)
        }
      }
    }
  }

  /// The results of `body(0)`, …, `body(count − 1)`, in order. For long parts.
  public static func map<Value: Sendable>(_ count: Int, _ body: (Int) -> Value) -> [Value] {
    let found = Mutex([Value?](repeating: nil, count: count))
    perform(count) { part in
      let value = body(part)
      found.withLock { $0[part] = value }
    }
    return found.withLock { $0.map { $0! } }
  }

  /// An array whose parts are written by `write` in the same way. For long parts.
  ///
  /// - Parameters:
  ///   - count: the number of elements.
  ///   - size: the number of elements of a part; the last part may have fewer.
  ///   - write: sets all elements of a range of the array, which have no values before.
  ///   - groupEnded: called on the calling thread after every few parts, with the number of elements
  ///     that have been written.
  /// - Throws: the error of the first part that has one.
  package static func array<Element: BitwiseCopyable>(
    of count: Int, inPartsOf size: Int,
    _ write: (Range<Int>, inout MutableSpan<Element>) throws -> Void,
    groupEnded: (Int) -> Void = { _ in }
  ) throws -> [Element] {
    try Array(onLargePages: count) { elements in
      let parts = (count + size - 1) / size
      let group = 4 * Workers.count
      for first in stride(from: 0, to: parts, by: group) {
        let outcomes = map(min(group, parts - first)) { index in
          let start = (first + index) * size
          let range = start..<min(start + size, count)
          var span = elements.extracting(range).mutableSpan
          return Result { try write(range, &span) }
        }
        for outcome in outcomes { try outcome.get() }
        groupEnded(min((first + group) * size, count))
      }
      return count
    }
  }

  private static let wanted = Atomic<Int>(0)
  private static let isBusy = Atomic<Bool>(false)
  private static let pool = ThreadPool(helpers: count - 1)
}

/// The threads and their current loop.
private final class ThreadPool: @unchecked Sendable {
  /// The number of the loop in the upper half, the next part in the lower: a thread that
  /// arrives after the end of a loop cannot take a part of the next one by mistake.
  private let ticket = Atomic<UInt64>(0)
  private let parts = Atomic<Int>(0)
  private let unfinished = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  /// The number of threads that have a number.
  private let numbered = Atomic<Int>(1)

  /// Written between loops, and read by threads that have a part to run.
  private var part: Workers.ThreadPart = { _, _, _ in }
  private var context = UnsafeMutableRawPointer(bitPattern: 8)!

  private let bell = Semaphore()

  /// How often a thread reads the ticket before it sleeps: about 50 µs.
  private static let patience = 50_000

  /// Counts one look of a waiting thread. Every few microseconds, the core is offered to other threads:
  /// if there are more threads than cores, the one that this thread waits for may need it.
  @inline(__always)
  private static func pause(_ looks: inout Int) {
    looks &+= 1
    if looks & 4095 == 0 { sched_yield() }
  }

  init(helpers: Int) {
    for _ in 0..<helpers {
      let me = Unmanaged.passRetained(self).toOpaque()
      let hasStarted = startThread(
        { me in Unmanaged<ThreadPool>.fromOpaque(me!).takeUnretainedValue().help() }, me)
      // The other threads run the parts of a thread that could not be created.
      if !hasStarted { break }
    }
  }

  func perform(
    _ count: Int, _ context: UnsafeMutableRawPointer, _ part: @escaping Workers.ThreadPart
  ) {
    // An odd number closes the last loop to late threads; an even one opens the next loop.
    let loop = (ticket.load(ordering: .relaxed) >> 32) &+ 2
    ticket.store((loop &- 1) << 32 | 0xFFFF_FFFF, ordering: .sequentiallyConsistent)
    self.part = part
    self.context = context
    parts.store(count, ordering: .relaxed)
    unfinished.store(count, ordering: .relaxed)
    ticket.store(loop << 32, ordering: .sequentiallyConsistent)
    let asleep = sleeping.load(ordering: .sequentiallyConsistent)
    for _ in 0..<min(asleep, count - 1) { bell.signal() }
    runParts(of: loop, thread: 0)
    var looks = 0
    while unfinished.load(ordering: .acquiring) > 0 { ThreadPool.pause(&looks) }
  }

  /// Runs parts of a loop until none is left.
  private func runParts(of loop: UInt64, thread: Int) {
    while true {
      let now = ticket.load(ordering: .acquiring)
      let index = Int(now & 0xFFFF_FFFF)
      guard now >> 32 == loop, index < parts.load(ordering: .relaxed) else { return }
      let (isMine, _) = ticket.weakCompareExchange(
        expected: now, desired: now &+ 1, ordering: .acquiringAndReleasing)
      if !isMine { continue }
      part(context, index, thread)
      unfinished.subtract(1, ordering: .releasing)
    }
  }

  /// The main loop of a thread.
  private func help() -> UnsafeMutableRawPointer? {
    let thread = numbered.add(1, ordering: .relaxed).oldValue
    var seen: UInt64 = 0
    while true {
      var looks = 0
      while ticket.load(ordering: .acquiring) >> 32 == seen {
        ThreadPool.pause(&looks)
        if looks < ThreadPool.patience { continue }
        sleeping.add(1, ordering: .sequentiallyConsistent)
        if ticket.load(ordering: .sequentiallyConsistent) >> 32 == seen {
          bell.wait()
        }
        sleeping.subtract(1, ordering: .relaxed)
        looks = 0
      }
      seen = ticket.load(ordering: .acquiring) >> 32
      runParts(of: seen, thread: thread)
    }
  }
}
