import NNExp

/// One pass of a program over a batch: its memory, and the loop over strips.
///
/// Sums over a batch are added strip by strip, and within a strip at one position per group, so
/// that their order depends only on the size of the batch.
struct StripRun<S: KernelScalar> {
  /// The groups in a strip.
  let width: Int
  /// The entries of a group.
  let entries: Int

  private let program: StripProgram
  private let registers: UnsafeMutablePointer<S>
  private var rest: UnsafeMutablePointer<S>
  private let external: UnsafeMutablePointer<UnsafeMutablePointer<S>?>
  /// How the pointer of each external port moves with the strips.
  private let motions: UnsafeMutablePointer<Motion>

  /// The base of an external port, and its period in groups: 0 if it moves along with the strips, 1
  /// if it does not move.
  struct Motion {
    var base: UnsafeMutablePointer<S>
    var period: Int
    /// The numbers per group.
    var numbers = 1
  }

  /// Fills the numbers of the formula, and runs the part that does not depend on the group.
  init(
    _ program: StripProgram, entries: Int, width: Int, memory: UnsafeMutablePointer<S>,
    external: UnsafeMutablePointer<UnsafeMutablePointer<S>?>,
    motions: UnsafeMutablePointer<Motion>
  ) {
    self.program = program
    self.entries = entries
    self.external = external
    self.motions = motions
    self.width = width
    registers = memory
    rest = memory + program.rows(entries: entries) * width
    for (register, value) in program.numbers { fill(register, with: S(value)) }
    for index in program.externals.indices {
      external[index] = registers
      motions[index] = Motion(base: registers, period: 1)
    }
  }

  /// Runs the part that does not depend on the group. Called once the parameters are set.
  func begin() { run(program.prologue, columns: width) }

  /// True if a strip can have any width, because nothing but tensors has a number per group.
  var isOneStrip: Bool { program.isOneChain && !program.hasParameters }

  func address(_ place: StripOperand) -> UnsafeMutablePointer<S> {
    registers + place.row(entries: entries) * width
  }

  func fill(_ place: StripOperand, with value: S) {
    let count = place.hasRows ? entries * width : width
    address(place).update(repeating: value, count: count)
  }

  /// Takes `count` numbers of memory.
  mutating func take(_ count: Int) -> UnsafeMutablePointer<S> {
    defer { rest += count }
    return rest
  }

  /// Sets the memory of an external port.
  func set(
    _ port: StripProgram.Port, to base: UnsafeMutablePointer<S>, period: Int = 0, numbers: Int = 1
  ) {
    guard let index = program.externals.firstIndex(of: port) else { return }
    motions[index] = Motion(base: base, period: period, numbers: numbers)
  }

  /// Sets the memory of the saved values: one after the other, each of all groups.
  func setSaved(_ memory: UnsafeMutablePointer<S>, groups: Int) {
    var start = memory
    for (k, hasRows) in program.saved.enumerated() {
      let numbers = hasRows ? entries : 1
      set(.saved(k), to: start, numbers: numbers)
      start += numbers * groups
    }
  }

  func place(of port: StripProgram.Port) -> UnsafeMutablePointer<S>? {
    guard let place = program.place(of: port), !place.isExternal else { return nil }
    return address(place)
  }

  /// Runs the steps on the groups from `first` on.
  func runStrip(from first: Int, columns: Int) {
    for index in 0..<program.externals.count {
      let motion = motions[index]
      let offset =
        motion.period == 0
        ? first * motion.numbers : motion.period == 1 ? 0 : first % motion.period
      external[index] = motion.base + offset
    }
    run(program.steps, columns: columns)
  }

  private func run(_ steps: [StripStep], columns: Int) {
    steps.withUnsafeBufferPointer {
      S.run(
        $0, registers: registers, external: external, entries: entries, width: width,
        columns: columns)
    }
  }
}

extension StripRun {
  /// Calls `body` with a run whose memory is `memory`.
  ///
  /// - Parameter width: the groups in a strip; by default, what fits into a first-level cache.
  static func with<Result>(
    _ program: StripProgram, entries: Int, width: Int? = nil, memory: UnsafeMutablePointer<S>,
    _ body: (inout StripRun) -> Result
  ) -> Result {
    let width = width ?? program.width(entries: entries)
    let count = max(1, program.externals.count)
    return withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<S>?.self, capacity: count) {
      external in
      withUnsafeTemporaryAllocation(of: Motion.self, capacity: count) { motions in
        guard let external = external.baseAddress, let motions = motions.baseAddress else {
          preconditionFailure("a program has an output")
        }
        var run = StripRun(
          program, entries: entries, width: width, memory: memory, external: external,
          motions: motions)
        return body(&run)
      }
    }
  }

  // MARK: Parameters

  /// Sets a parameter: a number, or one per entry of a sample.
  ///
  /// - Parameter plane: the entries that share a number; the parameter repeats after all.
  mutating func setParameter(_ k: Int, to values: Tensor<S>, plane: Int, of sample: Int) {
    if let place = program.place(of: .parameter(k)), !place.isExternal {
      guard place.hasRows else { return fill(place, with: values[0]) }
      let start = address(place)
      for entry in 0..<entries {
        (start + entry * width).update(repeating: values[entry / plane], count: width)
      }
    } else {
      let expanded = take(sample + width)
      for i in 0..<sample + width { expanded[i] = values[i % sample / plane] }
      set(.parameter(k), to: expanded, period: sample)
    }
  }

  /// Memory for the sums of a parameter's gradient, at 0.
  mutating func startGradient(of k: Int, isScalar: Bool, of sample: Int)
    -> UnsafeMutablePointer<S>?
  {
    guard let place = program.place(of: .parameterGradient(k)) else { return nil }
    if !place.isExternal {
      fill(place, with: 0)
      return address(place)
    }
    let count = isScalar ? width : sample + width
    let sums = take(count)
    sums.update(repeating: 0, count: count)
    set(.parameterGradient(k), to: sums, period: isScalar ? 1 : sample)
    return sums
  }

  /// Adds the sums to the parameter's gradient.
  func finishGradient(
    of k: Int, _ sums: UnsafeMutablePointer<S>, to gradient: Tensor<S>, isScalar: Bool, plane: Int,
    of sample: Int
  ) {
    guard let place = program.place(of: .parameterGradient(k)) else { return }
    if !place.isExternal, place.hasRows {
      for entry in 0..<entries {
        gradient[entry / plane] += StripRun.total(sums + entry * width, count: width)
      }
    } else if !place.isExternal {
      // Every column is the whole sum.
      gradient[0] += sums[0]
    } else if isScalar {
      gradient[0] += StripRun.total(sums, count: width)
    } else {
      for i in 0..<sample + width { gradient[i % sample / plane] += sums[i] }
    }
  }

  /// Σ of numbers, in pairs, which loses fewer digits than one after the other.
  static func total(_ numbers: UnsafeMutablePointer<S>, count: Int) -> S {
    if count == 1 { return numbers[0] }
    let half = count / 2
    return total(numbers, count: half) + total(numbers + half, count: count - half)
  }
}
