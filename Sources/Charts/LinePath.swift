/// Reduces a line to the points that an image can show.
enum LinePath {
  typealias Pixel = (x: Double, y: Double)

  /// The uninterrupted parts of a line. In each column of pixels, only the first, the lowest,
  /// the highest and the last point remain, so that a line of a million points looks the same
  /// and takes a few kilobytes.
  static func runs(_ points: [Pixel?], columns: Double) -> [[Pixel]] {
    var runs: [[Pixel]] = []
    var run: [Pixel] = []
    for point in points {
      if let point {
        run.append(point)
      } else if !run.isEmpty {
        runs.append(thinned(run, columns: columns))
        run = []
      }
    }
    if !run.isEmpty { runs.append(thinned(run, columns: columns)) }
    return runs
  }

  private static func thinned(_ points: [Pixel], columns: Double) -> [Pixel] {
    guard Double(points.count) > 2 * columns else { return points }
    var kept: [Pixel] = []
    var start = 0
    while start < points.count {
      let column = points[start].x.rounded(.down)
      var (end, lowest, highest) = (start, start, start)
      while end < points.count, points[end].x.rounded(.down) == column {
        if points[end].y < points[lowest].y { lowest = end }
        if points[end].y > points[highest].y { highest = end }
        end += 1
      }
      for index in Set([start, lowest, highest, end - 1]).sorted() { kept.append(points[index]) }
      start = end
    }
    return kept
  }
}
