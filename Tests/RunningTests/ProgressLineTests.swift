import TestSupport
import Testing

@testable import Running

/// The line that shows a training's progress on a terminal.
@Suite struct ProgressLineTests {
  private let line = ProgressLine(
    epoch: 20, epochs: 40,
    metrics: [
      ("train_loss", 0.041234567), ("validation_loss", 0.0523), ("train_accuracy", 0.98),
      ("validation_accuracy", 0.97),
    ], seconds: 30, losses: [8, 4, 2, 1, 0.5, 0.25])

  @Test func aWideTerminalShowsEverything() {
    #expect(
      line.text(width: 200)
        == "████████░░░░░░░░  epoch 20/40  train_loss 0.04123  validation_loss 0.0523  "
        + "train_accuracy 0.98  █▄▂▁▁▁  30 s left")
  }

  @Test func aNarrowTerminalShowsWhatMattersMost() {
    #expect(line.text(width: 60) == "████████░░░░░░░░  epoch 20/40  train_loss 0.04123  30 s left")
    #expect(line.text(width: 40) == "epoch 20/40  train_loss 0.04123  █▄▂▁▁▁")
    #expect(line.text(width: 20) == "epoch 20/40  █▄▂▁▁▁")
    #expect(line.text(width: 5) == "epoch")
  }

  @Test func noLineIsWiderThanTheTerminal() {
    for width in 0...220 { #expect(line.text(width: width).count <= width) }
  }

  @Test func lossesThatAreNotNumbersAreLeftOutOfTheChart() {
    let line = ProgressLine(
      epoch: 1, epochs: 2, metrics: [], seconds: 1, losses: [.nan, .infinity, 3, 3])
    #expect(line.text(width: 80) == "████████░░░░░░░░  epoch 1/2  ▁▁  1.0 s left")
  }

  /// The parts with the lowest ranks are kept, in the order of the line, with the longest text
  /// that fits.
  @Test func theMostImportantPartsFit() {
    let parts: [(rank: Int, texts: [String])] = [
      (0, ["3/24 done"]), (3, ["2 running"]), (2, ["best loss 0.1 (rate=0.5)", "best loss 0.1"]),
      (1, ["9 s left"]),
    ]
    func line(_ width: Int) -> String { fitted(parts, width: width, separator: ", ") }
    #expect(line(80) == "3/24 done, 2 running, best loss 0.1 (rate=0.5), 9 s left")
    #expect(line(50) == "3/24 done, best loss 0.1 (rate=0.5), 9 s left")
    #expect(line(45) == "3/24 done, best loss 0.1 (rate=0.5), 9 s left")
    #expect(line(44) == "3/24 done, best loss 0.1, 9 s left")
    #expect(line(33) == "3/24 done, 2 running, 9 s left")
    #expect(line(19) == "3/24 done, 9 s left")
    #expect(line(10) == "3/24 done")
    #expect(line(3) == "3/2")
  }
}
