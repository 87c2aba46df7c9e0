import Files
public import NNExp

/// The result of a sweep, for people and for servers of continuous integration.
public struct SweepReport {
  let name: String
  let parameters: [String]
  let rows: [TrialRow]
  let declaration: SweepDeclaration
  let columns: [MetricColumn]

  /// - Parameter columns: the columns that the trials measure.
  public init(_ declaration: SweepDeclaration, rows: [TrialRow], columns: [MetricColumn]) {
    self.columns = columns
    name = declaration.name
    parameters = declaration.parameterNames
    self.rows = rows
    self.declaration = declaration
  }

  /// A trial's values: `train.lr=0.1 seed=2`.
  func values(_ row: TrialRow) -> String {
    zip(parameters, row.values).filter { !$1.isEmpty }.map { "\($0)=\($1)" }.joined(separator: " ")
  }

  /// The annotations that GitHub's runner reads from standard output, each with its file and
  /// line. Because the runner shows ten per step, the sweep's expectations come first, then a
  /// few of the trials.
  public var annotations: [String] {
    var lines: [String] = []
    for expectation in declaration.expectations {
      guard let miss = expectation.shortfall(of: rows, columns: columns) else { continue }
      lines.append(annotation(miss.message, at: miss.location))
    }
    return lines + badTrials.map { annotation($0, at: declaration.location) }
  }

  private func annotation(_ message: String, at location: SourceLocation?) -> String {
    Escaping.gitHubError(
      message, file: location?.source.name ?? declaration.file, line: location?.line ?? 1,
      column: location?.column ?? 1)
  }
}
