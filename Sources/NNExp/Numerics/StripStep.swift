internal import CKernels

/// An operation of a formula, in the order of `Sources/CKernels/include/CKernels.h`.
package enum StripOperation: Int, Sendable {
  case copy, negate, abs, sign, square, sqrt, exp, expm1, log, log1p, tanh, logistic, gaussian
  case erf, erfc, sin, cos, floor
  case add, subtract, multiply, divide, power, min, max, less, lessOrEqual, equal, select
  /// Of the rows of the first operand.
  case sum, product, largest, smallest
  /// A row per entry: the product of the other rows; 1 at the first row that is equal to the
  /// second operand, otherwise 0.
  case productOfOthers, first
  /// Two operations in one, each of which rounds: ab + c, ab − c, c − ab, abc, (a + b)c, (a − b)c,
  /// a + b + c, a − b + c, and c plus b if a is not 0.
  case multiplyAdd, multiplySubtract, subtractProduct, multiplyMultiply, addMultiply
  case subtractMultiply, addAdd, subtractAdd, selectAdd
  /// The slopes of the logistic function and of tanh, from their values y: y(1 − y) and
  /// (1 − y)(1 + y).
  case logisticSlope, tanhSlope
  /// a/b, and 1 if they are equal, so also if both are 0 or infinite.
  case share
  /// The slopes from the value a, multiplied by b; and plus c.
  case multiplyLogisticSlope, multiplyTanhSlope, addLogisticSlope, addTanhSlope
  /// Of the columns of the first operand, in every column.
  case columnSum, columnProduct, columnLargest, columnSmallest

  /// True for the operations that a chain may contain: those that take a few instructions.
  package var isChained: Bool {
    switch self {
    case .copy, .exp, .expm1, .log, .log1p, .tanh, .logistic, .gaussian, .erf, .erfc, .sin, .cos:
      false
    case .power, .sum, .product, .largest, .smallest, .productOfOthers, .first: false
    case .columnSum, .columnProduct, .columnLargest, .columnSmallest: false
    default: true
    }
  }

  /// True if the first two operands can change places.
  package var commutes: Bool {
    switch self {
    case .add, .multiply, .multiplyAdd, .multiplySubtract, .subtractProduct, .multiplyMultiply,
      .addMultiply, .addAdd:
      true
    default: false
    }
  }
}

/// The place of a strip's numbers.
package struct StripOperand: Sendable, Hashable {
  // The layout of `nnexp_strip_operand`.
  private var externalIndex: Int16
  private var groups: Int16
  private var entries: Int16
  private var hasRowsFlag: Int16

  /// True if there is a row per entry, false if there is one row.
  package var hasRows: Bool { hasRowsFlag == 1 }

  /// True if the caller passes a pointer to it.
  package var isExternal: Bool { externalIndex >= 0 }

  /// The pointer at this index among those that the caller passes. Its rows, if it has several,
  /// follow each other without a gap.
  package static func external(_ index: Int, hasRows: Bool) -> StripOperand {
    StripOperand(
      externalIndex: Int16(index), groups: 0, entries: 0, hasRowsFlag: hasRows ? 1 : 0)
  }

  /// The register after `groups` registers of one row and `entries` of one row per entry.
  ///
  /// - Parameter isConstant: true if the numbers of its row are all the same.
  package static func register(
    groups: Int, entries: Int, hasRows: Bool, isConstant: Bool = false
  ) -> StripOperand {
    StripOperand(
      externalIndex: -1, groups: Int16(groups), entries: Int16(entries),
      hasRowsFlag: hasRows ? 1 : isConstant ? 2 : 0)
  }

  /// The position of a register among all registers, in rows.
  package func row(entries count: Int) -> Int { Int(groups) + Int(entries) * count }
}

/// y ← operation(a, b, c), on a whole strip.
package struct StripStep: Sendable {
  // The layout of `nnexp_strip_step`.
  private var code: Int32
  private var continues: Int32
  private var a: StripOperand
  private var b: StripOperand
  private var c: StripOperand
  private var y: StripOperand

  /// True if the first operand is the result of the step before.
  package var continuesChain: Bool { continues == 1 }

  /// The longest sequence of steps, each of which continues the one before.
  package static let longestChain = Int(nnexp_chain_limit)

  /// Operands that the operation lacks repeat the first.
  ///
  /// - Parameter continues: true if the first operand is the result of the step before. Nothing
  ///   else may read that, because it is not stored.
  package init(
    _ operation: StripOperation, _ operands: [StripOperand], into y: StripOperand,
    continues: Bool = false
  ) {
    code = Int32(operation.rawValue)
    self.continues = continues ? 1 : 0
    a = operands[0]
    b = operands.count > 1 ? operands[1] : operands[0]
    c = operands.count > 2 ? operands[2] : operands[0]
    self.y = y
  }
}

// `Sources/CKernels/Strips.h` and `Transposition.h`: the same bits on every processor.

extension Float {
  package static func run(
    _ steps: UnsafeBufferPointer<StripStep>, registers: UnsafeMutablePointer<Float>,
    external: UnsafePointer<UnsafeMutablePointer<Float>?>, entries: Int, width: Int, columns: Int
  ) {
    guard let first = steps.baseAddress else { return }
    UnsafeRawPointer(first).withMemoryRebound(to: nnexp_strip_step.self, capacity: steps.count) {
      nnexp_run_strip_f32($0, steps.count, registers, external, entries, width, columns)
    }
  }

  package static func transpose(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, xStep: Int,
    into y: UnsafeMutablePointer<Float>, yStep: Int, adds: Bool
  ) {
    nnexp_transposed_f32(rows, columns, x, xStep, y, yStep, adds ? 1 : 0)
  }
}

extension Double {
  package static func run(
    _ steps: UnsafeBufferPointer<StripStep>, registers: UnsafeMutablePointer<Double>,
    external: UnsafePointer<UnsafeMutablePointer<Double>?>, entries: Int, width: Int, columns: Int
  ) {
    guard let first = steps.baseAddress else { return }
    UnsafeRawPointer(first).withMemoryRebound(to: nnexp_strip_step.self, capacity: steps.count) {
      nnexp_run_strip_f64($0, steps.count, registers, external, entries, width, columns)
    }
  }

  package static func transpose(
    _ x: UnsafePointer<Double>, rows: Int, columns: Int, xStep: Int,
    into y: UnsafeMutablePointer<Double>, yStep: Int, adds: Bool
  ) {
    nnexp_transposed_f64(rows, columns, x, xStep, y, yStep, adds ? 1 : 0)
  }
}
