import GradientCheck

/// A comparison of analytic derivatives with numeric ones.
struct Comparison {
  private(set) var count = 0
  private(set) var kinks: [Int] = []
  private(set) var differing: [Int] = []
  private(set) var unknown: [Int] = []
  private(set) var largestDifference = 0.0
  private(set) var largestBound = 0.0

  init(_ analytic: [Double], _ numeric: [NumericDerivative], of entries: Range<Int>) {
    for (index, n) in zip(entries, numeric) {
      count += 1
      switch Agreement(analytic[index], n) {
      case .agrees:
        largestDifference = max(largestDifference, abs(analytic[index] - n.value))
        largestBound = max(largestBound, n.bound)
      case .kink: kinks.append(index)
      case .differs:
        differing.append(index)
        largestDifference = max(largestDifference, abs(analytic[index] - n.value))
        largestBound = max(largestBound, n.bound)
      case .unknown: unknown.append(index)
      }
    }
  }

  /// The result in words: `they differ by 2.1e-13 at most, within the bound 4e-11`.
  var note: String {
    var parts: [String] = []
    if differing.isEmpty {
      if count > kinks.count + unknown.count {
        parts.append("off by \(NumberText.rough(largestDifference)) at most")
      }
    } else {
      parts.append(
        "OFF BY \(NumberText.rough(largestDifference)), more than the error bound: "
          + Comparison.entries(differing))
    }
    if !kinks.isEmpty { parts.append("at a kink: " + Comparison.entries(kinks)) }
    if !unknown.isEmpty { parts.append("not finite: " + Comparison.entries(unknown)) }
    return parts.joined(separator: "; ")
  }

  private static func entries(_ indices: [Int]) -> String {
    let shown = indices.prefix(4).map(String.init).joined(separator: ", ")
    let more = indices.count > 4 ? ", …" : ""
    return (indices.count == 1 ? "entry " : "entries ") + shown + more
  }
}

/// The totals of all comparisons in an explanation.
struct Tally {
  private var count = 0
  private var kinks = 0
  private var differing = 0
  private var unknown = 0
  private var largestDifference = 0.0

  mutating func add(_ comparison: Comparison) {
    count += comparison.count
    kinks += comparison.kinks.count
    differing += comparison.differing.count
    unknown += comparison.unknown.count
    largestDifference = max(largestDifference, comparison.largestDifference)
  }

  var sentence: String {
    let agreeing = count - kinks - differing - unknown
    var text =
      "Of the \(count) derivatives shown, \(agreeing) agree with the numeric ones within the "
      + "error bound"
    if kinks > 0 { text += ", \(Tally.are(kinks)) at a kink, between the one-sided slopes" }
    if unknown > 0 { text += ", \(Tally.are(unknown)) not finite" }
    if differing > 0 {
      text +=
        ", \(differing) DO NOT, because of an error or of kinks of several layers; nnexp gradcheck "
        + "decides which"
    }
    return text + ". The largest difference is \(NumberText.rough(largestDifference))."
  }

  private static func are(_ count: Int) -> String { "\(count) \(count == 1 ? "is" : "are")" }
}
