import GradientCheck
import NNExp

/// The cause of all wrong entries of a gradient, as a sentence for the author of the backward
/// pass; nil if no known cause agrees with all of them.
struct GradientDiagnosis {
  /// The tensor, its values, its analytic gradient, and its numeric gradient.
  let tensor: SubjectTensor
  let values: [Double]
  let analytic: [Double]
  let numeric: [NumericDerivative]

  /// The number of samples in the batch.
  let samples: Int

  /// The numeric gradient of a parameter with the cotangents of a single sample.
  let ofSample: (Int) -> [Double]

  /// The ratio of the analytic to the numeric gradient for another number of samples, if it
  /// is constant; nil otherwise.
  let elsewhere: () -> (ratio: Double, samples: Int)?

  var sentence: String? {
    guard analytic.allSatisfy(\.isFinite), numeric.allSatisfy({ $0.value.isFinite }),
      !isWrong.allSatisfy({ !$0 })
    else { return nil }
    if analytic.allSatisfy({ $0 == 0 }) {
      return "it is 0 everywhere: backward never adds to it"
    }
    return ratio ?? signs ?? transposition ?? sampleSums ?? region ?? sampleRange ?? valueRange
  }

  private func agrees(_ a: Double, _ n: NumericDerivative, times ratio: Double = 1) -> Bool {
    abs(a - ratio * n.value) <= 1e-6 * abs(a) + abs(ratio) * n.bound
  }

  private var isWrong: [Bool] { zip(analytic, numeric).map { !agrees($0, $1) } }

  /// The positions whose derivative is much larger than its bound.
  private var clear: [Int] {
    numeric.indices.filter { abs(numeric[$0].value) > 1e4 * numeric[$0].bound }
  }

  // MARK: All entries

