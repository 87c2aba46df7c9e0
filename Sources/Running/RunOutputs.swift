import Engine
import ExperimentFile
import NNExp
import Results

/// The files that a run writes after its training: weights, predictions and confusion
/// matrices.
struct RunOutputs<S: Scalar> {
  let prepared: PreparedExperiment<S>
  let directory: RunDirectory
  /// The names of the files that the final report lists.
  private(set) var files: [String] = []

  private var trainer: Trainer<S> { prepared.trainer }

  init(_ prepared: PreparedExperiment<S>, in directory: RunDirectory) {
    self.prepared = prepared
    self.directory = directory
  }

  /// Writes the last and the best weights. Afterwards the network contains one of the two.
  func saveWeights() throws {
    func checkpoint(_ weights: Trainer<S>.Weights, epoch: Int) -> Checkpoint {
      trainer.restore(weights)
      return Checkpoint(
        info: [
          "experiment": .string(prepared.experiment.name), "epoch": .int(epoch),
          "dtype": .string(S.dtypeName),
        ],
        tensors: trainer.network.learned.map {
          Checkpoint.Stored("\($0.node).\($0.name)", $0.tensor)
        })
    }
    let last = checkpoint(.last, epoch: trainer.last.epoch)
    if trainer.lastIsBest { return try directory.saveLastAndBest(last) }
    try directory.save(last, as: .last)
    try directory.save(checkpoint(.best, epoch: trainer.best?.epoch ?? 0), as: .best)
  }

  /// Writes predictions.csv and, for classes, a confusion matrix and the metrics of each class for
  /// each held-out split, or for the training data if there is none.
  mutating func writePredictions() throws {
    let splits = prepared.experiment.predictions
    if !splits.isEmpty {
      var predictions = try Predictions(prepared, hasTargets: true, hasSplits: true)
      for split in splits {
        guard let samples = prepared.samples(of: split) else { continue }
        try predictions.add(samples, by: trainer.evaluator, split: split)
      }
      try write(predictions.csv, to: "predictions.csv")
    }
    guard let confusion = prepared.confusion else { return }
    let heldOut = ["validation", "test"].filter { prepared.samples(of: $0) != nil }
    for split in heldOut.isEmpty ? ["train"] : heldOut {
      guard let samples = prepared.samples(of: split) else { continue }
      for (index, head) in prepared.heads.enumerated() {
        guard case .classes = head.target else { continue }
        let tally = try confusion.tally(head: index, over: samples)
        let classes = prepared.data.targets[head.targetIndex].classNames
        try write(
          confusionCSV(tally, classes: classes), to: "confusion_\(split)\(head.suffix).csv")
        try write(classesCSV(tally, classes: classes), to: "classes_\(split)\(head.suffix).csv")
      }
    }
  }

  private mutating func write(_ bytes: [UInt8], to file: String) throws {
    try directory.write(bytes, to: file)
    files.append(file)
  }
}
