import NNExp

extension [TableColumn] {
  /// The columns with the fitted values of their fills.
  ///
  /// - Parameter rows: the rows of the training data.
  func filled(from columns: SourceColumns, rows: [Int]) throws -> [TableColumn] {
    var fitted = self
    for index in indices {
      guard let fill = self[index].fill else { continue }
      let column = self[index]
      func present() throws -> [Double] {
        let cells = try columns.cells(of: index)
        return rows.map { cells[$0] }.filter { !$0.isNaN }
      }
      switch fill {
      case .dropRow: continue
      case .mean: fitted[index].fillValue = try present().mean
      case .indicator where column.isNumeric: fitted[index].fillValue = try present().mean
      case .indicator: continue
      case .median:
        let sorted = try present().sorted()
        fitted[index].fillValue = sorted.isEmpty ? nil : Scaling.quantile(0.5, of: sorted)
      case .mostFrequent: fitted[index].fillValue = try present().mostFrequent
      case .constant(.number(let value)) where column.isNumeric: fitted[index].fillValue = value
      case .constant(let constant):
        let text = if case .text(let text) = constant { text } else { fill.constantText }
        fitted[index].fillValue = column.categories?
          .firstIndex { $0.hasSameBytes(as: text) }.map(Double.init)
      }
      guard fill == .indicator && !column.isNumeric || fitted[index].fillValue != nil else {
        throw Diagnostic(
          "no cell of column '\(excerpt(column.name))' in the training data has a value, to fill "
            + "the missing ones with")
      }
    }
    return fitted
  }
}

extension Fill {
  /// A constant number as the name of a category.
  var constantText: String {
    if case .constant(.number(let value)) = self { shortest(value) } else { "" }
  }
}

extension [Double] {
  /// The mean Σx/n as the first number and the correction to add to it; nil if there are no
  /// numbers.
  fileprivate var mean: Double? {
    guard let first else { return nil }
    let mean = first + reduce(0) { $0 + ($1 - first) } / Double(count)
    return mean.isFinite ? mean : reduce(0) { $0 + $1 / Double(count) }
  }

  /// The most frequent number, the least one in case of a tie; nil if there are no numbers.
  fileprivate var mostFrequent: Double? {
    var counts: [Double: Int] = [:]
    for value in self { counts[value, default: 0] += 1 }
    return counts.max { $0.value != $1.value ? $0.value < $1.value : $0.key > $1.key }?.key
  }
}
