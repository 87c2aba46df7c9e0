import NNExp

extension CSVReader {
  /// A reason why a column is unlikely to be meant as an input, as long as all rows agree.
  private enum Suspicion {
    case equal(target: Int)
    case countsRows(from: Double)
    case holdsDates
  }

  /// Inputs that are unlikely to be meant as such: one that is the target, one that counts
  /// the rows, dates written as one number. Of a file that is read in parts, rows are read
  /// again until none is left.
  func unlikelyColumns() throws -> [Diagnostic] {
    guard count > 1 else { return [] }
    let lines = lines()
    func cell(_ row: Int, _ slot: Int) throws -> Double {
      try lines?.withRow(row) { $0[slot] } ?? cells[row &* chosen.count &+ slot]
    }
    var suspicions: [(slot: Int, kind: Suspicion)] = []
    let targets = chosen.indices.filter { chosen[$0].role == .targets }
    for slot in chosen.indices
    where chosen[slot].role == .inputs && chosen[slot].known == nil && chosen[slot].type == nil {
      for target in targets where columns[slot].categories == columns[target].categories {
        suspicions.append((slot, .equal(target: target)))
      }
      guard columns[slot].isNumeric, count >= 10 else { continue }
      let first = try cell(0, slot)
      suspicions.append(
        (slot, first == 0 || first == 1 ? .countsRows(from: first) : .holdsDates))
    }
    let format = DateColumn("%Y%m%d")
    for row in 0..<count {
      if suspicions.isEmpty { return [] }
      try suspicions.removeAll { slot, kind in
        let value = try cell(row, slot)
        switch kind {
        case .equal(let target): return try value != cell(row, target)
        case .countsRows(let first): return value != first + Double(row)
        case .holdsDates:
          if value.isNaN { return false }
          guard value >= 18_000_101, value <= 21_001_231, let number = Int(exactly: value) else {
            return true
          }
          return format.days("\(number)") == nil
        }
      }
    }
    var found: [Diagnostic] = []
    for (index, (slot, kind)) in suspicions.enumerated() {
      let (fact, remedy) = text(of: kind, ConfigValue.quoted(table.names[chosen[slot].position]))
      // Of several equal targets, the first is named.
      if case .equal = kind, suspicions[..<index].contains(where: { $0.slot == slot }) { continue }
      found.append(
        Diagnostic(
          "column '\(excerpt(table.names[chosen[slot].position]))' \(fact)",
          notes: [.init(remedy)], severity: .warning))
    }
    return found
  }

  private func text(of kind: Suspicion, _ name: String) -> (fact: String, remedy: String) {
    switch kind {
    case .equal(let target):
      let target = excerpt(table.names[chosen[target].position])
      return (
        "is equal to the target '\(target)' in every row", "'exclude: [\(name)]' leaves it out"
      )
    case .countsRows: return ("counts the rows", "'id: \(name)' names the rows by it")
    case .holdsDates:
      return (
        "holds whole numbers that look like dates",
        "'columns: {\(name): {type: date, format: \"%Y%m%d\"}}' reads them as days"
      )
    }
  }
}
