import Foundation
import TestSupport
import Testing

/// Memory and the run directory do not grow over time: ten million steps, and a day of a clock
/// that runs faster.
@Suite(.enabled(if: Tool.hasRelease, "needs a release build: make build"))
struct LongRunTests {
  private let run = "results/xor/run-0001"

  private func tool() throws -> Tool {
    let tool = try Tool()
    try tool.write(exclusiveOr + "gradient_check: false\n", to: "xor.yaml")
    return tool
  }

  @Test func memoryAndFilesDoNotGrowOverTenMillionSteps() throws {
    try midway(of: isThorough ? [10_000_000] : [1_000_000, 10_000_000, 100_000_000]) { steps in
      let tool = try tool()
      defer { tool.remove() }
      let child = try ChildProcess(
        Tool.release.path,
        [
          "run", "xor.yaml", "-q", "train.epochs=\(steps)", "+train.record_every=\(steps / 1000)",
          "+train.checkpoint={every: 0.1 seconds}",
        ],
        in: tool.folder,
        environment: .inherited(changing: ["LD_PRELOAD": tool.build(library: "peak_memory")]))
      var watch = Watch(tool, run, child)
      watch.follow { $0.newest("metrics.csv", column: 0) >= Double(steps / 10) }
      #expect(child.wait() == .exit(0), "\(child.errors)")
      guard let early = watch.early else { return false }
      let late = try #require(Int(child.errors), "\(child.errors)")
      #expect(late - early <= 1024)
      let rows = try tool.read("\(run)/metrics.csv").split(separator: "\n").count
      #expect(rows == 1001)
      #expect(watch.mostBytes < 1 << 18 && watch.mostFiles <= 16)
      print(
        "\(steps) steps: \(early) kB of memory after a tenth, \(late) at the end; at most "
          + "\(watch.mostBytes) bytes in \(watch.mostFiles) files")
      return true
    }
  }

  /// A day (or an hour) passes in half a minute: events that depend on the clock happen at the
  /// specified rate, and use no more memory.
  @Test func memoryAndFilesDoNotGrowOverADay() throws {
    let (day, speed, interval) = isThorough ? (86_400.0, 2880, 600.0) : (3600, 1440, 60)
    let tool = try tool()
    defer { tool.remove() }
    let lines = tool.folder.appendingPathComponent("lines.txt").path
    let start = ContinuousClock.now
    let child = try ChildProcess(
      Tool.release.path,
      [
        "run", "xor.yaml", "train.epochs=2000000000000", "+train.record_every=500000",
        "+train.checkpoint={every: \(interval) seconds, keep: 3}",
      ],
      in: tool.folder,
      environment: .inherited(changing: [
        "LD_PRELOAD": tool.build(library: "time_machine"), "NNEXP_CLOCK_SPEED": "\(speed)",
      ]), output: lines)
    var watch = Watch(tool, run, child)
    var isOver = false
    watch.follow { watch in
      let seconds = watch.column("timing.csv", 1).reduce(0, +)
      if seconds >= day, !isOver {
        child.send(SIGTERM)
        isOver = true
      }
      return seconds >= day / 10
    }
    #expect(child.wait() == .signal(SIGTERM), "\(child.errors)")
    let early = try #require(watch.early)
    #expect(watch.late - early <= 1024)
    #expect(watch.mostBytes < 1 << 18 && watch.mostFiles <= 16)

    let durations = watch.column("timing.csv", 1)
    let seconds = durations.reduce(0, +)
    #expect(durations.allSatisfy { $0 >= 0 })
    let record = try tool.read("\(run)/run.json")
    let recorded = try #require(record.firstMatch(of: /"seconds": (.*)\n/).flatMap { Double($0.1) })
    let most = Double(speed) * (start.duration(to: .now) / .seconds(1))
    #expect(recorded >= seconds && recorded <= most)
    #expect(try tool.read("\(run)/summary.json").contains("\"status\": \"interrupted\""))
    // At most at the specified interval, and one line in ten seconds.
    let text = try String(contentsOfFile: lines, encoding: .utf8)
    let said = text.split(separator: "\n").count
    #expect(watch.states >= 2 && Double(watch.states) <= recorded / interval + 2)
    #expect(said > 10 && Double(said) <= recorded / 10 + 20)
    print(
      "\(Int(recorded)) seconds by a clock \(speed) times as fast, "
        + "\(Int(watch.column("metrics.csv", 1).last ?? 0)) steps: \(early) kB of memory after a "
        + "tenth, \(watch.late) at the end; \(watch.states) checkpoints, \(said) lines said, at "
        + "most \(watch.mostBytes) bytes in \(watch.mostFiles) files")
  }
}

/// Observations of a run while it is executed.
private struct Watch {
  private let tool: Tool
  private let run: String
  private let child: ChildProcess
  /// The largest memory in kB: after a tenth of the run, and at the last observation.
  private(set) var early: Int?
  private(set) var late = 0
  /// The largest size that was observed.
  private(set) var mostBytes = 0
  private(set) var mostFiles = 0
  private var seen: Set<String> = []

  init(_ tool: Tool, _ run: String, _ child: ChildProcess) {
    (self.tool, self.run, self.child) = (tool, run, child)
  }

  /// The number of successive checkpoints.
  var states: Int { seen.count }

  /// Observes the run until it has ended.
  mutating func follow(_ isTenthOver: (Watch) -> Bool) {
    while let memory = mostMemory {
      let isOver = isTenthOver(self)
      if early == nil, isOver { early = memory }
      late = memory
      measure()
      usleep(5000)
    }
    measure()
  }

  /// `VmHWM`; nil after the run has ended.
  private var mostMemory: Int? {
    let status = try? String(contentsOfFile: "/proc/\(child.id)/status", encoding: .utf8)
    return status?.firstMatch(of: /VmHWM:\s*(\d+) kB/).flatMap { Int($0.1) }
  }

  private mutating func measure() {
    var (bytes, files) = (0, 0)
    let root = tool.folder.appendingPathComponent(run).path
    for case let name as String in FileManager.default.enumerator(atPath: root)?.allObjects ?? [] {
      var facts = stat()
      guard stat("\(root)/\(name)", &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      bytes += Int(facts.st_size)
      files += 1
      if name == "checkpoints/state.nnx" {
        seen.insert("\(facts.st_ino) \(facts.st_mtim.tv_sec) \(facts.st_mtim.tv_nsec)")
      }
    }
    mostBytes = max(mostBytes, bytes)
    mostFiles = max(mostFiles, files)
  }

  /// The numbers of a column, from complete rows.
  func column(_ file: String, _ index: Int) -> [Double] {
    guard let text = try? tool.read("\(run)/\(file)"), let end = text.lastIndex(of: "\n") else {
      return []
    }
    return text[..<end].split(separator: "\n").compactMap { row in
      let cells = row.split(separator: ",", omittingEmptySubsequences: false)
      return index < cells.count ? Double(cells[index]) : nil
    }
  }

  func newest(_ file: String, column index: Int) -> Double { column(file, index).last ?? 0 }
}
