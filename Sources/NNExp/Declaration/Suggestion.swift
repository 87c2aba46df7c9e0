/// `; did you mean 'sigmoid'?`, or an empty text if no candidate is similar.
public func suggestion(for word: String, among candidates: some Sequence<String>) -> String {
  let candidates = Array(candidates)
  let own = ownName(ofColumn: word)
  let isKnown = own != word && candidates.contains { $0.hasSameBytes(as: own) }
  guard let best = isKnown ? own : nearest(to: word, among: candidates) else { return "" }
  return "; did you mean '\(best)'?"
}

/// The name in nnexp of a column that other programs call `name`: `validation_accuracy` for
/// `val_acc`.
private func ownName(ofColumn name: String) -> String {
  let words = [
    "acc": "accuracy", "lr": "learning_rate", "mae": "mean_absolute_error",
    "rmse": "root_mean_squared_error", "val": "validation", "valid": "validation",
  ]
  return name.split(atByte: "_").map { words[$0.lowercased()] ?? String($0) }
    .joined(separator: "_")
}

/// True if two names differ only in case and separators: `MSELoss` and `mse_loss`.
func isSameWord(_ a: String, _ b: String) -> Bool {
  func letters(_ text: String) -> some Sequence<UInt8> {
    text.utf8.lazy.filter { $0 != 0x20 && $0 != 0x2D && $0 != 0x5F }
      .map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
  }
  return letters(a).elementsEqual(letters(b))
}

/// `a, b, c`. A list of more than 40 names is shortened to the first 40 and the number of the
/// rest.
package func listed(_ names: [String]) -> String {
  let most = 40
  let text = names.prefix(most).joined(separator: ", ")
  return names.count > most ? "\(text), … (\(names.count - most) more)" : text
}

/// The candidate with the smallest edit distance to `word`; the first of equals. The distance
/// must be at most a third of the word's length (1 for short words) and less than the length.
public func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
  let word = Array(word.lowercased().unicodeScalars)
  guard word.count <= 64 else { return nil }
  var best: (candidate: String, distance: Int)?
  let most = max(1, word.count / 3)
  for candidate in candidates
  where abs(candidate.unicodeScalars.count - word.count) <= most {
    let distance = editDistance(word, Array(candidate.lowercased().unicodeScalars))
    if distance <= most, distance < word.count,
      best.map({ distance < $0.distance }) ?? true
    {
      best = (candidate, distance)
    }
  }
  return best?.candidate
}

/// The number of insertions, deletions, substitutions and swaps of neighbors that turn `a` into
/// `b` (optimal string alignment).
func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    row.reserveCapacity(b.count + 1)
    for j in b.indices {
      var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        distance = min(distance, beforeLast[j - 1] + 1)
      }
      row.append(distance)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
