import Foundation
import NNExp
import Results
import Running
import TestSupport
import Testing

/// Training on: in a new run that continues another, within limits, and from other weights.
@Suite struct ContinuationTests {
  private let text =
    statefulExperiment.replacing("epochs: 100", with: "epochs: 7")
    .replacing("checkpoint:", with: "checkpoint:") + "gradient_check: {at: [start]}\n"

  private let kept = "+train.checkpoint.keep_state=true"

  /// The files that must be equal, except for those that record the arguments.
  private func differences(_ runs: RunsFolder, _ a: String, _ b: String) -> [String] {
    runs.differences(a, b).filter {
      $0 != "resolved.yaml" && !$0.hasPrefix("checkpoints/state")
    }
  }

  @Test(arguments: [
    ["train.record_every=1"], ["train.record_every=5"], ["train.record_every=100"],
    ["train.record_every=5", "+train.early_stopping.patience=90"],
    ["train.record_every=3", "+train.deliver=last"],
  ])
  func aContinuedRunHasTheBytesOfOneRun(settings: [String]) throws {
    let runs = RunsFolder()
    let settings = settings + [kept]
    try runs.run(text, "whole", overrides: settings + ["train.epochs=13"])
    try runs.run(text, "first", overrides: settings + ["train.epochs=7"])
    try runs.run(
      text, "second", overrides: settings + ["train.epochs=13"], continuing: runs.folder("first"))
    #expect(differences(runs, "whole", "second") == [])
  }

  @Test func stepsCanBeContinuedWithinAnEpoch() throws {
    let runs = RunsFolder()
    try runs.run(text, "whole", overrides: [kept])
    let summary = try Summary(of: RunDirectory.open(runs.folder("whole")))
    let steps = summary.steps / 2
    try #require(steps % (summary.steps / 7) != 0)
    try runs.run(text, "first", overrides: [kept, "+train.max_steps=\(steps)"])
    #expect(try Summary(of: RunDirectory.open(runs.folder("first"))).steps == steps)
    try runs.run(text, "second", overrides: [kept], continuing: runs.folder("first"))
    #expect(differences(runs, "whole", "second") == [])
  }

  @Test func aRunThatKeptNothingCannotBeContinued() throws {
    let runs = RunsFolder()
    try runs.run(text, "first")
    #expect(
      thrown(replacing: runs.path) {
        try runs.run(
          text, "second", overrides: ["train.epochs=13"], continuing: runs.folder("first"))
      } == """
        2 error: cannot continue from '$/first': it did not keep its state
        note: a run keeps it with train: {checkpoint: {keep_state: true}}
        note: to start from its weights instead, write start_from: {run: $/first}
        """)
    try runs.run(text, "third", overrides: [kept])
    #expect(
      thrown(replacing: runs.path) {
        try runs.run(text, "second", overrides: [kept], continuing: runs.folder("third"))
      } == """
        2 error: cannot continue from '$/third': it has trained 7 epochs, and this training ends \
        after 7
        note: give more, such as train.epochs=14
        """)
    #expect(runs.tree("second").isEmpty)
  }
}