  private var ratio: String? {
    guard let top = clear.max(by: { abs(numeric[$0].value) < abs(numeric[$1].value) }),
      clear.count > 1 || numeric.count == 1
    else { return nil }
    let ratio = analytic[top] / numeric[top].value
    guard ratio != 0, zip(analytic, numeric).allSatisfy({ agrees($0, $1, times: ratio) }),
      let other = elsewhere()
    else { return nil }
    func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * abs(b) }
    if isNear(ratio, Double(samples)), isNear(other.ratio, Double(other.samples)) {
      return "every entry is \(samples) times what it should be: 1/n is missing for "
        + "\(samples) samples"
    }
    if isNear(ratio, 1 / Double(samples)), isNear(other.ratio, 1 / Double(other.samples)) {
      return "every entry is 1/\(samples) of what it should be: divided by n = \(samples) "
        + "samples once too often"
    }
    guard isNear(ratio, other.ratio) else { return nil }
    if isNear(ratio, -1) { return "every entry has the opposite sign" }
    // The ratio must be exact to four digits: 1.00002 is not reported as 1.
    let rounded = (ratio * 1e4).rounded() / 1e4
    guard isNear(ratio, rounded), rounded != 1 else { return nil }
    return "every entry is \(shortest(rounded)) times what it should be"
  }

  private var signs: String? {
    guard
      zip(analytic, numeric).allSatisfy({ agrees(abs($0), $1, times: $1.value < 0 ? -1 : 1) })
    else { return nil }
    let wrong = clear.count { analytic[$0] * numeric[$0].value < 0 }
    guard wrong > 0, clear.count > 1 else { return nil }
    return "every size is right but \(wrong) of \(clear.count) signs are wrong: "
      + "a sign(x) or a minus is lost"
  }

  private var transposition: String? {
    let shape = tensor.shape
    guard shape.rank >= 2, tensor.samples == 1 else { return nil }
    let (rows, columns) = (shape[0], shape.count / max(1, shape[0]))
    guard rows > 1, columns > 1 else { return nil }
    let isTransposed = numeric.indices.allSatisfy { i in
      // The value of [r, c] is stored at c·rows + r if the author reads the tensor as
      // [columns, rows].
      agrees(analytic[i % columns * rows + i / columns], numeric[i])
    }
    return isTransposed ? "it is right but transposed" : nil
  }

  // MARK: Sums over samples

  /// The gradient of a parameter is the sum over some samples only.
  private var sampleSums: String? {
    guard tensor.kind == .parameter, samples > 1 else { return nil }
    let parts = (0..<samples).map(ofSample)
    // Samples with equal parts could not be distinguished.
    guard parts.allSatisfy({ $0.count == analytic.count }), Set(parts).count == samples else {
      return nil
    }
    func isSum(of range: Range<Int>) -> Bool {
      analytic.indices.allSatisfy { i in
        let sum = range.reduce(0) { $0 + parts[$1][i] }
        let size = range.reduce(0) { $0 + abs(parts[$1][i]) }
        return abs(analytic[i] - sum) <= 1e-6 * size + Double.leastNormalMagnitude
      }
    }
    if isSum(of: samples - 1..<samples) {
      return
        "it is the gradient of the last sample only: backward must add up all samples (+=, not =)"
    }
    if isSum(of: 0..<1) {
      return "it is the gradient of the first sample only: backward must add up all samples"
    }
    for k in (1..<samples).reversed() where isSum(of: 0..<k) {
      return "it is the sum over the first \(k) of \(samples) samples"
    }
    return nil
  }

  // MARK: Some entries

  private var wrong: [Int] { isWrong.indices.filter { isWrong[$0] } }
  private var right: [Int] { clear.filter { !isWrong[$0] } }

  /// All wrong entries are at the end of an axis.
  private var region: String? {
    let (wrong, right) = (wrong, right)
    let shape = tensor.shape
    guard shape.rank >= 1, shape.count > 1, !right.isEmpty else { return nil }
    let rows = shape[0]
    let length = shape.count / max(1, rows)
    func row(_ i: Int) -> Int { i / max(1, length) % rows }
    if rows > 1, let first = wrong.map(row).min(), right.allSatisfy({ row($0) < first }) {
      return first == rows - 1
        ? "only the last row, \(first), is wrong: does a loop end too early?"
        : "only the last rows, from \(first) of \(rows) on, are wrong: does a loop end too early?"
    }
    let columns = shape[shape.rank - 1]
    func isLast(_ i: Int) -> Bool { i % columns == columns - 1 }
    if shape.rank > 1, columns > 1, wrong.allSatisfy(isLast), !right.contains(where: isLast) {
      return "only the last column is wrong: does a loop end too early?"
    }
    return nil
  }

  /// The gradient is right up to some sample and wrong for all later ones, or conversely.
  private var sampleRange: String? {
    guard tensor.kind == .input, samples > 1 else { return nil }
    func sample(_ i: Int) -> Int { i / max(1, tensor.shape.count) }
    guard let first = wrong.map(sample).min(), let last = right.map(sample).max() else {
      return nil
    }
    if last < first { return "it is wrong from sample \(first) of the batch on" }
    guard let lastWrong = wrong.map(sample).max(), let firstRight = right.map(sample).min(),
      lastWrong < firstRight
    else { return nil }
    return "it is wrong up to sample \(lastWrong) of the batch"
  }

  /// The wrong entries are those whose value is 0, exceeds a certain size, or has a certain
  /// sign.
  private var valueRange: String? {
    let (wrong, right) = (wrong, right)
    guard right.count >= 4 else { return nil }
    func value(_ i: Int) -> Double { values[i] }
    let name = tensor.name
    if wrong.allSatisfy({ value($0) == 0 }), right.allSatisfy({ value($0) != 0 }) {
      return "it is wrong only where \(name) is exactly 0"
    }
    let sizes = (wrong.map { abs(value($0)) }, right.map { abs(value($0)) })
    if let least = sizes.0.min(), let most = sizes.1.max(), least > most, wrong.count > 1 {
      return "it is wrong where |\(name)| ≥ \(shortest(least)), right up to \(shortest(most))"
    }
    if wrong.count > 3, wrong.allSatisfy({ value($0) < 0 }), right.allSatisfy({ value($0) >= 0 }) {
      return "it is wrong only where \(name) is negative"
    }
    if wrong.count > 3, wrong.allSatisfy({ value($0) > 0 }), right.allSatisfy({ value($0) <= 0 }) {
      return "it is wrong only where \(name) is positive"
    }
    return nil
  }
}
