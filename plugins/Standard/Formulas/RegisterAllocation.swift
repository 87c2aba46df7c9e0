import NNExp

/// Assigns registers to values.
struct RegisterAllocation {
  private let builder: StripBuilder
  private let outputs: [(port: StripProgram.Port, value: Int)]
  /// The values that the program reads instead of computing them.
  private let given: [Int: StripProgram.Port]
  /// The operations that replace those of the builder.
  private var operations: [Int: StripBuilder.Value.Content] = [:]
  private var places: [StripOperand?]
  private var freeGroups: [StripOperand] = []
  private var freeEntries: [StripOperand] = []

  private(set) var numbers: [(register: StripOperand, value: Double)] = []
  private(set) var ports: [(port: StripProgram.Port, place: StripOperand)] = []
  private(set) var externals: [StripProgram.Port] = []
  private(set) var groupRegisters = 0
  private(set) var entryRegisters = 0

  init(
    _ builder: StripBuilder, _ outputs: [(StripProgram.Port, Int)],
    reading given: [Int: StripProgram.Port]
  ) {
    self.builder = builder
    self.given = given
    self.outputs = outputs.map { (port: $0.0, value: $0.1) }
    places = Array(repeating: nil, count: builder.values.count)
  }

  mutating func steps() -> (prologue: [StripStep], steps: [StripStep]) {
    let values = builder.values
    let fusion = StripFusion(
      builder, builder.reachable(from: outputs.map(\.value), until: given.keys),
      given: Set(given.keys), outputs: outputs.map(\.value))
    operations = fusion.operations
    let needed = fusion.values
    var last = Array(repeating: -1, count: values.count)
    for index in needed {
      if case .operation(_, let operands) = content(of: index) {
        for operand in operands { last[operand] = index }
      }
    }
    for (_, value) in outputs { last[value] = values.count }

    // Values that are needed during the whole strip.
    for index in needed {
      let value = values[index]
      switch content(of: index) {
      case .number(let bits):
        let place = newRegister(hasRows: false, isConstant: true)
        places[index] = place
        numbers.append((place, Double(bitPattern: bits)))
      case .port(let port): places[index] = place(of: port, value.level)
      case .operation where value.level == .all:
        places[index] = newRegister(hasRows: false, isConstant: true)
      case .operation: break
      }
    }
    // A value that is only written is computed in its place.
    var direct: Set<Int> = []
    for (port, value) in outputs {
      let level = level(of: port, value)
      let target = place(of: port, level)
      guard values[value].level == level, case .operation = content(of: value),
        isOverwritten(port, target), direct.insert(value).inserted
      else { continue }
      places[value] = target
    }

    // The last operation of a gradient also adds it.
    var added: Set<Int> = []
    for (port, value) in outputs where !isOverwritten(port, place(of: port, level(of: port, value)))
    {
      guard let sum = fusion.sum(of: value), values[value].level == level(of: port, value),
        outputs.filter({ $0.value == value }).count == 1
      else { continue }
      places[value] = place(of: port, level(of: port, value))
      operations[value] = sum
      added.insert(value)
    }

    var prologue: [StripStep] = []
    var steps: [StripStep] = []
    var chain = StripChain()
    for index in needed {
      let value = values[index]
      guard case .operation(let operation, let unordered) = content(of: index) else { continue }
      let next = StripChain.Step(
        operation: operation, operands: unordered, result: index,
        isOneRow: value.level != .all && (value.level == .group || builder.target.isElementwise))
      let ordered = chain.append(next) { last[$0] == index }
      let operands = ordered ?? unordered
      let sources = operands.map { places[$0]! } + (added.contains(index) ? [places[index]!] : [])
      if value.level == .all {
        prologue.append(StripStep(operation, sources, into: places[index]!))
        continue
      }
      if places[index] == nil {
        let hasRows = value.level == .entry && !builder.target.isElementwise
        places[index] = takeRegister(hasRows: hasRows)
      }
      steps.append(
        StripStep(operation, sources, into: places[index]!, continues: ordered != nil))
      for operand in Set(operands).sorted()
      where last[operand] == index && !direct.contains(operand) && !added.contains(operand) {
        release(operand)
      }
    }
    for (port, value) in outputs {
      let target = place(of: port, level(of: port, value))
      guard let source = places[value], source != target else { continue }
      steps.append(
        isOverwritten(port, target)
          ? StripStep(.copy, [source], into: target)
          : StripStep(.add, [target, source], into: target))
    }
    return (prologue, steps)
  }

  private func content(of index: Int) -> StripBuilder.Value.Content {
    if let port = given[index] { return .port(port) }
    return operations[index] ?? builder.values[index].content
  }

  /// True for what the program writes anew in each strip, false for what it adds to.
  private func isOverwritten(_ port: StripProgram.Port, _ place: StripOperand) -> Bool {
    switch port {
    case .output, .saved: true
    case .inputGradient: !place.isExternal
    default: false
    }
  }

  private func level(of port: StripProgram.Port, _ value: Int) -> Expression.Level {
    let expression = builder.expression
    let level =
      switch port {
      case .saved: builder.values[value].level
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
      isInPlace =
        builder.target.isSample
        ? level == .entry : level == .group || level == .entry && isElementwise
    case .saved: isInPlace = true
    case .entryCount, .isValid: isInPlace = false
    }
    let hasRows = level == .entry && !isElementwise
    let place: StripOperand
    if isInPlace {
      place = .external(externals.count, hasRows: hasRows)
      externals.append(port)
    } else {
      var isConstant = false
      if case .parameter = port { isConstant = level == .all }
      place = newRegister(hasRows: hasRows, isConstant: isConstant)
    }
    ports.append((port, place))
    return place
  }

  private mutating func newRegister(hasRows: Bool, isConstant: Bool = false) -> StripOperand {
    defer { if hasRows { entryRegisters += 1 } else { groupRegisters += 1 } }
    return .register(
      groups: groupRegisters, entries: entryRegisters, hasRows: hasRows, isConstant: isConstant)
  }

  private mutating func takeRegister(hasRows: Bool) -> StripOperand {
    (hasRows ? freeEntries.popLast() : freeGroups.popLast()) ?? newRegister(hasRows: hasRows)
  }

  private mutating func release(_ index: Int) {
    guard case .operation = content(of: index), builder.values[index].level != .all,
      let place = places[index]
    else { return }
    if place.hasRows { freeEntries.append(place) } else { freeGroups.append(place) }
  }
}
