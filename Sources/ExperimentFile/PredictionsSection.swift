import NNExp

/// The key `predictions:` of an experiment: the splits whose predictions are written.
struct PredictionsSection {
  let splits: [String]
  let location: SourceLocation?

  /// Reads the list. Unknown and repeated splits are errors.
  init(from options: inout Options) {
    let known = ["train", "validation", "test"]
    splits = options.strings(
      "predictions", default: [], "splits to write to predictions.csv: train, validation, test")
    options.document("predictions", .either([.words(known), .list(.words(known))]))
    location = options.location(of: "predictions")
    for (index, name) in splits.enumerated() {
      if !known.contains(name) {
        options.reject(
          "predictions", "unknown split '\(name)'\(suggestion(for: name, among: known))",
          notes: [.init("splits are: " + known.joined(separator: ", "))])
      } else if splits[..<index].contains(name) {
        options.reject("predictions", "the split '\(name)' is named twice")
      }
    }
  }
}
