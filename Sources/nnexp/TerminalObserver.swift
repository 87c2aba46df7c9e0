import Engine
import Platform
import NNExp
import Running

/// Shows a run's progress and messages: one line that is redrawn on a terminal, lines at
/// every tenth of the epochs otherwise, only warnings if quiet.
final class TerminalObserver: RunObserver {
  private let isTerminal = Terminal.isPresent
  private let isQuiet: Bool
  private let epochs: Int
  private let started = monotonicSeconds()
  private var shown = 0.0
  private var tenths = 0
  private var lineIsShown = false
  /// The recorded training losses, for the chart.
  private var losses: [Double] = []

  /// - Parameter epochs: the number of epochs of the whole training.
  init(quiet: Bool, epochs: Int) {
    isQuiet = quiet
    self.epochs = epochs
  }

  func rowRecorded(_ row: MetricRow) {
    if isQuiet { return }
    if isTerminal {
      if let loss = row.measurements.first { losses.append(loss.value) }
    } else {
      printTenth(epoch: row.epoch, row)
    }
  }

  func tenthEnded(_ progress: TrainingProgress) {
    if !isQuiet, !isTerminal { printTenth(epoch: progress.epoch, progress.newestRow) }
  }

  /// Writes a line if a tenth of the epochs has ended since the last one.
  private func printTenth(epoch: Int, _ row: MetricRow?) {
    guard epochs > 0, epoch * 10 / epochs > tenths else { return }
    tenths = epoch * 10 / epochs
    printLine(epoch: epoch, row)
  }

  /// Redraws the line on a terminal; elsewhere, writes a line if the last one is a minute
  /// old.
  func heartbeat(_ progress: TrainingProgress) {
    if isQuiet { return }
    let now = monotonicSeconds() - started
    if isTerminal {
      guard now - shown >= 0.1 else { return }
      shown = now
      let line = ProgressLine(progress, seconds: now, losses: losses)
      redraw(line.text(width: Terminal.width - 1))
      lineIsShown = true
    } else if now - shown >= 60 {
      printLine(epoch: progress.epoch, progress.newestRow)
    }
  }

  private func printLine(epoch: Int, _ row: MetricRow?) {
    shown = monotonicSeconds() - started
    let metrics = (row?.measurements.prefix(3) ?? [])
      .map { "  \($0.column.name) \(brief($0.value))" }.joined()
    let age = row.map { $0.epoch < epoch ? "  (of epoch \($0.epoch))" : "" } ?? ""
    printStatus("epoch \(epoch)/\(epochs)\(metrics)\(age)")
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

  /// Removes the line from the terminal.
  private func clear() {
    if lineIsShown { redraw("") }
    lineIsShown = false
  }
}
