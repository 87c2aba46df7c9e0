import Files
import Platform

/// Composes the text of an SVG image. Coordinates are in pixels, rounded to a tenth.
struct SVGText {
  private(set) var text = ""

  mutating func append(raw part: String) { text += part }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String, extra: String = ""
  ) {
    text +=
      "<line class=\"\(style)\" x1=\"\(tenths(x1))\" y1=\"\(tenths(y1))\" x2=\"\(tenths(x2))\" "
      + "y2=\"\(tenths(y2))\"\(extra)/>"
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String,
    title: String? = nil, extra: String = ""
  ) {
    text +=
      "<rect class=\"\(style)\" x=\"\(tenths(x))\" y=\"\(tenths(y))\" width=\"\(tenths(width))\" "
      + "height=\"\(tenths(height))\"\(extra)"
    close("rect", title)
  }

  mutating func circle(
    _ x: Double, _ y: Double, radius: Double, style: String, title: String? = nil,
    extra: String = ""
  ) {
    text +=
      "<circle class=\"\(style)\" cx=\"\(tenths(x))\" cy=\"\(tenths(y))\" "
      + "r=\"\(tenths(radius))\"\(extra)"
    close("circle", title)
  }

  /// - Parameter anchor: `start`, `middle` or `end`: the part of the text at `x`.
  mutating func label(
    _ label: String, _ x: Double, _ y: Double, style: String = "m", anchor: String = "start",
    extra: String = ""
  ) {
    let anchor = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    text +=
      "<text class=\"\(style)\" x=\"\(tenths(x))\" y=\"\(tenths(y))\"\(anchor)\(extra)>"
      + Escaping.xml(label) + "</text>"
  }

  mutating func path(_ data: String, style: String, extra: String = "") {
    text += "<path class=\"\(style)\" d=\"\(data)\"\(extra)/>"
  }

  private mutating func close(_ element: String, _ title: String?) {
    if let title {
      text += "><title>" + Escaping.xml(title) + "</title></\(element)>"
    } else {
      text += "/>"
    }
  }
}

/// A coordinate with at most one decimal: `12`, `-0.5`. Coordinates far outside an image
/// become ±10⁶, and NaN becomes 0.
func tenths(_ value: Double) -> String {
  let tenths = value.isNaN ? 0 : Int((min(max(value, -1e6), 1e6) * 10).rounded())
  let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
  return (tenths < 0 ? "-" : "") + String(whole) + (rest == 0 ? "" : ".\(rest)")
}

/// The width of a text in a sans-serif font, in pixels, estimated from the widths of
/// Helvetica. For Latin text it is at most a tenth too small.
func textWidth(_ text: String, size: Double) -> Double {
  var width = 0.0
  for scalar in text.unicodeScalars {
    switch scalar {
    case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!", " ", "t", "f", "r", "(", ")", "/",
      "[", "]":
      width += 0.3
    case "m", "w", "M", "W", "%", "@": width += 0.86
    case "A"..."Z": width += 0.69
    case "a"..."z", "0"..."9", "−", "-", "_", "+", "=": width += 0.6
    default: width += scalar.value < 0x2E80 ? 0.62 : 1
    }
  }
  return width * size
}

/// A text that is cut to a width; an ellipsis then replaces its end.
func fitted(_ text: String, width: Double, size: Double) -> String {
  if textWidth(text, size: size) <= width { return text }
  var kept = text
  while !kept.isEmpty, textWidth(kept + "…", size: size) > width { kept.removeLast() }
  return kept + "…"
}
