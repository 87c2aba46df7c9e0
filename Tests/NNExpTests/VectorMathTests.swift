import Foundation
import Testing

@testable import NNExp

/// Functions on whole vectors, for every instruction set of this processor.
@Suite(.serialized) struct VectorMathTests {
  /// Runs `body` once per instruction set.
  func withEveryInstructionSet(_ body: (InstructionSet) throws -> Void) rethrows {
    for isa in InstructionSet.allCases where isa.isSupported {
      try isa.perform {
        #expect(InstructionSet.current == isa)
        try body(isa)
      }
    }
  }

  // MARK: Against mpmath

  private func bound(_ f: ElementwiseFunction) -> Double {
    f == .gelu || f == .geluTanh ? 4 : 2
  }

  @Test func `errors are below 2 ULP, and 4 for gelu`() throws {
    let reference = try VectorMathReference.read()
    #expect(reference.functions.count == 2 * ElementwiseFunction.allCases.count)
    withEveryInstructionSet { isa in
      for function in reference.functions {
        let f = ElementwiseFunction.allCases.first { "\($0)" == function.function }!
        if function.precision == "float32" {
          check("\(f) on \(isa)", function.cases, bound: bound(f)) { (x: [Float]) in values(f, x) }
        } else {
          check("\(f) on \(isa)", function.cases, bound: bound(f)) { (x: [Double]) in values(f, x) }
        }
      }
    }
  }

  @Test func `errors of powers are below 1 ULP`() throws {
    let reference = try VectorMathReference.read()
    #expect(reference.powers.count == 40)
    withEveryInstructionSet { isa in
      for power in reference.powers {
        let p = power.exponent.value
        if power.precision == "float32" {
          check("x^\(p) on \(isa)", power.cases, bound: 1) { (x: [Float]) in powers(x, p) }
        } else {
          check("x^\(p) on \(isa)", power.cases, bound: 1) { (x: [Double]) in powers(x, p) }
        }
      }
    }
  }

  private func check<S: KernelScalar>(
    _ what: String, _ cases: [VectorMathReference.Case], bound: Double, by f: ([S]) -> [S]
  ) {
    for (y, expected) in zip(f(cases.map { S($0.x) }), cases) {
      let error = errorInUnits(y, expected.y, expected.rest)
      if !(error <= bound) || expected.y == 0 && y.sign != expected.y.sign && y == 0 {
        Issue.record(
          "\(what) of \(S(expected.x)) is \(y), not \(expected.y): \(error) ULP")
      }
    }
  }

  /// |y − (expected + rest)| in units in the last place of the expected number.
  private func errorInUnits<S: KernelScalar>(_ y: S, _ expected: Double, _ rest: Double) -> Double {
    let rounded = S(expected)
    if expected.isNaN || y.isNaN { return expected.isNaN && y.isNaN ? 0 : .infinity }
    // The largest number and infinity are neighbors.
    if !rounded.isFinite || !y.isFinite {
      if y == rounded { return 0 }
      let largest = S.greatestFiniteMagnitude
      return abs(y) >= largest && abs(rounded) >= largest ? 1 : .infinity
    }
    return abs((Double(y) - expected) - rest) / Double(rounded.ulp)
  }

  // MARK: Against the C library

  /// Every 20,011th float32: all exponents, both signs.
  @Test(arguments: ElementwiseFunction.allCases)
  func `a sweep over float32 agrees with float64 of the C library`(f: ElementwiseFunction) {
    let x = stride(from: UInt32(0), through: .max, by: 20_011).map(Float.init(bitPattern:))
    var worst: (error: Double, at: Float) = (0, 0)
    for (x, y) in zip(x, values(f, x)) {
      let error = errorInUnits(y, cLibrary(f, Double(x)), 0)
      if error > worst.error { worst = (error, x) }
    }
    #expect(worst.error <= bound(f), "\(f) at \(worst.at)")
  }

  /// All exponents; the C library's own error is about 1 ULP here.
  @Test(arguments: ElementwiseFunction.allCases)
  func `a sweep over float64 agrees with the C library`(f: ElementwiseFunction) {
    let step: UInt64 = 0x0000_2545_F491_4F6D
    let x = stride(from: UInt64(0), to: .max - step, by: Int(step)).map(Double.init(bitPattern:))
    for (x, y) in zip(x, values(f, x)) {
      let error = errorInUnits(y, cLibrary(f, x), 0)
      if !(error <= 4) { Issue.record("\(f)(\(x)) is \(y), not \(cLibrary(f, x))") }
    }
  }

