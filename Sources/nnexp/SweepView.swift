import Glibc
import Running
import Sweeps

/// Shows the progress of a sweep: a bar on a terminal, a line every ten seconds in a log,
/// nothing if quiet.
final class SweepView: SweepListener {
  private let isTerminal = isatty(1) == 1
  private let isQuiet: Bool
  private let started = monotonicSeconds()
  private var shown = 0.0
  private var barIsShown = false
  /// The time when a part of the work was last finished, and the remaining time at that moment.
  private var share = 0.0
  private var estimate: (at: Double, left: Double)?

  init(quiet: Bool) { isQuiet = quiet }

  func update(_ progress: SweepProgress) {
    if isQuiet { return }
    let now = monotonicSeconds() - started
    if progress.share > share {
      share = progress.share
      estimate = (now, now / share * (1 - share))
    }
    guard now - shown >= (isTerminal ? 0.1 : 10) else { return }
    shown = now
    let text = text(of: progress, now)
    if isTerminal {
      let width = 24
      let done = Int(share * Double(width))
      let bar = String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
      redraw(String((bar + " " + text).prefix(Terminal.width - 1)))
      barIsShown = true
    } else {
      printStatus(text)
    }
  }

  private func text(of progress: SweepProgress, _ now: Double) -> String {
    var parts = ["\(progress.done)/\(progress.total) done", "\(progress.running) running"]
    if progress.stopped > 0 { parts.append("\(progress.stopped) stopped") }
    parts.append("\(progress.failed) failed")
    if let best = progress.best {
      let settings = progress.bestSettings.isEmpty ? "" : " (\(progress.bestSettings))"
      parts.append("best \(progress.monitor.name) \(brief(best))\(settings)")
    }
    if let estimate {
      // The remaining time decreases between the ends of two trials.
      let left = max(1, (estimate.left - (now - estimate.at)).rounded(.up))
      parts.append((left < 10 ? "\(Int(left)) s" : durationText(left)) + " left")
    }
    return parts.joined(separator: ", ")
  }

  /// Announces the work before the first trial, on a terminal.
  func showPlanning(of trials: Int) {
    if isQuiet || !isTerminal { return }
    redraw(String("checking \(trials) trials".prefix(Terminal.width - 1)))
    barIsShown = true
  }

  /// Removes the bar.
  func clear() {
    if barIsShown { redraw("") }
    barIsShown = false
  }
}
