/// A type that an experiment file can name: a layer, a loss, an optimizer, ….
///
/// This is what all kinds of components share. A type conforms to it and to the
/// protocol of its kind, which says what a value of the kind computes:
///
///     struct Square: Layer, Component {
///       static let typeName = "square"
///       init(from options: inout Options) {}
///       …
///     }
///
/// A requirement that the protocol of a kind marks as optional has a default only for
/// components. A value that wraps another one, such as the guard around a plugin's layer, is
/// not a component and must implement every requirement.
public protocol Component<Erased>: Sendable {
  /// The values of the component's kind: `any Layer`, `any Loss`, ….
  ///
  /// The protocol of the kind provides this, `kind` and `erased`.
  associatedtype Erased: Sendable

  /// The property of the registry that contains the components of this kind.
  static var kind: WritableKeyPath<Registry, ComponentRegistry<Erased>> { get }

  /// This value as one of its kind.
  var erased: Erased { get }

  /// The name after `type:` in an experiment file, in snake_case.
  static var typeName: String { get }

  /// The description that `nnexp layers` shows. Optional.
  static var documentation: Documentation { get }

  /// The declarations with which `nnexp plugin test` tests the type. Optional.
  static var examples: [Example] { get }

  /// The names of the same component in other programs, such as `mse`. Optional.
  ///
  /// They are not accepted: the error suggests `typeName`.
  static var foreignNames: [String] { get }

  /// The option that a plain text sets: with the shorthand `path` of the data source `csv`,
  /// `csv: a.csv` means `csv: {path: a.csv}`. Optional.
  static var shorthand: String? { get }

  /// Reads the options. Errors are recorded there.
  init(from options: inout Options) throws
}

extension Component {
  public static var documentation: Documentation { Documentation() }
  public static var examples: [Example] { [] }
  public static var foreignNames: [String] { [] }
  public static var shorthand: String? { nil }
}

/// The description of a component, as `nnexp layers TYPE` shows it.
public struct Documentation: Sendable {
  /// One line.
  public let summary: String
  /// The equation forward, then backward, in the docstring's notation.
  public let equation: String
  /// As a text: `[channels, rows, columns] → [channels, rows', columns']`.
  public let shapes: String
  /// One or more lines of an experiment file.
  public let example: String
  /// The publication.
  public let source: String

  /// Creates a description; every part except the summary may be empty.
  public init(
    _ summary: String = "", equation: String = "", shapes: String = "", example: String = "",
    source: String = ""
  ) {
    self.summary = summary
    self.equation = equation
    self.shapes = shapes
    self.example = example
    self.source = source
  }
}
