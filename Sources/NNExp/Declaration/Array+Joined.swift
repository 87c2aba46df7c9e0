extension Array<String> {
  /// The texts in order, with a separator between them.
  ///
  /// The standard library's function accepts any collection: its first call searches the whole
  /// program for conformances, which takes 1% of the instructions of a start.
  package func joined(separator: String = "") -> String {
    guard var text = first else { return "" }
    for part in dropFirst() {
      text += separator
      text += part
    }
    return text
  }
}
