public import NNExp
public import Results
import Running

/// A trial whose experiment has been composed and validated.
public struct PlannedTrial: Sendable {
  /// The number of the trial, from 1.
  public fileprivate(set) var number: Int
  /// The index of the trial's combination in the declaration.
  public let combination: Int
  /// The hash of everything that determines the results. It is the name of the trial's folder.
  public let hash: TrialHash
  /// The hash of the composed experiment with every default, without the contents of its files.
  public let configuration: String
  public let values: [String]
  public let seed: UInt64
  public let parameters: Int
  /// An estimate of the multiplications in its training.
  public let cost: Double
  let epochs: Int
  let recordEvery: Int

  fileprivate func numbered(_ number: Int) -> PlannedTrial {
    var trial = self
    trial.number = number
    return trial
  }
}

/// Every trial of a sweep, composed, validated and planned, but not trained.
public struct SweepPlan: Sendable {
  /// The builder that composed the trials. It keeps the data that trials share.
  public let builder: TrialBuilder
  public let trials: [PlannedTrial]
  /// The column that determines which trial is better.
  public let monitor: MetricColumn
  /// The columns that any trial measures.
  public let columns: [MetricColumn]
  /// The data files and plugins of all trials.
  public let files: [FileHash]
  /// True if any trial names plugins.
  let loadsPlugins: Bool
  /// True if any trial writes an event file for TensorBoard.
  public let writesEvents: Bool
  /// The announcements of the trials, each once; with the first trial unless all have it.
  public let announcements: [Diagnostic]

  public var declaration: SweepDeclaration { builder.declaration }

  /// Composes every trial and builds its network once, on as many threads as `Workers` has.
  ///
  /// Throws every distinct error, with the first trial that has it.
  ///
  /// - Parameter scratch: the path near which the numbers of streamed tables are stored.
  public init(
    _ declaration: SweepDeclaration, registry: Registry,
    scratch: String = RunDirectory.results
  ) throws {
    builder = TrialBuilder(declaration, registry, scratch: scratch)
    var trials: [PlannedTrial] = []
    var numbers: [TrialHash: Int] = [:]
    var errors = TrialDiagnostics()
    var announcements = TrialDiagnostics()
    var monitor: MetricColumn?
    var columns: [MetricColumn] = []
    var files: [FileHash] = []
    var loadsPlugins = false
    var writesEvents = false
    let combinations = (0..<declaration.combinationCount).filter {
      !declaration.isExcluded(declaration.assignments(of: $0))
    }
    // The trials are planned in blocks, so that a sweep with many errors ends soon.
    for start in stride(from: 0, to: combinations.count, by: 1024) {
      let block = Array(combinations[start..<min(start + 1024, combinations.count)])
      for (offset, result) in builder.plan(block).enumerated() {
        let number = trials.count + errors.trials + 1
        do {
          let composition = try result.get()
          let (trial, own) = (composition.trial, composition.monitor)
          if monitor == nil { monitor = own }
          for column in composition.columns where !columns.contains(column) {
            columns.append(column)
          }
          for file in composition.files where !files.contains(file) { files.append(file) }
          loadsPlugins = loadsPlugins || composition.loadsPlugins
          writesEvents = writesEvents || composition.writesEvents
          if declaration.halving != nil, let monitor, monitor != own {
            throw Diagnostic(
              "halving needs one metric for all trials; this one is judged by \(own.name), those "
                + "before by \(monitor.name)"
                + (own.name == monitor.name ? ", of which other values are better" : ""),
              at: declaration.halving?.location,
              notes: [.init("name one: {monitor: train_loss}")])
          }
          if let first = numbers[trial.hash] {
            if declaration.isSampled { continue }
            let assignments = declaration.assignments(of: block[offset])
            throw Diagnostic(
              "trials \(first) and \(number) are the same experiment; a sweep runs each once",
              at: assignments.last?.location ?? declaration.location)
          }
          numbers[trial.hash] = number
          trials.append(trial.numbered(number))
          announcements.add(
            composition.announcements, declaration.assignments(of: block[offset]), number: number)
        } catch {
          var own = Diagnostics()
          own.add(error)
          errors.add(own.list, declaration.assignments(of: block[offset]), number: number)
        }
      }
      if errors.trials >= 1000 { break }
    }
    try errors.throwIfAny()
    try SweepExpectation.check(declaration.expectations, among: columns)
    guard !trials.isEmpty, let monitor else {
      throw Diagnostic(
        "the sweep has 0 trials: every combination is excluded", at: declaration.location)
    }
    self.trials = trials
    self.monitor = monitor
    self.columns = columns
    self.files = files
    self.loadsPlugins = loadsPlugins
    self.writesEvents = writesEvents
    self.announcements = announcements.list(ofTrials: trials.count)
  }

  /// A trial's values by the last words of their paths: `learning_rate=0.5 seed=2`.
  func settings(of trial: Int) -> String {
    zip(declaration.parameterNames, trials[trial].values).filter { !$1.isEmpty }
      .map { "\($0.split(atByte: ".").last ?? "")=\($1)" }.joined(separator: " ")
  }

