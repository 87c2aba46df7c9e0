internal import COpenBLAS
import Platform
import Synchronization

/// The system's OpenBLAS. It is loaded when a matrix product first needs it, so that a small
/// network starts 1 to 2 ms faster.
enum BLAS {
  static let sgemm = function("cblas_sgemm", as: nnexp_sgemm.self)
  static let dgemm = function("cblas_dgemm", as: nnexp_dgemm.self)

  /// CBLAS's codes for row-major order and for op(A).
  static let rowMajor: Int32 = 101
  static func transpose(_ transposed: Bool) -> Int32 { transposed ? 112 : 111 }

  /// The library's description of its build; nil if the library is missing.
  static var configuration: String? {
    // The string is static memory of the library and must not be freed.
    function("openblas_get_config", as: nnexp_config.self)
      .flatMap { $0() }.map { String(cString: $0) }
  }

  /// True if a product has needed the library.
  static let wasNeeded = Atomic<Bool>(false)

  /// The library that the system's linker finds. It uses at most one thread: `Workers` shares
  /// large products in blocks that do not depend on the machine.
  private static let library: Handle? = {
    wasNeeded.store(true, ordering: .relaxed)
    // The library reads this variable when it is loaded. Its own threads would only wait.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    // OpenBLAS 0.3.21 does not recognize AVX-512 on processors that are newer than itself, such
    // as AMD's, and runs at half speed. A value that the user set takes precedence.
    if let kernels { setenv("OPENBLAS_CORETYPE", kernels, 0) }
    // Without the library, sums are added in another order. A machine that is only short of
    // memory must not switch to that order, because the run may be resumed on another machine.
    if !hasRoom(for: size + bufferSize) { abortForMemory() }
    errno = 0
    guard let handle = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_LOCAL) else {
      if errno == ENOMEM { abortForMemory() }
      return nil
    }
    return Handle(address: handle)
  }()

  /// Calls the library, from one thread at a time if necessary. An OpenBLAS that was built
  /// without threads sometimes gives wrong numbers if two threads call it at once (0.3.21: 1
  /// product in 20). If memory is short, it has a single buffer.
  @inline(__always)
  static func call(_ body: () -> Void) {
    if isShareable { body() } else { turn.withLock { _ in body() } }
  }

  private static let isShareable: Bool = {
    let isThreaded = function("openblas_get_parallel", as: nnexp_parallel.self)?() ?? 0 != 0
    let isRoomy = hasRoom(for: 2 * Workers.count * bufferSize)
    allocateBuffers(isThreaded && isRoomy ? Workers.count : 1)
    return isThreaded && isRoomy
  }()
  private static let turn = Mutex(())

  /// The name of the library's kernels for the current instruction set; nil if the library
  /// chooses.
  private static var kernels: String? {
    switch InstructionSet.current {
    case .avx512: "SkylakeX"
    case .avx2: "Haswell"
    case .x86, .portable: nil
    }
  }

  /// The address space that the library needs, and that of one buffer. Little of it is memory
  /// in use.
  private static let size = 48 << 20
  private static let bufferSize = 132 << 20

  /// Makes the library allocate the buffers of `count` threads now. If the system refuses one
  /// later, version 0.3.21 repeats the request forever.
  private static func allocateBuffers(_ count: Int) {
    guard let allocate = function("blas_memory_alloc", as: nnexp_allocate_buffer.self),
      let free = function("blas_memory_free", as: nnexp_free_buffer.self)
    else { return }
    let buffers = (0..<count).map { _ in
      if !hasRoom(for: bufferSize) { abortForMemory() }
      return allocate(0)
    }
    for buffer in buffers { free(buffer) }
  }

  private struct Handle: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
  }

  private static func function<F>(_ name: String, as type: F.Type) -> F? {
    library.flatMap { dlsym($0.address, name) }.map { unsafeBitCast($0, to: type) }
  }
}

/// The BLAS entry of the run's record: the library's build, or that no product needed it.
public func blasDescription() -> String {
  guard BLAS.wasNeeded.load(ordering: .relaxed) else { return "not needed" }
  return BLAS.configuration ?? "none: libopenblas.so.0 cannot be loaded"
}
