import NNExp

extension Sequence where Element == String {
  /// The texts without repetitions, each at its first position. Texts are compared by their
  /// bytes.
  package func uniquedTexts() -> [String] {
    var seen: Set<ByteText> = []
    return filter { seen.insert(ByteText($0)).inserted }
  }
}
