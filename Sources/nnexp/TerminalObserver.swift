import Engine
import Glibc
import NNExp
import Running

/// Shows a run's progress and messages: a bar on a terminal, plain lines otherwise, only
/// warnings if quiet.
final class TerminalObserver: RunObserver {
  private let isTerminal: Bool
  private let isQuiet: Bool
  private let started = monotonicSeconds()
  private var shown = 0.0
  private var barIsShown = false

  init(quiet: Bool) {
    isQuiet = quiet
    isTerminal = isatty(1) == 1
  }

  /// Shows the progress, at most ten times a second on a terminal and once in ten
  /// seconds in a log.
  func heartbeat(_ progress: TrainingProgress) {
    if isQuiet { return }
    let now = monotonicSeconds() - started
    guard now - shown >= (isTerminal ? 0.1 : 10) else { return }
    shown = now
    let (epoch, epochs) = (progress.epoch, progress.epochs)
    let figures = (progress.newestRow?.measurements.prefix(3) ?? [])
      .map { "\($0.column.name) \(brief($0.value))" }.joined(separator: "  ")
    if isTerminal {
      let width = 24
      let done = epochs == 0 ? width : epoch * width / epochs
      let bar = String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
      let left =
        epoch == 0
        ? "" : "  \(durationText(now / Double(epoch) * Double(epochs - epoch))) left"
      redraw("\(bar) epoch \(epoch)/\(epochs)  \(figures)\(left)")
      barIsShown = true
    } else {
      printStatus("epoch \(epoch)/\(epochs)  \(figures)")
    }
  }

  func report(_ text: @autoclosure () -> String) {
    if isQuiet { return }
    clear()
    printStatus(text())
  }

  func announce(_ diagnostic: Diagnostic) {
    if isQuiet { return }
    clear()
    writeError("\(diagnostic)")
  }

  func warn(_ text: String) {
    clear()
    writeError(text)
  }

  /// Takes the bar away.
  private func clear() {
    if barIsShown { redraw("") }
    barIsShown = false
  }
}
