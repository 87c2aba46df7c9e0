import NNExp

/// The mapping from the columns of a source to one target port, for the training data and for
/// other data.
struct TargetEncoding: Sendable {
  /// The name of the port in the file; nil for a single unnamed port.
  let name: String?

  /// The labels of the classes; nil for values.
  let labels: Labels?

  /// Whether the numbers are read as classes although the file does not say so.
  let isGuess: Bool

  /// Whether classes are one-hot values.
  let isOneHot: Bool

  /// Whether a sample can lack the target.
  let isIncomplete: Bool

  /// The columns of the training data.
  let layout: ColumnLayout

  /// The shape of a sample before one-hot encoding.
  let axes: [Int]

  /// The fitted columns of a table; empty for other sources.
  private(set) var table: [TableColumn] = []

  /// The scaling of values; nil if they are not scaled.
  var scaling: Scaling? = nil

  init(
    name: String?, labels: Labels?, isGuess: Bool = false, isOneHot: Bool, isIncomplete: Bool,
    layout: ColumnLayout, axes: [Int], table: [TableColumn] = [], scaling: Scaling? = nil
  ) {
    self.name = name
    self.labels = labels
    self.isGuess = isGuess
    self.isOneHot = isOneHot
    self.isIncomplete = isIncomplete
    self.layout = layout
    self.axes = axes
    self.table = table
    self.scaling = scaling
  }

  /// Stores the scale of each column.
  mutating func noteScales(_ methods: [ScaleMethod]) {
    table.noteScales(methods, scaling, layout)
  }

  /// The target port for a head.
  func port(axes: [Int], at location: SourceLocation?) throws -> TargetPort {
    let name = name ?? SourceRows.Half.targets.noun
    guard let labels else {
      let shape = try Loading.shape(axes, of: "targets", at: location)
      return TargetPort(
        name: name, target: .values(shape), numberNames: layout.names, units: scaling?.units)
    }
    if isOneHot {
      return TargetPort(
        name: name, target: .values([labels.names.count]), numberNames: labels.names)
    }
    return TargetPort(
      name: name, target: .classes(labels.names.count), numberNames: layout.names,
      classNames: labels.names, isGuess: isGuess)
  }

  /// Throws unless the values of other data have this form.
  func checkValues(of raw: SourcePort) throws {
    let (here, owner) = (raw.columns.layout, name.map { "port '\($0)'" })
    guard here.isNumeric else {
      throw Diagnostic(
        "expected numbers as targets\(owner.map { " of \($0)" } ?? ""), as in the training data, "
          + "found texts", at: raw.location(0, 0))
    }
    guard here.width == layout.width else {
      throw Diagnostic(
        "\(owner ?? "each sample") has \(counted(here.width, "target")) here, "
          + "but \(layout.width) in the training data", at: raw.location(0, 0))
    }
  }

  /// The samples of `rows` that have the target; throws if there are none.
  ///
  /// - Parameter classes: the class of each sample; nil for values.
  func present(of raw: SourcePort, _ classes: [Int]?, rows: [Int]) throws -> [Int] {
    guard isIncomplete else { return rows }
    var values = [Double](repeating: 0, count: raw.columns.layout.width)
    let present = try rows.filter { row in
      if let classes { return classes[row] >= 0 }
      try raw.columns.decode(row, into: &values)
      return !values.contains { $0.isNaN }
    }
    guard !present.isEmpty else {
      throw Diagnostic(
        "no sample of the training data has \(name.map { "the target '\($0)'" } ?? "a target")",
        at: raw.location(rows[0], 0))
    }
    return present
  }

  /// The numbers of the samples of a source.
  ///
  /// - Parameter location: the location of errors about one-hot classes.
  /// - Parameter isScaled: false for the numbers in the units of the data.
  func rows(
    of raw: SourcePort, _ classes: [Int]?, oneHotLocation location: SourceLocation?,
    isScaled: Bool = true
  ) -> PortRows {
    if let classes {
      return PortRows(
        raw.columns, classes: classes, oneHot: isOneHot ? labels?.names.count : nil, at: location)
    }
    return PortRows(
      raw.columns, isScaled ? scaling : nil, isIncomplete: isIncomplete, location: raw.location)
  }
}
