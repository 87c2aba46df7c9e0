public import NNExp

/// Columns as summary.json and plan.json record them:
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

  /// Reads an element of that member; nil if it is something else.
  public init?(_ json: JSON) {
    guard let quantity = json["quantity"]?.string else { return nil }
    var split: Split?
    if let text = json["split"] {
      guard let known = text.string.flatMap(Split.init) else { return nil }
      split = known
    }
    self.init(
      split, head: json["head"]?.string, quantity: quantity,
      largerIsBetter: json["larger_is_better"]?.bool)
  }

  /// A column of which a record of version 0.1.0 has only the name.
  public static func unknown(named name: String) -> MetricColumn {
    MetricColumn(nil, quantity: name)
  }
}