  /// The rungs of successive halving, in epochs; empty without it.
  var rungs: [Int] {
    declaration.halving?.rungs(of: trials.count, below: trials.map(\.epochs).max() ?? 0) ?? []
  }
}

/// The errors or announcements of a plan's trials, each once, with the first trial that has it.
private struct TrialDiagnostics {
  private struct Found {
    let diagnostic: Diagnostic
    let trial: String
    var trials = 1
  }

  private static let most = 20

  /// The number of trials that have any.
  private(set) var trials = 0
  private var found: [Found] = []
  private var positions: [String: Int] = [:]
  private var hasMore = false

  mutating func add(_ list: [Diagnostic], _ assignments: [Assignment], number: Int) {
    if list.isEmpty { return }
    trials += 1
    for diagnostic in list {
      let located = TrialDiagnostics.located(diagnostic, of: assignments)
      let key = "\(located.location.map { "\($0)" } ?? "") \(located.message)"
      if let position = positions[key] {
        found[position].trials += 1
      } else if found.count == TrialDiagnostics.most {
        hasMore = true
      } else {
        positions[key] = found.count
        found.append(
          Found(
            diagnostic: located, trial: TrialDiagnostics.description(of: assignments, number)))
      }
    }
  }

  func throwIfAny() throws {
    var errors = Diagnostics()
    for found in found { errors.add(found.diagnostic.noting("in " + found.trial)) }
    try errors.throwIfAny()
  }

  /// All, which `total` trials have; with the first trial of those that not all have.
  func list(ofTrials total: Int) -> [Diagnostic] {
    let list = found.map { found in
      found.trials == total
        ? found.diagnostic
        : found.diagnostic.noting("in \(found.trials) of \(total) trials, first in \(found.trial)")
    }
    if !hasMore { return list }
    return list + [
      Diagnostic("trials announce more, which their run.json files have", severity: .warning)
    ]
  }

  /// A trial's diagnostic at the location of the value that caused it.
  private static func located(
    _ diagnostic: Diagnostic, of assignments: [Assignment]
  ) -> Diagnostic {
    var located = diagnostic
    if let found = diagnostic.location, let text = found.source.lines.first,
      let cause = assignments.first(where: { $0.text.hasSameBytes(as: text) })
    {
      let isInPath = found.column <= cause.path.unicodeScalars.count
      if isInPath, let key = cause.keyLocation {
        located.location = SourceLocation(
          source: key.source, line: key.line, column: key.column + found.column - 1)
      } else if let location = cause.location {
        located.location = location
      }
    }
    return located
  }

  private static func description(of assignments: [Assignment], _ number: Int) -> String {
    "trial \(number): " + assignments.prefix(most).map(\.text).joined(separator: " ")
      + (assignments.count > most ? " … (\(assignments.count - most) more)" : "")
  }
}

extension Diagnostic {
  fileprivate func noting(_ text: String) -> Diagnostic {
    var diagnostic = self
    diagnostic.notes.append(.init(text))
    return diagnostic
  }
}

extension SweepPlan {
  /// The output of `--dry-run`: one line per trial, then the totals.
  public var text: String {
    let names = declaration.parameterNames
    var rows = [["trial"] + names + ["parameters", "cost"]]
    for trial in trials {
      rows.append(
        ["\(trial.number)"] + trial.values + ["\(trial.parameters)", SweepPlan.brief(trial.cost)])
    }
    return
      ([table(rows, rightAligned: [0, names.count + 1, names.count + 2])] + ladder
      + ["\(trials.count) trials; estimated cost \(SweepPlan.brief(cost)) multiplications"])
      .joined(separator: "\n")
  }

  /// The rungs in words: `halving by train_loss: 27 trials to epoch 100, 9 to 300, 3 to the
  /// end`.
  private var ladder: [String] {
    if rungs.isEmpty { return [] }
    let runs = zip(sizes, rungs.map { "epoch \($0)" } + ["the end"]).enumerated().map {
      "\($1.0) \($0 == 0 ? "trials " : "")to \($1.1)"
    }
    return ["halving by \(monitor.name): " + runs.joined(separator: ", ")]
  }

  /// The number of trials that train to each rung and, last, to the end.
  private var sizes: [Int] {
    SuccessiveHalving(
      trials: trials.count, rungs: rungs.count, factor: declaration.halving?.factor ?? 2,
      largerIsBetter: false
    ).sizes
  }

  /// The cost of all trials in multiplications; with successive halving, as if trials of
  /// average cost continued.
  private var cost: Double {
    let whole = trials.reduce(0) { $0 + $1.cost }
    if rungs.isEmpty { return whole }
    let epochs = trials.reduce(0.0) { $0 + Double($1.epochs) }
    let ends = rungs.map(Double.init) + [epochs / Double(trials.count)]
    var trained = 0.0
    for (index, size) in sizes.enumerated() {
      trained += Double(size) * max(0, ends[index] - (index > 0 ? ends[index - 1] : 0))
    }
    return whole * min(1, trained / epochs)
  }

  private static func brief(_ cost: Double) -> String { Running.brief((cost).rounded()) }
}