  private func cLibrary(_ f: ElementwiseFunction, _ x: Double) -> Double {
    switch f {
    case .exp: Foundation.exp(x)
    case .expm1: Foundation.expm1(x)
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .tanh: Foundation.tanh(x)
    case .logistic:
      x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
    // In 64 bits, because the argument of an exponential is rounded.
    case .gelu:
      x < -50 ? -0.0 : Double(Float80(x) * erfcl(-Float80(x) / Float80(2).squareRoot()) / 2)
    case .geluTanh: x < -50 ? -0.0 : Double(geluByTanh(Float80(x)))
    }
  }

  /// √(8/π), and the coefficient of x³ relative to it.
  private var geluRate: Float80 { (8 / Float80.pi).squareRoot() }
  private var geluBend: Float80 { 44_715 / 1_000_000 }

  private func geluByTanh(_ x: Float80) -> Float80 {
    x / (1 + expl(-geluRate * x * (1 + geluBend * x * x)))
  }

  // MARK: The same bits everywhere

  @Test func `every instruction set gives the same bits`() {
    func compare<S: KernelScalar>(_ x: [S]) {
      for f in ElementwiseFunction.allCases {
        var first: (isa: InstructionSet, y: [S], dx: [S])?
        withEveryInstructionSet { isa in
          let y = values(f, x)
          let dx = vjp(f, x, y)
          guard let first else { return first = (isa, y, dx) }
          #expect(isSame(y, first.y), "\(f) on \(isa) and \(first.isa)")
          #expect(isSame(dx, first.dx), "the slope of \(f) on \(isa) and \(first.isa)")
        }
      }
    }
    let bits = stride(from: UInt32(1), through: .max, by: 1_500_007)
    compare(bits.map(Float.init(bitPattern:)))
    compare(bits.map { Double(bitPattern: UInt64($0) &* 0x1_0000_0001) })
    compare(bits.map { Double(Int32(bitPattern: $0)) / 0x1p26 })
  }

