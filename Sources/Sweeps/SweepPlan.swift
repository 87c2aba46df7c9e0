import Datasets
import Engine
import ExperimentFile
public import NNExp
import Results
import Running

/// A trial that has been composed and found sound.
public struct PlannedTrial: Sendable {
  /// Counted from 1.
  public let number: Int
  /// Which combination of the declaration it is.
  public let combination: Int
  /// Of the composed experiment with every default: names the trial's folder.
  public let hash: String
  public let values: [String]
  public let seed: UInt64
  public let parameters: Int
  /// An estimate of the multiplications of its training.
  public let cost: Double
  let epochs: Int
}

/// Every trial of a sweep, composed, validated and planned; none trained.
public struct SweepPlan: Sendable {
  public let declaration: SweepDeclaration
  public let trials: [PlannedTrial]
  /// What tells which trial is better.
  public let monitor: Monitor

  /// Composes every trial and builds its network once, one at a time.
  ///
  /// Throws every distinct mistake, with the first trial that has it.
  public init(_ declaration: SweepDeclaration, registry: Registry) throws {
    self.declaration = declaration
    var trials: [PlannedTrial] = []
    var numbers: [String: Int] = [:]
    var mistakes = Diagnostics()
    var known: Set<String> = []
    var failures = 0
    var monitor: Monitor?
    for combination in 0..<declaration.combinationCount {
      let assignments = declaration.assignments(of: combination)
      if declaration.isExcluded(assignments) { continue }
      let number = trials.count + failures + 1
      do {
        let (trial, own) = try SweepPlan.plan(
          number, combination, assignments, of: declaration, registry: registry)
        if monitor == nil { monitor = own }
        if declaration.halving != nil, let monitor, monitor != own {
          throw Diagnostic(
            "halving needs one figure for all trials; this one is judged by \(own.name), those "
              + "before by \(monitor.name)", at: declaration.halving?.place,
            notes: [.init("name one: {monitor: train_loss}")])
        }
        if let first = numbers[trial.hash] {
          if declaration.isSampled { continue }
          throw Diagnostic(
            "trials \(first) and \(number) are the same experiment; a sweep runs each once",
            at: declaration.place)
        }
        numbers[trial.hash] = number
        trials.append(trial)
      } catch {
        failures += 1
        var found = Diagnostics()
        found.add(error)
        for diagnostic in found.list where known.count < 20 {
          let told = SweepPlan.told(diagnostic, of: assignments, number: number)
          if known.insert("\(told.place.map { "\($0)" } ?? "") \(told.message)").inserted {
            mistakes.add(told)
          }
        }
        if failures >= 1000 { break }
      }
    }
    try mistakes.throwIfAny()
    guard !trials.isEmpty, let monitor else {
      throw Diagnostic(
        "the sweep has 0 trials: every combination is excluded", at: declaration.place)
    }
    self.trials = trials
    self.monitor = monitor
  }

  /// Whether a trial's course is its own affair.
  public var canRunAlone: Bool { declaration.halving == nil }

  /// Of successive halving, in epochs; none without it.
  var rungs: [Int] {
    declaration.halving?.rungs(of: trials.count, below: trials.map(\.epochs).max() ?? 0) ?? []
  }

  private static func plan(
    _ number: Int, _ combination: Int, _ assignments: [Assignment],
    of declaration: SweepDeclaration, registry: Registry
  ) throws -> (PlannedTrial, Monitor) {
    let experiment = try declaration.compose(combination, registry: registry)
    switch experiment.dtype {
    case .float32: return try plan(Session<Float>(experiment))
    case .float64: return try plan(Session<Double>(experiment))
    }
    func plan<S: Scalar>(_ session: Session<S>) throws -> (PlannedTrial, Monitor) {
      let parameters = session.graph.parameterCount
      let epochs = experiment.training.epochs
      return (
        PlannedTrial(
          number: number, combination: combination, hash: hash(of: experiment),
          values: declaration.values(of: assignments), seed: experiment.seed,
          parameters: parameters,
          cost: 3 * Double(parameters) * Double(session.data.train.count) * Double(epochs),
          epochs: epochs),
        try Monitor(of: session, declaration.halving)
      )
    }
  }

  /// The 32 first digits of the hash of all that is in force.
  static func hash(of experiment: Experiment) -> String {
    String(SHA256.hex(of: Array(experiment.resolvedText.utf8)).prefix(32))
  }

  /// A trial's mistake at the place of the value that caused it.
  private static func told(
    _ diagnostic: Diagnostic, of assignments: [Assignment], number: Int
  ) -> Diagnostic {
    var told = diagnostic
    if let text = diagnostic.place?.source.lines.first,
      let cause = assignments.first(where: { $0.text == text }), let place = cause.place
    {
      told.place = place
    }
    let values = assignments.map(\.text).joined(separator: " ")
    told.notes.append(.init("in trial \(number): \(values)"))
    return told
  }
}

extension SweepDeclaration {
  /// The experiment of a combination, exactly as `nnexp run` composes it.
  func compose(_ combination: Int, registry: Registry) throws -> Experiment {
    try Experiment(
      bytes, path: file, overrides: common + assignments(of: combination).map(\.text),
      registry: registry)
  }

  /// The cells of the parameters' columns; empty where a trial leaves one alone.
  func values(of assignments: [Assignment]) -> [String] {
    parameterNames.map { name in assignments.first { $0.name == name }?.value ?? "" }
  }
}

extension SweepPlan {
  /// What `--dry-run` shows: a line a trial, then the totals.
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

  /// `halving by train_loss: 27 trials to epoch 100, 9 to 300, 3 to the end`.
  private var ladder: [String] {
    if rungs.isEmpty { return [] }
    let legs = zip(sizes, rungs.map { "epoch \($0)" } + ["the end"]).enumerated().map {
      "\($1.0) \($0 == 0 ? "trials " : "")to \($1.1)"
    }
    return ["halving by \(monitor.name): " + legs.joined(separator: ", ")]
  }

  /// How many trials train to each rung and, last, to the end.
  private var sizes: [Int] {
    Bracket(
      trials: trials.count, rungs: rungs.count, factor: declaration.halving?.factor ?? 2,
      isBetterHigher: false
    ).sizes
  }

  /// Of all trials, in multiplications; under successive halving, as if those of
  /// average cost went on.
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
