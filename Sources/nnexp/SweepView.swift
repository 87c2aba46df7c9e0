import Platform
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
    let parts = parts(of: progress, now)
    if isTerminal {
      let width = 24
      let done = Int(share * Double(width))
      let bar = String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
      let room = Terminal.width - 1
      let text = fitted(parts, width: room, separator: ", ")
      redraw(bar.count + 1 + text.count <= room ? bar + " " + text : text)
      barIsShown = true
    } else {
      printStatus(parts.compactMap(\.texts.first).joined(separator: ", "))
    }
  }

  /// The parts of the line, with the ranks by which a narrow terminal shows them.
  private func parts(
    of progress: SweepProgress, _ now: Double
  ) -> [(rank: Int, texts: [String])] {
    var parts: [(rank: Int, texts: [String])] = [
      (0, ["\(progress.done)/\(progress.total) done"]), (3, ["\(progress.running) running"]),
    ]
    if progress.stopped > 0 { parts.append((5, ["\(progress.stopped) stopped"])) }
    parts.append((progress.failed > 0 ? 1 : 4, ["\(progress.failed) failed"]))
    if let best = progress.best {
      let text = "best \(progress.monitor.name) \(brief(best))"
      let settings = progress.bestSettings
      parts.append((2, (settings.isEmpty ? [] : ["\(text) (\(settings))"]) + [text]))
    }
    if let estimate {
      // The remaining time decreases between the ends of two trials.
      let left = max(1, (estimate.left - (now - estimate.at)).rounded(.up))
      parts.append((2, [(left < 10 ? "\(Int(left)) s" : durationText(left)) + " left"]))
    }
    return parts
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
