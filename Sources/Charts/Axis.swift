import Platform

/// An axis of a chart: its label, its scale and the range that it shows.
public struct Axis: Sendable, Equatable {
  public enum Scale: Sendable, Equatable {
    case linear
    /// The logarithm to base 10; only values above 0 are drawn.
    case logarithmic
    /// Named positions 0, 1, 2, …
    case categories([String])
  }

  public var label: String
  public var scale: Scale
  /// The range shown; nil shows all data, widened to round numbers.
  public var domain: ClosedRange<Double>?
  /// Whether only integers are labeled, as for epochs.
  public var isInteger: Bool

  public init(
    _ label: String, _ scale: Scale = .linear, domain: ClosedRange<Double>? = nil,
    isInteger: Bool = false
  ) {
    (self.label, self.scale, self.domain, self.isInteger) = (label, scale, domain, isInteger)
  }
}

/// A labeled position of an axis.
struct Tick: Equatable {
  let value: Double
  let label: String
}

/// An axis with its range fixed: maps values to positions between 0 and 1.
struct Projection {
  let scale: Axis.Scale
  /// The low end on the axis's scale: a decimal logarithm if the axis is logarithmic.
  let low: Double
  let high: Double
  let ticks: [Tick]

  /// Fits an axis to data.
  ///
  /// - Parameters:
  ///   - values: the data; values that cannot be drawn are ignored.
  ///   - count: the approximate number of ticks that fit, at least 2.
  ///   - isWidened: whether the range is widened to the outer ticks.
  init(_ axis: Axis, values: [Double], count: Int, isWidened: Bool = true) {
    scale = axis.scale
    switch axis.scale {
    case .categories(let names):
      (low, high) = (-0.5, max(0.5, Double(names.count) - 0.5))
      ticks = names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
    case .linear:
      var (low, high) = Self.range(axis.domain, values.filter(\.isFinite), orElse: 0...1)
      let step = Ticks.step(from: low, to: high, count: count, isInteger: axis.isInteger)
      if isWidened, axis.domain == nil { (low, high) = Self.widened(low, high, step: step) }
      (self.low, self.high) = (low, high)
      ticks = Ticks.linear(from: low, to: high, step: step)
    case .logarithmic:
      let logarithms = values.filter { $0.isFinite && $0 > 0 }.map { log10($0) }
      let domain = axis.domain.map { log10($0.lowerBound)...log10($0.upperBound) }
      var (low, high) = Self.range(domain, logarithms, orElse: -1...0)
      if isWidened, domain == nil, high - low > 0.8 {
        (low, high) = Self.widened(low, high, step: 1, isLogarithmic: true)
      }
      (self.low, self.high) = (low, high)
      ticks = Ticks.logarithmic(from: low, to: high, count: count)
    }
  }

  private static func range(
    _ domain: ClosedRange<Double>?, _ values: [Double], orElse fallback: ClosedRange<Double>
  ) -> (Double, Double) {
    if let domain { return separated(domain.lowerBound, domain.upperBound) }
    guard let low = values.min(), let high = values.max() else {
      return (fallback.lowerBound, fallback.upperBound)
    }
    return separated(low, high)
  }

  /// A range with a margin around the data: up to the next tick if it is near, otherwise 3%.
  /// The margin does not cross 0, and a range that begins near 0 begins at 0.
  private static func widened(
    _ low: Double, _ high: Double, step: Double, isLogarithmic: Bool = false
  ) -> (low: Double, high: Double) {
    let (below, above) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step)
    let (near, margin) = (0.3 * step, 0.03 * high - 0.03 * low)
    // The largest numbers cannot have a margin.
    func finite(_ end: Double, _ fallback: Double) -> Double { end.isFinite ? end : fallback }
    var lower = finite(low - below <= near ? below : low - margin, low)
    var upper = finite(above - high <= near ? above : high + margin, high)
    if !isLogarithmic {
      if low >= 0 { lower = low < 0.4 * high ? 0 : max(0, lower) }
      if high <= 0 { upper = high > 0.4 * low ? 0 : min(0, upper) }
    }
    return (lower, upper)
  }

  /// The two ends, moved apart if they are equal, or too near each other for ticks.
  private static func separated(_ low: Double, _ high: Double) -> (Double, Double) {
    let size = max(abs(low), abs(high))
    guard high == low || high / 2 - low / 2 <= 1e-12 * size else { return (low, high) }
    if size < 1e-300 { return (-1, 1) }
    let most = Double.greatestFiniteMagnitude
    return (max(low - 0.25 * size, -most), min(high + 0.25 * size, most))
  }

  /// The position of a value, 0 at the low end and 1 at the high end; nil if the axis
  /// cannot show it.
  func position(of value: Double) -> Double? {
    guard value.isFinite else { return nil }
    var value = value
    if case .logarithmic = scale {
      guard value > 0 else { return nil }
      value = log10(value)
    }
    // Halves are used because the distance of two numbers may exceed the largest float64.
    return (value / 2 - low / 2) / (high / 2 - low / 2)
  }
}
