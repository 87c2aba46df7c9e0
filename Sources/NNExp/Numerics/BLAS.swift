internal import COpenBLAS
import Glibc
import Synchronization

/// The system's OpenBLAS, loaded when a product first needs it: a small network
/// starts without, in a millisecond or two less.
enum BLAS {
  static let sgemm = function("cblas_sgemm", as: nnexp_sgemm.self)
  static let dgemm = function("cblas_dgemm", as: nnexp_dgemm.self)

  /// CBLAS's codes for row-major order and for op(A).
  static let rowMajor: Int32 = 101
  static func transpose(_ transposed: Bool) -> Int32 { transposed ? 112 : 111 }

  /// How the library was built; nil where it is not there.
  static var configuration: String? {
    // The string is a static of the library's; it is not ours to free.
    function("openblas_get_config", as: nnexp_config.self)
      .flatMap { $0() }.map { String(cString: $0) }
  }

  /// Whether a product has needed it yet.
  static let wasNeeded = Atomic<Bool>(false)

  /// The file that the system's own linker would take. One thread at most is the
  /// library's: products are shared by `Workers`, in blocks that do not depend on
  /// the machine.
  private static let library: Handle? = {
    wasNeeded.store(true, ordering: .relaxed)
    // The library reads this when it is loaded; its own threads would only wait.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    // A processor younger than the library is taken for one without AVX-512: 0.3.21
    // does so with AMD's, at half the speed. What the user says goes before.
    if let kernels { setenv("OPENBLAS_CORETYPE", kernels, 0) }
    // A machine without it has sums of its own: they are not for one that is short
    // of memory, whose run goes on elsewhere.
    if !hasRoom(for: size + bufferSize) { abortForMemory() }
    errno = 0
    guard let handle = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_LOCAL) else {
      if errno == ENOMEM { abortForMemory() }
      return nil
    }
    return Handle(address: handle)
  }()

  /// Calls the library, one thread at a time where it needs that: an OpenBLAS
  /// built without threads gives wrong numbers now and then when two call it at
  /// once (0.3.21: 1 product in 20), and where memory is short there is one buffer.
  @inline(__always)
  static func call(_ body: () -> Void) {
    if isShareable { body() } else { turn.withLock { _ in body() } }
  }

  private static let isShareable: Bool = {
    let isThreaded = function("openblas_get_parallel", as: nnexp_parallel.self)?() ?? 0 != 0
    let isRoomy = hasRoom(for: 2 * Workers.count * bufferSize)
    takeBuffers(isThreaded && isRoomy ? Workers.count : 1)
    return isThreaded && isRoomy
  }()
  private static let turn = Mutex(())

  /// The library's kernels for the instruction set in use; nil where it knows best.
  private static var kernels: String? {
    switch InstructionSet.current {
    case .avx512: "SkylakeX"
    case .avx2: "Haswell"
    case .x86, .portable: nil
    }
  }

  /// What the library takes, and a buffer of its: address space, hardly memory.
  private static let size = 48 << 20
  private static let bufferSize = 132 << 20

  /// Has it make the buffers of so many threads now: where the system refuses one
  /// later, 0.3.21 asks again for ever.
  private static func takeBuffers(_ count: Int) {
    guard let take = function("blas_memory_alloc", as: nnexp_take_buffer.self),
      let leave = function("blas_memory_free", as: nnexp_leave_buffer.self)
    else { return }
    let buffers = (0..<count).map { _ in
      if !hasRoom(for: bufferSize) { abortForMemory() }
      return take(0)
    }
    for buffer in buffers { leave(buffer) }
  }

  private struct Handle: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
  }

  private static func function<F>(_ name: String, as type: F.Type) -> F? {
    library.flatMap { dlsym($0.address, name) }.map { unsafeBitCast($0, to: type) }
  }
}

/// What the run's record says of the BLAS: how it was built, or that no product
/// needed it.
public func blasDescription() -> String {
  guard BLAS.wasNeeded.load(ordering: .relaxed) else { return "not needed" }
  return BLAS.configuration ?? "none: libopenblas.so.0 cannot be loaded"
}
