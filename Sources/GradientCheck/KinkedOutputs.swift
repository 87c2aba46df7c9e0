/// The outputs of some layers that have a kink at the present values along a line:
///
///     J(h) = y(h) + y(−h) − 2y(0),   J(h/2) / J(h) > 0.3   (0.25 where y is smooth, 0.5 at a kink)
struct KinkedOutputs {
  /// Whether each output has a kink, by layer.
  private(set) var isKinked: [[Bool]] = []

  /// The one-sided slopes of each output, with their errors.
  private var left: [[Double]] = []
  private var right: [[Double]] = []
  private var error: [[Double]] = []

  /// - Parameters:
  ///   - outputs: y(0).
  ///   - move: sets the values at a point of the line; the last point remains.
  init(
    _ readers: [any IsolatedLayer], outputs: [[Double]], step h: Double, _ move: (Double) -> Void
  ) {
    let (right, left, nearRight, nearLeft) = KinkedOutputs.rows(readers, step: h, move)
    for (r, base) in outputs.enumerated() {
      var kinked = [Bool](repeating: false, count: base.count)
      var slopes = (left: kinked.map { _ in 0.0 }, right: kinked.map { _ in 0.0 })
      var errors = slopes.left
      for (j, y) in base.enumerated() {
        let wide = right[r][j] + left[r][j] - 2 * y
        let narrow = nearRight[r][j] + nearLeft[r][j] - 2 * y
        let noise = Double.ulpOfOne * (abs(right[r][j]) + abs(left[r][j]) + 2 * abs(y))
        guard abs(narrow) > NumericDerivative.noiseMargin * noise, narrow / wide > 0.3 else {
          continue
        }
        kinked[j] = true
        let near = ((y - nearLeft[r][j]) / (h / 2), (nearRight[r][j] - y) / (h / 2))
        let far = ((y - left[r][j]) / h, (right[r][j] - y) / h)
        slopes.left[j] = 2 * near.0 - far.0
        slopes.right[j] = 2 * near.1 - far.1
        errors[j] =
          max(abs(near.0 - far.0), abs(near.1 - far.1))
          + NumericDerivative.noiseMargin * noise / h
      }
      isKinked.append(kinked)
      self.left.append(slopes.left)
      self.right.append(slopes.right)
      error.append(errors)
    }
  }

  /// Whether `slope` can be Σ wⱼ·sⱼ over the outputs with kinks, with each sⱼ between the
  /// one-sided slopes of its output.
  ///
  /// - Parameter weights: the weights w ≥ 0.
  func holds(_ slope: Double, weights: [[Double]]) -> Bool {
    var (least, most) = (0.0, 0.0)
    for (r, row) in weights.enumerated() {
      for (j, w) in row.enumerated() where w > 0 {
        least += w * (min(left[r][j], right[r][j]) - error[r][j])
        most += w * (max(left[r][j], right[r][j]) + error[r][j])
      }
    }
    return slope >= least && slope <= most
  }
}

extension KinkedOutputs {
  /// Whether each output has a kink between −h and h, by layer. The second difference of a smooth
  /// output at h is four times that at h/2.
  static func near(
    _ readers: [any IsolatedLayer], outputs: [[Double]], step h: Double, _ move: (Double) -> Void
  ) -> [[Bool]] {
    let (right, left, nearRight, nearLeft) = rows(readers, step: h, move)
    return outputs.enumerated().map { r, base in
      base.enumerated().map { j, y in
        let wide = right[r][j] + left[r][j] - 2 * y
        let narrow = nearRight[r][j] + nearLeft[r][j] - 2 * y
        let noise = Double.ulpOfOne * (abs(right[r][j]) + abs(left[r][j]) + 2 * abs(y))
        if max(abs(wide), abs(narrow)) <= NumericDerivative.noiseMargin * noise { return false }
        return !(0.2...0.3 ~= narrow / wide)
      }
    }
  }

  /// The outputs of each layer at h, −h, h/2 and −h/2.
  private static func rows(
    _ readers: [any IsolatedLayer], step h: Double, _ move: (Double) -> Void
  ) -> ([[Double]], [[Double]], [[Double]], [[Double]]) {
    func row(_ t: Double) -> [[Double]] {
      move(t)
      return readers.map { reader in
        var values: [Double] = []
        reader.evaluate(into: &values)
        return values
      }
    }
    return (row(h), row(-h), row(h / 2), row(-h / 2))
  }
}