  /// For every count and position, a number's result is independent of the others.
  @Test func `a result does not depend on its neighbors`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      let x = (0..<40).map { S($0) / 7 - 2 }
      withEveryInstructionSet { isa in
        for f in ElementwiseFunction.allCases {
          let alone = x.map { values(f, [$0])[0] }
          let slopes = zip(x, alone).map { vjp(f, [$0], [$1])[0] }
          for first in 0..<18 {
            for end in first...x.count {
              let part = Array(x[first..<end])
              #expect(isSame(values(f, part), Array(alone[first..<end])), "\(isa) \(f)")
              #expect(
                isSame(vjp(f, part, Array(alone[first..<end])), Array(slopes[first..<end])),
                "\(isa) \(f)")
            }
          }
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `every instruction set gives the same powers`() {
    func compare<S: KernelScalar>(_ x: [S]) {
      for p in [0.3, 1, 2, 3.7, 150, -2.2] {
        var first: [S]?
        withEveryInstructionSet { isa in
          let y = powers(x, p)
          // One by one, each at the end of a separate vector.
          let alone = x.prefix(50).map { powers([$0], p)[0] }
          #expect(isSame(alone, Array(y.prefix(50))), "x^\(p) on \(isa)")
          guard let first else { return first = y }
          #expect(isSame(y, first), "x^\(p) on \(isa)")
        }
      }
    }
    let bits = stride(from: UInt32(1), through: .max, by: 3_000_017)
    compare(bits.map(Float.init(bitPattern:)))
    compare(bits.map { Double(bitPattern: UInt64($0) &* 0x1_0000_0001) })
    compare(bits.map { Double($0) / 0x1p31 })
  }

  @Test func `a map can work in place`() {
    withEveryInstructionSet { isa in
      var x: [Float] = (0..<53).map { Float($0) / 10 - 2 }
      let y = values(.tanh, x)
      x.withUnsafeMutableBufferPointer {
        let view = Tensor(start: $0.baseAddress!, count: $0.count, shape: [$0.count])
        map(.tanh, view, into: view)
      }
      #expect(x == y, "\(isa)")
    }
  }

  @Test func derivativesFollowTheirFormulas() {
    func check<S: KernelScalar>(_ type: S.Type, _ bound: S) {
      let x: [S] = [-3, -0.5, -1e-3, 1e-3, 0.5, 1, 3, 17]
      for f in ElementwiseFunction.allCases {
        let x = f == .log ? x.map(abs) : f == .log1p ? x.map { $0 / 4 } : x
        let slopes = vjp(f, x, values(f, x))
        for (x, slope) in zip(x, slopes) {
          let expected = S(slopeByFormula(f, Double(x)))
          #expect(abs(slope - expected) <= bound * (1 + abs(expected)), "\(f)′(\(x))")
        }
      }
    }
    check(Float.self, 4e-7)
    check(Double.self, 1e-15)
  }

  private func slopeByFormula(_ f: ElementwiseFunction, _ x: Double) -> Double {
    switch f {
    case .exp, .expm1: Foundation.exp(x)
    case .log: 1 / x
    case .log1p: 1 / (1 + x)
    case .tanh: 1 / (Foundation.cosh(x) * Foundation.cosh(x))
    case .logistic: 1 / (2 + 2 * Foundation.cosh(x))
    case .gelu:
      Foundation.erfc(-x * 0.5.squareRoot()) / 2
        + x * Foundation.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case .geluTanh: geluTanhSlope(x)
    }
  }

  private func geluTanhSlope(_ x: Double) -> Double {
    let rate = Double(geluRate)
    let s = 1 / (1 + Foundation.exp(-rate * (x + 0.044715 * x * x * x)))
    return s + x * s * (1 - s) * rate * (1 + 0.134145 * x * x)
  }

  // MARK: Which instruction set

  @Test func `the environment names an instruction set`() throws {
    #expect(try InstructionSet.named("portable") == .portable)
    let known = InstructionSet.allCases.filter(\.isSupported).map(\.rawValue)
    let list = known.joined(separator: ", ")
    #expect(
      message { _ = try InstructionSet.named("portabel") } == """
        error: NNEXP_ISA names an unknown instruction set 'portabel'; did you mean 'portable'?
        note: this processor has: \(list)
        """)
    for isa in InstructionSet.allCases where !isa.isSupported {
      #expect(
        message { _ = try InstructionSet.named(isa.rawValue) } == """
          error: NNEXP_ISA asks for \(isa.rawValue), which this processor lacks
          note: this processor has: \(list)
          """)
    }
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing was wrong"
    } catch {
      return "\(error)"
    }
  }

  /// For a few entries, the gradient is computed without a call of the kernels, with the same
  /// bits.
  @Test(arguments: ElementwiseFunction.allCases)
  func derivativesOfAFewEntriesHaveTheBitsOfTheKernels(_ f: ElementwiseFunction) {
    func compare<S: KernelScalar>(_ scalar: S.Type) {
      let random = RandomStream(seed: 1, purpose: "a few slopes")
      for count in 1...12 {
        // x, y, dy and dx.
        let room = UnsafeMutablePointer<S>.allocate(capacity: 4 * count)
        defer { room.deallocate() }
        for i in 0..<4 * count { room[i] = S(random.stream(count).normal(at: i)) }
        func tensor(_ k: Int) -> Tensor<S> {
          Tensor(start: room + k * count, count: count, shape: [count])
        }
        map(f, tensor(0), into: tensor(1))
        var kernels = (0..<count).map { tensor(3)[$0] }
        S.addVJP(
          of: f, room, room + count, room + 2 * count, to: &kernels, count: count)
        addVJP(of: f, x: tensor(0), y: tensor(1), dy: tensor(2), to: tensor(3))
        let inline = (0..<count).map { tensor(3)[$0] }
        #expect(isSame(inline, kernels), "\(f), \(count) entries")
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  // MARK: Calls

  private func values<S: KernelScalar>(_ f: ElementwiseFunction, _ x: [S]) -> [S] {
    // The numbers after the end must not change.
    var y = [S](repeating: 7, count: x.count + 1)
    var x = x
    let count = x.count
    x.withUnsafeMutableBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        guard let start = x.baseAddress else { return }
        map(
          f, Tensor(start: start, count: count, shape: [count]),
          into: Tensor(start: y.baseAddress!, count: count, shape: [count]))
      }
    }
    #expect(y.removeLast() == 7)
    return y
  }

  private func powers<S: KernelScalar>(_ x: [S], _ p: Double) -> [S] {
    var y = [S](repeating: 7, count: x.count + 1)
    y.withUnsafeMutableBufferPointer {
      S.power(x, p, into: $0.baseAddress!, count: x.count)
    }
    #expect(y.removeLast() == 7)
    return y
  }

  /// The result of 0 + 1·f′(x).
  private func vjp<S: KernelScalar>(_ f: ElementwiseFunction, _ x: [S], _ y: [S]) -> [S] {
    var dx = [S](repeating: 0, count: x.count) + [7]
    let dy = [S](repeating: 1, count: x.count)
    dx.withUnsafeMutableBufferPointer {
      S.addVJP(of: f, x, y, dy, to: $0.baseAddress!, count: x.count)
    }
    #expect(dx.removeLast() == 7)
    return dx
  }

  /// True if all bits are equal, or both are NaN.
  func isSame<S: KernelScalar>(_ a: [S], _ b: [S]) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy { ($0 == $1 && $0.sign == $1.sign) || ($0.isNaN && $1.isNaN) }
  }
}
