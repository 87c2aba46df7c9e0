extension Sequence where Element: Hashable {
  /// Every element once, where it is first.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
