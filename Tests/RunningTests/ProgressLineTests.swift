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
}
