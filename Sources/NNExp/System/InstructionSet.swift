internal import CKernels
import Glibc

/// An instruction set that the kernels are compiled for: vector mathematics, pooling, convolutions.
///
/// Their results are the same bits on each, but for the sums of products of a
/// convolution, whose last digits may differ, as a BLAS does.
///
/// The processor's best is in use from the start on.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// The instructions that every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
  case portable
  /// The same, in longer strides.
  case x86 = "x86-64"
  case avx2
  case avx512

  /// The environment variable that names one.
  public static let variable = "NNEXP_ISA"

  /// True if this processor has it.
  public var isSupported: Bool { nnexp_kernels_for(code) != nil }

  /// The one in use.
  public static var current: InstructionSet { allCases[Int(nnexp_current_isa().rawValue)] }

  /// Uses this one from now on; it must be supported, and no pass under way.
  public func use() {
    precondition(isSupported, "the processor lacks \(rawValue)")
    nnexp_use_isa(code)
  }

  /// Uses this one only on the calling thread while `body` runs, so that a test
  /// disturbs no other's.
  func perform<Result>(_ body: () throws -> Result) rethrows -> Result {
    precondition(isSupported, "the processor lacks \(rawValue)")
    nnexp_use_isa_here(code)
    defer { nnexp_use_isa_here(nnexp_isa_count) }
    return try body()
  }

  /// Uses the one that the environment asks for, if it does.
  public static func useRequested() throws {
    if let name = getenv(variable), name[0] != 0 { try named(String(cString: name)).use() }
  }

  static func named(_ name: String) throws -> InstructionSet {
    let supported = allCases.filter(\.isSupported).map(\.rawValue)
    guard let isa = InstructionSet(rawValue: name) else {
      throw Diagnostic(
        "\(variable) names an unknown instruction set '\(name)'"
          + suggestion(for: name, among: supported),
        notes: [.init("this processor has: " + supported.joined(separator: ", "))])
    }
    guard isa.isSupported else {
      throw Diagnostic(
        "\(variable) asks for \(name), which this processor lacks",
        notes: [.init("this processor has: " + supported.joined(separator: ", "))])
    }
    return isa
  }

  private var code: nnexp_isa {
    switch self {
    case .portable: nnexp_isa_portable
    case .x86: nnexp_isa_x86_64
    case .avx2: nnexp_isa_avx2
    case .avx512: nnexp_isa_avx512
    }
  }
}
