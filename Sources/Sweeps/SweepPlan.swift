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
}

/// Every trial of a sweep, composed, validated and planned; none trained.
public struct SweepPlan: Sendable {
  public let declaration: SweepDeclaration
  public let trials: [PlannedTrial]

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
    for combination in 0..<declaration.combinationCount {
      let assignments = declaration.assignments(of: combination)
      if declaration.isExcluded(assignments) { continue }
      let number = trials.count + failures + 1
      do {
        let trial = try SweepPlan.plan(
          number, combination, assignments, of: declaration, registry: registry)
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
    guard !trials.isEmpty else {
      throw Diagnostic(
        "the sweep has 0 trials: every combination is excluded", at: declaration.place)
    }
    self.trials = trials
  }

  private static func plan(
    _ number: Int, _ combination: Int, _ assignments: [Assignment],
    of declaration: SweepDeclaration, registry: Registry
  ) throws -> PlannedTrial {
    let experiment = try declaration.compose(combination, registry: registry)
    func size<S: Scalar>(_ type: S.Type) throws -> (parameters: Int, samples: Int) {
      let session = try Session<S>(experiment)
      return (session.graph.parameterCount, session.data.train.count)
    }
    let size = try experiment.dtype == .float32 ? size(Float.self) : size(Double.self)
    return PlannedTrial(
      number: number, combination: combination, hash: hash(of: experiment),
      values: declaration.values(of: assignments), seed: experiment.seed,
      parameters: size.parameters,
      cost: 3 * Double(size.parameters) * Double(size.samples)
        * Double(experiment.training.epochs))
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
    let total = trials.reduce(0) { $0 + $1.cost }
    return table(rows, rightAligned: [0, names.count + 1, names.count + 2])
      + "\n\(trials.count) trials; estimated cost \(SweepPlan.brief(total)) multiplications"
  }

  private static func brief(_ cost: Double) -> String { Running.brief((cost).rounded()) }
}
