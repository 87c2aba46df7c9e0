/// A value that training records: a column of metrics.csv, which early stopping can
/// monitor and `expect` can bound.
///
/// The properties are set where the column is declared and recorded with the run. No
/// code derives them from the name.
public struct MetricColumn: Sendable, Hashable {
  /// The part of the data that a value is measured on.
  public enum Split: String, CaseIterable, Sendable { case train, validation, test }

  /// Nil for a value that is not measured on data: `epoch`, `step`, `learning_rate`.
  public let split: Split?

  /// The node whose loss or metric it is; nil if the model has a single loss.
  public let head: String?

  /// `loss`, or the name of a metric.
  public let quantity: String

  /// True for accuracy, false for errors; nil if neither is better, or if a record of
  /// version 0.1.0 does not contain it.
  public let largerIsBetter: Bool?

  /// `<split>_<quantity>` or `<split>_<head>_<quantity>`.
  public let name: String

  public init(
    _ split: Split?, head: String? = nil, quantity: String, largerIsBetter: Bool? = nil
  ) {
    self.split = split
    self.head = head
    self.quantity = quantity
    self.largerIsBetter = largerIsBetter
    name = [split?.rawValue, head, quantity].compactMap { $0 }.joined(separator: "_")
  }

  public static let epoch = MetricColumn(nil, quantity: "epoch")
  public static let step = MetricColumn(nil, quantity: "step")
  public static let learningRate = MetricColumn(nil, quantity: "learning_rate")

  public static func loss(_ split: Split) -> MetricColumn {
    MetricColumn(split, quantity: "loss", largerIsBetter: false)
  }
}

extension Sequence where Element == MetricColumn {
  /// The column of that name.
  package func named(_ name: some StringProtocol) -> MetricColumn? {
    first { $0.name.hasSameBytes(as: name) }
  }
}

/// The rule for names that become parts of columns, those of metrics and of ports:
/// `[a-z][a-z0-9_]*`, at most 64 bytes, and none of the reserved names.
package enum ColumnName {
  static let longest = 64

  static let reserved = [
    "input", "loss", "type", "epoch", "step", "learning_rate", "train", "validation", "test",
  ]

  /// The reason why a text is no such name, and a name like it; nil if it is one.
  package static func fault(in name: String) -> String? {
    if reserved.contains(text: name) {
      return "the name is reserved, as are " + reserved.filter { $0 != name }.joined(separator: ", ")
    }
    if name.isEmpty { return "the name is empty" }
    if name.utf8.count > longest {
      return "the name has \(name.utf8.count) bytes, more than \(longest)"
    }
    if isLetter(name.utf8.first), name.utf8.allSatisfy(isNameByte) { return nil }
    return "a name has lowercase letters, digits and '_', and starts with a letter"
      + (similar(to: name).map { "; did you mean '\($0)'?" } ?? "")
  }

  /// `r2_score` for `R2 Score`.
  private static func similar(to text: String) -> String? {
    var name: [UInt8] = []
    for byte in text.utf8 {
      let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
      if isLetter(lower) || !name.isEmpty && isNameByte(lower) {
        name.append(lower)
      } else if !name.isEmpty, name.last != UInt8(ascii: "_") {
        name.append(UInt8(ascii: "_"))
      }
    }
    while name.last == UInt8(ascii: "_") { name.removeLast() }
    let found = String(decoding: name, as: UTF8.self)
    return fault(in: found) == nil ? found : nil
  }

  private static func isLetter(_ byte: UInt8?) -> Bool { byte.map { 0x61...0x7A ~= $0 } ?? false }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || 0x30...0x39 ~= byte || byte == UInt8(ascii: "_")
  }
}
