import NNExp

/// Assigns registers to values.
struct RegisterAllocation {
  private let builder: StripBuilder
  private let outputs: [(port: StripProgram.Port, value: Int)]
  private var places: [StripOperand?]
  private var freeGroups: [StripOperand] = []
  private var freeEntries: [StripOperand] = []

  private(set) var numbers: [(register: StripOperand, value: Double)] = []
  private(set) var ports: [(port: StripProgram.Port, place: StripOperand)] = []
  private(set) var externals: [StripProgram.Port] = []
  private(set) var groupRegisters = 0
  private(set) var entryRegisters = 0

  init(_ builder: StripBuilder, _ outputs: [(StripProgram.Port, Int)]) {
    self.builder = builder
    self.outputs = outputs.map { (port: $0.0, value: $0.1) }
    places = Array(repeating: nil, count: builder.values.count)
  }

  mutating func steps() -> (prologue: [StripStep], steps: [StripStep]) {
    let values = builder.values
    var last = Array(repeating: -1, count: values.count)
    for (index, value) in values.enumerated() {
      if case .operation(_, let operands) = value.content {
        for operand in operands { last[operand] = index }
      }
    }
    for (_, value) in outputs { last[value] = values.count }

    // Values that are needed during the whole strip.
    for (index, value) in values.enumerated() {
      switch value.content {
      case .number(let bits):
        let place = newRegister(hasRows: false)
        places[index] = place
        numbers.append((place, Double(bitPattern: bits)))
      case .port(let port): places[index] = place(of: port, value.level)
      case .operation where value.level == .all: places[index] = newRegister(hasRows: false)
      case .operation: break
      }
    }
    // A value that is only written is computed in its place.
    var direct: Set<Int> = []
    for (port, value) in outputs {
      let level = level(ofOutput: port)
      let target = place(of: port, level)
      guard values[value].level == level, case .operation = values[value].content,
        isOverwritten(port, target), direct.insert(value).inserted
      else { continue }
      places[value] = target
    }

    var prologue: [StripStep] = []
    var steps: [StripStep] = []
    for (index, value) in values.enumerated() {
      guard case .operation(let operation, let operands) = value.content else { continue }
      let sources = operands.map { places[$0]! }
      if value.level == .all {
        prologue.append(StripStep(operation, sources, into: places[index]!))
        continue
      }
      if places[index] == nil {
        let hasRows = value.level == .entry && !builder.target.isElementwise
        places[index] = takeRegister(hasRows: hasRows)
      }
      steps.append(StripStep(operation, sources, into: places[index]!))
      for operand in Set(operands).sorted()
      where last[operand] == index && !direct.contains(operand) {
        release(operand)
      }
    }
    for (port, value) in outputs {
      let target = place(of: port, level(ofOutput: port))
      guard let source = places[value], source != target else { continue }
      steps.append(
        isOverwritten(port, target)
          ? StripStep(.copy, [source], into: target)
          : StripStep(.add, [target, source], into: target))
    }
    return (prologue, steps)
  }

  /// True for what the program writes anew in each strip, false for what it adds to.
  private func isOverwritten(_ port: StripProgram.Port, _ place: StripOperand) -> Bool {
    switch port {
    case .output: true
    case .inputGradient: !place.isExternal
    default: false
    }
  }

  private func level(ofOutput port: StripProgram.Port) -> Expression.Level {
    let expression = builder.expression
    let level =
      switch port {
      case .inputGradient(let k): expression.inputLevels[k]
      case .parameterGradient(let k): expression.parameterLevels[k]
      default: expression.outputLevel
      }
    return builder.target.isElementwise ? .entry : max(level, .group)
  }

  /// The place of a port: a pointer for what is contiguous in a tensor, otherwise a register.
  private mutating func place(
    of port: StripProgram.Port, _ level: Expression.Level
  ) -> StripOperand {
    if let known = ports.first(where: { $0.port == port })?.place { return known }
    let isElementwise = builder.target.isElementwise
    let isInPlace: Bool
    switch port {
    case .input, .inputGradient, .output, .cotangent, .parameter, .parameterGradient:
      isInPlace = level == .group || level == .entry && isElementwise
    case .entryCount, .isValid: isInPlace = false
    }
    let place: StripOperand
    if isInPlace {
      place = .external(externals.count)
      externals.append(port)
    } else {
      place = newRegister(hasRows: level == .entry && !isElementwise)
    }
    ports.append((port, place))
    return place
  }

  private mutating func newRegister(hasRows: Bool) -> StripOperand {
    defer { if hasRows { entryRegisters += 1 } else { groupRegisters += 1 } }
    return .register(groups: groupRegisters, entries: entryRegisters, hasRows: hasRows)
  }

  private mutating func takeRegister(hasRows: Bool) -> StripOperand {
    (hasRows ? freeEntries.popLast() : freeGroups.popLast()) ?? newRegister(hasRows: hasRows)
  }

  private mutating func release(_ index: Int) {
    let value = builder.values[index]
    guard case .operation = value.content, value.level != .all, let place = places[index] else {
      return
    }
    if place.hasRows { freeEntries.append(place) } else { freeGroups.append(place) }
  }
}
