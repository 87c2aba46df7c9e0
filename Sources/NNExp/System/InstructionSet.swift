internal import CKernels
import Platform

/// An instruction set for which the kernels are compiled.
///
/// All sets give the same bits, except in the sums of convolutions and of large products of matrices,
/// whose last digits may differ.
///
/// By default, the best set of the processor is used.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// The instructions that every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
  case portable
  /// The portable code with longer vectors.
  case x86 = "x86-64"
  case avx2
  case avx512

  /// The environment variable that selects an instruction set.
  public static let variable = "NNEXP_ISA"

  /// True if this processor supports the set.
  public var isSupported: Bool { nnexp_kernels_for(code) != nil }

  /// The instruction set in use.
  public static var current: InstructionSet { allCases[Int(nnexp_current_isa().rawValue)] }

  /// Selects this set for the whole process.
  ///
  /// - Precondition: the processor supports it, and no pass is running.
  public func use() {
    precondition(isSupported, "the processor lacks \(rawValue)")
    nnexp_use_isa(code)
  }

  /// Uses this set only on the calling thread while `body` runs, so that a test does not affect
  /// others.
  func perform<Result>(_ body: () throws -> Result) rethrows -> Result {
    precondition(isSupported, "the processor lacks \(rawValue)")
    nnexp_use_isa_here(code)
    defer { nnexp_use_isa_here(nnexp_isa_count) }
    return try body()
  }

  /// Selects the set that the environment variable names, if it is set. Throws a `Diagnostic`
  /// if that set is unknown or not supported.
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
