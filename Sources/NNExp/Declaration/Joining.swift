extension Array<String> {
  /// The texts one after the other, with a separator between them.
  ///
  /// The standard library's is for any collection: its first call searches the whole program
  /// for conformances, 1% of the instructions of a start.
  package func joined(separator: String = "") -> String {
    guard var text = first else { return "" }
    for part in dropFirst() {
      text += separator
      text += part
    }
    return text
  }
}
