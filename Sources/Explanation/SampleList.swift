import Engine
import NNExp

/// The training samples of an explanation, and how their losses become one loss.
///
///     one sample:                L = ℓ
///     several, mean or sum:      L = (1/n) Σ Lₖ or Σ Lₖ, and δ is of Lₖ
///     several, half_mean:        L = 1/(2n) Σ ℓₖ, and δ is of L
struct SampleList {
  /// The indices in the training data.
  let indices: [Int]

  /// The number of samples that each sample's losses are reduced over.
  let batch: Int

  /// The factor of a sample's loss in L.
  let factor: Double

  /// The maximum number of samples that are written.
  static let most = 64

  /// Throws a `Diagnostic` if there is no such sample.
  ///
  /// - Parameter indices: the samples; nil for all.
  init(_ indices: [Int]?, of count: Int, heads: [Head]) throws {
    if indices == nil, count > SampleList.most {
      throw Diagnostic(
        "the training data have \(count) samples, and at most \(SampleList.most) are written",
        notes: [.init("name some of them, as in --sample 0,1,2")])
    }
    let indices = indices ?? Array(0..<count)
    for index in indices where index < 0 || index >= count {
      throw Diagnostic(
        "there is no training sample \(index); the training data are "
          + (count == 1 ? "the sample 0 alone" : "the samples 0 to \(count - 1)"))
    }
    if let index = indices.indices.first(where: { indices[..<$0].contains(indices[$0]) }) {
      throw Diagnostic("the training sample \(indices[index]) is named twice")
    }
    guard indices.count <= SampleList.most else {
      throw Diagnostic(
        "\(indices.count) samples are named, and at most \(SampleList.most) are written")
    }
    self.indices = indices
    let n = indices.count
    let isMean = heads.allSatisfy { $0.reduction == .mean }
    let isSum = heads.allSatisfy { $0.reduction == .sum }
    batch = n == 1 || isMean || isSum ? 1 : n
    factor = n > 1 && isMean ? 1 / Double(n) : 1
  }

  var areSeveral: Bool { indices.count > 1 }

  /// True if the losses of the samples already contain the factor of the batch.
  var areScaled: Bool { batch > 1 }

  /// `sample 3`, `samples 0, 1 and 2`, `64 samples`.
  var words: String {
    guard areSeveral else { return "training sample \(indices[0])" }
    guard indices.count <= 8 else { return "\(indices.count) training samples" }
    return "training samples " + indices.dropLast().map { "\($0)" }.joined(separator: ", ")
      + " and \(indices[indices.count - 1])"
  }
}
