/// A chart as a value: what to draw, without a size, a theme or a medium.
///
/// `SVGChart` and `BrailleChart` draw it. The same value gives the same bytes.
public struct Chart: Sendable, Equatable {
  /// The content of a chart, by kind.
  public enum Content: Sendable, Equatable {
    /// Lines, points and bars over two axes.
    case plot(Plot)
    /// A matrix of colored cells.
    case heatMap(HeatMap)
    /// One line per item across parallel axes.
    case parallel(ParallelCoordinates)
  }

  public var title: String
  public var content: Content

  public init(_ title: String, _ content: Content) {
    (self.title, self.content) = (title, content)
  }
}

/// Series over a horizontal and a vertical axis, with reference lines.
public struct Plot: Sendable, Equatable {
  public var x: Axis
  public var y: Axis
  /// Drawn in order, the last on top.
  public var series: [Series]
  public var rules: [Rule]

  public init(x: Axis, y: Axis, series: [Series], rules: [Rule] = []) {
    (self.x, self.y, self.series, self.rules) = (x, y, series, rules)
  }
}

/// A sequence of points with one name in the legend.
public struct Series: Sendable, Equatable {
  /// The form in which a series is drawn.
  public enum Mark: Sendable, Equatable {
    /// A line through the points; a missing or non-finite value interrupts it.
    case line
    case points
    /// One bar per point, from 0; `y` must be linear.
    case bars
  }

  /// The dashes of a line.
  public enum Dash: Sendable, Equatable { case solid, dashed, dotted }

  /// One point; `y` is nil if nothing was measured.
  public struct Point: Sendable, Equatable {
    public var x: Double
    public var y: Double?
    /// The ends of an interval around `y`, drawn as a band around a line and as a bar
    /// through a point.
    public var interval: ClosedRange<Double>?

    public init(_ x: Double, _ y: Double?, interval: ClosedRange<Double>? = nil) {
      (self.x, self.y, self.interval) = (x, y, interval)
    }
  }

  /// The name in the legend; a series without a name is not listed.
  public var name: String
  public var mark: Mark
  /// An index into the palette, taken modulo its size; nil draws in gray.
  public var color: Int?
  public var dash: Dash
  public var points: [Point]

  public init(
    _ name: String, _ mark: Mark = .line, color: Int?, dash: Dash = .solid, _ points: [Point]
  ) {
    (self.name, self.mark, self.color) = (name, mark, color)
    (self.dash, self.points) = (dash, points)
  }
}

/// A straight reference line across the plot, such as an expectation or the delivered epoch.
public struct Rule: Sendable, Equatable {
  public enum Direction: Sendable, Equatable { case vertical, horizontal }

  public var direction: Direction
  public var value: Double
  public var label: String

  public init(_ direction: Direction, at value: Double, label: String) {
    (self.direction, self.value, self.label) = (direction, value, label)
  }
}

/// A matrix of values drawn as colored cells, such as a confusion matrix or an image.
public struct HeatMap: Sendable, Equatable {
  public enum Colors: Sendable, Equatable {
    /// Light to dark (dark to light on a dark background), from the lowest value to the highest.
    case sequential
    /// Black to white, the same in both themes: for images.
    case gray
  }

  public var xLabel: String
  public var yLabel: String
  /// The names of the columns and rows; empty if they have none.
  public var columns: [String]
  public var rows: [String]
  /// Row by row; nil leaves a cell empty. Every row has as many values as the first.
  public var values: [[Double?]]
  public var colors: Colors
  /// Whether a cell's value is written into it if there is room.
  public var showsValues: Bool
  /// The values of the two ends of the color scale; nil takes the lowest and the highest.
  public var domain: ClosedRange<Double>?

  public init(
    xLabel: String = "", yLabel: String = "", columns: [String] = [], rows: [String] = [],
    values: [[Double?]], colors: Colors = .sequential, showsValues: Bool = false,
    domain: ClosedRange<Double>? = nil
  ) {
    (self.xLabel, self.yLabel) = (xLabel, yLabel)
    (self.columns, self.rows, self.values) = (columns, rows, values)
    (self.colors, self.showsValues, self.domain) = (colors, showsValues, domain)
  }
}

/// Items with several quantities each, drawn as lines across one axis per quantity. The
/// last axis gives a line its color.
public struct ParallelCoordinates: Sendable, Equatable {
  public var axes: [Axis]
  /// One value per axis; nil interrupts the line. For a category axis, the position of the
  /// category.
  public var lines: [[Double?]]
  /// Whether the items with the highest value on the last axis are drawn on top.
  public var isHigherOnTop: Bool

  public init(axes: [Axis], lines: [[Double?]], isHigherOnTop: Bool) {
    (self.axes, self.lines, self.isHigherOnTop) = (axes, lines, isHigherOnTop)
  }
}
