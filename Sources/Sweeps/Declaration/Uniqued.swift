import NNExp

extension Sequence where Element == String {
  /// Every text once, at its first position; two are the same if their bytes are.
  func uniquedTexts() -> [String] {
    var seen: Set<ByteText> = []
    return filter { seen.insert(ByteText($0)).inserted }
  }
}
