import Engine
import Glibc
import NNExp
import Running

/// Shows how far a training has come: a bar on a terminal, plain lines
/// otherwise, nothing when quiet.
final class Progress: RunListener {
  private let isTerminal: Bool
  private let isQuiet: Bool
  private let started = monotonicSeconds()
  private var shown = 0.0
  private var barIsShown = false

  init(quiet: Bool) {
    isQuiet = quiet
    isTerminal = isatty(1) == 1
  }

  /// Shows the state, at most ten times a second on a terminal and once in ten
  /// seconds in a log.
  func update(epoch: Int, of epochs: Int, figures: [(String, Double)]) {
    if isQuiet { return }
    let now = monotonicSeconds() - started
    guard now - shown >= (isTerminal ? 0.1 : 10) else { return }
    shown = now
    let figures = figures.map { "\($0.0) \(brief($0.1))" }.joined(separator: "  ")
    if isTerminal {
      let width = 24
      let done = epochs == 0 ? width : epoch * width / epochs
      let bar = String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
      let left =
        epoch == 0
        ? "" : "  \(durationText(now / Double(epoch) * Double(epochs - epoch))) left"
      writeAll("\r\u{1B}[K\(bar) epoch \(epoch)/\(epochs)  \(figures)\(left)", to: 1)
      barIsShown = true
    } else {
      nnexp.say("epoch \(epoch)/\(epochs)  \(figures)")
    }
  }

  /// Says something on lines of its own.
  func say(_ text: @autoclosure () -> String) {
    if isQuiet { return }
    clear()
    nnexp.say(text())
  }

  var interruption: Int32? { signalReceived }

  func complain(_ text: String) {
    clear()
    writeError(text)
  }

  /// Takes the bar away.
  private func clear() {
    if barIsShown { writeAll("\r\u{1B}[K", to: 1) }
    barIsShown = false
  }
}
