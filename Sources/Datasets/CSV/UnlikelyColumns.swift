import NNExp

extension CSVReader {
  /// A reason why an input is probably not intended, if it holds for all rows.
  private enum Suspicion {
    case equal(target: Int)
    case countsRows(from: Double)
    case namesRows
    case holdsDates
  }

  /// Announces inputs that are probably not intended: a copy of the target, a count of the
  /// rows, an id, dates that are written as one number. If a file is streamed, its rows are
  /// read again until no input is suspected.
  func unlikelyColumns() throws -> [Diagnostic] {
    guard count > 1 else { return unlikelyNames() }
    let lines = lines()
    func cell(_ row: Int, _ slot: Int) throws -> Double {
      try lines?.withRow(row) { $0[slot] } ?? cells[row, slot]
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
      if first == 0 || first == 1 {
        suspicions.append((slot, .countsRows(from: first)))
      } else {
        suspicions.append((slot, hasNameOfID(slot) ? .namesRows : .holdsDates))
      }
    }
    let format = DateColumn("%Y%m%d")
    for row in 0..<count {
      if suspicions.isEmpty { break }
      try suspicions.removeAll { slot, kind in
        let value = try cell(row, slot)
        switch kind {
        case .equal(let target): return try value != cell(row, target)
        case .countsRows(let first): return value != first + Double(row)
        case .namesRows: return value != value.rounded()
        case .holdsDates:
          if value.isNaN { return false }
          guard value >= 18_000_101, value <= 21_001_231, let number = Int(exactly: value) else {
            return true
          }
          return format.days("\(number)") == nil
        }
      }
    }
    var found = unlikelyNames()
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

  /// Whether a column is called `id`, `patient_id` or so, and no number is in two rows.
  private func hasNameOfID(_ slot: Int) -> Bool {
    let name = table.names[chosen[slot].position].lowercased()
    guard
      ["id", "index", "key"].contains(name)
        || ["_id", " id", "-id"].contains(where: name.hasSuffix(bytes:))
    else { return false }
    return columns[slot].missing == 0
      && columns[slot].distinct ?? 0 >= min(count, TableColumn.mostDistinct)
  }

  /// Inputs without a name, and those whose names differ only in blanks or case.
  private func unlikelyNames() -> [Diagnostic] {
    var found: [Diagnostic] = []
    var seen: [ByteText: String] = [:]
    for column in chosen where column.role == .inputs && column.known == nil && table.hasHeader {
      let name = table.names[column.position]
      if name.isEmpty {
        found.append(
          Diagnostic(
            "column \(column.position + 1) has no name, and is an input",
            notes: [.init("'exclude: [\"\"]' leaves it out")], severity: .warning))
        continue
      }
      let key = ByteText(
        String(name.lowercased().unicodeScalars.filter { $0 != " " && $0 != "\t" }))
      guard let other = seen.updateValue(name, forKey: key) else { continue }
      found.append(
        Diagnostic(
          "the columns '\(excerpt(other))' and '\(excerpt(name))' have names that differ only in "
            + "blanks or case", severity: .warning))
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
    case .countsRows: return ("counts the rows", "'id: \(name)' identifies the rows by it")
    case .namesRows:
      return (
        "looks like an id: it has another whole number in each row",
        "'id: \(name)' identifies the rows by it"
      )
    case .holdsDates:
      return (
        "holds whole numbers that look like dates",
        "'columns: {\(name): {type: date, format: \"%Y%m%d\"}}' reads them as days"
      )
    }
  }
}
