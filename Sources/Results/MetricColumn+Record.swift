import Files
public import NNExp

/// The form of columns in summary.json and plan.json:
///
///     "columns": {
///       "train_accuracy": {"split": "train", "quantity": "accuracy", "larger_is_better": true}
///     }
extension MetricColumn {
  /// The member `columns` of a record.
  public static func json(_ columns: some Sequence<MetricColumn>) -> JSON {
    .object(
      columns.map { column in
        var members: [JSON.Member] = []
        if let split = column.split { members.append(.init("split", .string(split.rawValue))) }
        if let head = column.head { members.append(.init("head", .string(head))) }
        members.append(.init("quantity", .string(column.quantity)))
        if let larger = column.largerIsBetter {
          members.append(.init("larger_is_better", .bool(larger)))
        }
        return .init(column.name, .object(members))
      })
  }

  /// A column of a record of version 0.1.0, which contains only its name.
  public static func unknown(named name: String) -> MetricColumn {
    MetricColumn(nil, quantity: name)
  }
}

extension RecordReader {
  /// The columns of a record; nil if version 0.1.0 wrote it, which did not record them.
  public func metricColumns(_ key: String) throws -> [MetricColumn]? {
    guard memberIfThere(key) != nil else { return nil }
    return try members(key).map { name, record in
      let column = MetricColumn(
        try record.memberIfThere("split")?.value { $0.string.flatMap(MetricColumn.Split.init) },
        head: try record.memberIfThere("head")?.value(\.string),
        quantity: try record.value("quantity", \.string),
        largerIsBetter: try record.memberIfThere("larger_is_better")?.value(\.bool))
      guard column.name.hasSameBytes(as: name) else {
        throw record.fault("is the column '\(column.name)'")
      }
      return column
    }
  }
}
