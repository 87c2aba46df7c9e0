/// The colors of a chart. Readers with any kind of color vision can distinguish the series;
/// text has a contrast of at least 4.5 to 1.
///
/// - Source: the hues of Okabe and Ito 2008, "Color universal design", with the lightness
///   that each background needs
public struct Theme: Sendable, Equatable {
  let background: String
  let text: String
  let secondary: String
  let grid: String
  let axis: String
  /// The colors of series 0, 1, 2, …
  let series: [String]
  /// The ends and the middle of the sequential scale, from low to high.
  let ramp: [(Double, Double, Double)]

  public static func == (a: Theme, b: Theme) -> Bool { a.background == b.background }

  public static let light = Theme(
    background: "#ffffff", text: "#1b1f24", secondary: "#57606a", grid: "#e7eaee",
    axis: "#8c959f",
    series: [
      "#0072b2", "#d55e00", "#008f68", "#b3568f", "#b07d00", "#3d9bd1", "#6e5bb8", "#57606a",
    ],
    ramp: [(239, 246, 252), (107, 174, 214), (8, 48, 107)])

  public static let dark = Theme(
    background: "#14171a", text: "#e6e9ed", secondary: "#a3abb5", grid: "#2a3037",
    axis: "#6b7480",
    series: [
      "#4fa9e2", "#ff8d4d", "#3ac79b", "#e296c4", "#f0b94f", "#9bd6f7", "#b3a4f0", "#a3abb5",
    ],
    ramp: [(27, 35, 46), (49, 120, 178), (214, 236, 252)])

  /// The steps of the sequential scale that a style sheet holds.
  static let rampSteps = 24

  /// The color of a step of the sequential scale, as `#rrggbb`.
  func rampColor(_ step: Int) -> String {
    let t = 2 * Double(step) / Double(Self.rampSteps - 1)
    let (a, b, u) = t < 1 ? (ramp[0], ramp[1], t) : (ramp[1], ramp[2], t - 1)
    return hexadecimal(a.0 + (b.0 - a.0) * u, a.1 + (b.1 - a.1) * u, a.2 + (b.2 - a.2) * u)
  }

  /// The style sheet of a chart, with a class name for each color.
  ///
  /// `s3` draws a line in the color of series 3, `f3` fills with it; `q7` and `l7` fill and
  /// draw with step 7 of the sequential scale; `h` is text over lines.
  var styleSheet: String {
    var rules = [
      ".bg{fill:\(background)}", ".t{fill:\(text)}", ".m{fill:\(secondary)}",
      ".g{stroke:\(grid)}", ".a{stroke:\(axis)}", ".sx{stroke:\(secondary)}",
      ".fx{fill:\(secondary)}",
      ".h{fill:\(secondary);stroke:\(background)}",
    ]
    for (index, color) in series.enumerated() {
      rules.append(".s\(index){stroke:\(color)}.f\(index){fill:\(color)}")
    }
    for step in 0..<Self.rampSteps {
      rules.append(".q\(step){fill:\(rampColor(step))}.l\(step){stroke:\(rampColor(step))}")
    }
    return rules.joined()
  }
}

private func hexadecimal(_ channels: Double...) -> String {
  "#"
    + channels.map { channel in
      let digits = String(Int(channel.rounded()), radix: 16)
      return digits.utf8.count < 2 ? "0" + digits : digits
    }.joined()
}
