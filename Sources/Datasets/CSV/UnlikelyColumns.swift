import NNExp

extension CSVReader {
  /// Announces inputs that are probably not intended: a copy of the target, a count of the
  /// rows, dates that are written as one number. Streamed files are not searched.
  func unlikelyColumns() -> [Diagnostic] {
    guard case .held = table.bytes, count > 1 else { return [] }
    var found: [Diagnostic] = []
    func announce(_ slot: Int, _ fact: String, _ remedy: (String) -> String) {
      let name = table.names[chosen[slot].position]
      found.append(
        Diagnostic(
          "column '\(excerpt(name))' \(fact)",
          notes: [.init(remedy(ConfigValue.quoted(name)))], severity: .warning))
    }
    let targets = chosen.indices.filter { chosen[$0].role == .targets }
    for slot in chosen.indices
    where chosen[slot].role == .inputs && chosen[slot].known == nil && chosen[slot].type == nil {
      if let target = targets.first(where: { areEqual(slot, $0) }) {
        let name = excerpt(table.names[chosen[target].position])
        announce(slot, "is equal to the target '\(name)' in every row") {
          "'exclude: [\($0)]' leaves it out"
        }
      }
      guard columns[slot].isNumeric, count >= 10 else { continue }
      if countsRows(slot) {
        announce(slot, "counts the rows") { "'id: \($0)' identifies the rows by it" }
      } else if holdsDates(slot) {
        announce(slot, "holds whole numbers that look like dates") {
          "'columns: {\($0): {type: date, format: \"%Y%m%d\"}}' reads them as days"
        }
      }
    }
    return found
  }

  private func cell(_ row: Int, _ slot: Int) -> Double { cells[row &* chosen.count &+ slot] }

  private func areEqual(_ a: Int, _ b: Int) -> Bool {
    guard columns[a].categories == columns[b].categories else { return false }
    return (0..<count).allSatisfy { cell($0, a) == cell($0, b) }
  }

  private func countsRows(_ slot: Int) -> Bool {
    let first = cell(0, slot)
    guard first == 0 || first == 1 else { return false }
    return (0..<count).allSatisfy { cell($0, slot) == first + Double($0) }
  }

  /// Whether the numbers of a column look like dates, such as `20240131`.
  private func holdsDates(_ slot: Int) -> Bool {
    let format = DateColumn("%Y%m%d")
    return (0..<count).allSatisfy { row in
      let value = cell(row, slot)
      guard value >= 18_000_101, value <= 21_001_231, let number = Int(exactly: value) else {
        return value.isNaN
      }
      return format.days("\(number)") != nil
    }
  }
}
