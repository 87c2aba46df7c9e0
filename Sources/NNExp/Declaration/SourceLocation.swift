/// The text that a diagnostic points into: its name and its lines.
public final class SourceFile: Sendable, Equatable {
  /// The name that the user gave: a path, or `command line`.
  public let name: String

  /// The lines, without their line ends.
  public let lines: [String]

  /// The number of `lines[0]`: 1 unless earlier lines are omitted.
  public let firstLine: Int

  public init(name: String, lines: [String], firstLine: Int = 1) {
    self.name = name
    self.lines = lines
    self.firstLine = firstLine
  }

  public static func == (a: SourceFile, b: SourceFile) -> Bool {
    a === b
      || a.firstLine == b.firstLine && a.name.hasSameBytes(as: b.name)
        && a.lines.hasSameTexts(as: b.lines)
  }
}

/// A position in a source file: its line and column, both counted from 1, columns in
/// characters.
public struct SourceLocation: Sendable, Equatable {
  public let source: SourceFile
  /// The line and the column, from 1; columns are counted in characters.
  public let line: Int
  public let column: Int

  public init(source: SourceFile, line: Int, column: Int) {
    self.source = source
    self.line = line
    self.column = column
  }
}

extension SourceLocation: CustomStringConvertible {
  /// `file:line:column`.
  public var description: String { "\(source.name):\(line):\(column)" }
}
