import ExperimentFile
import Files
public import NNExp
import Results
public import YAMLTree

/// A `sweep:` section or a separate sweep file, combined with the axes of the command line.
///
///     sweep:
///       name: rates                       # the folder under results/
///       grid: {train.optimizer.learning_rate: [0.1, 0.5], seed: range(0,16)}
///       zip: {model.hidden.units: [2, 4], train.epochs: [100, 50]}
///       list: [{loss.reduction: sum, +train.l2: 0.1}, {loss.reduction: mean}]
///       sample: {method: sobol, count: 32, seed: 1,
///                parameters: {train.optimizer.learning_rate: {log_uniform: [0.01, 1]}}}
///       exclude: [{model.hidden.units: 2, train.optimizer.learning_rate: "> 0.4"}]
///       repeat: 3                         # with the seeds s, s+1, s+2
///       halving: {first_rung: 100, factor: 3}   # only the best train to the end
///       expect: {best: {train_loss: "< 0.01"}, fraction: {completed: ">= 0.9"}}
///
/// All axes are combined: there is a trial for every combination of their options.
public struct SweepDeclaration: Sendable {
  public let name: String
  /// The experiment file of the trials, its bytes, and its parsed content.
  public let file: String
  let bytes: [UInt8]
  let experiment: ConfigValue
  /// Overrides from the command line that apply to every trial.
  let common: [String]
  let axes: [Axis]
  /// The names of the columns for the swept paths, in order.
  public let parameterNames: [String]
  let exclusions: [[Exclusion]]
  let halving: Halving?
  public let expectations: [SweepExpectation]
  /// The location of the sweep's declaration.
  public let location: SourceLocation?

  /// The descriptions of the file's keys, if they were requested.
  package let descriptions: [Options.Description]

  /// The contents of the files that were read, in order.
  let files: [[UInt8]]
  /// The words of the command line.
  public let arguments: [String]

  /// Reads a sweep from a file and the command line's words.
  ///
  /// - Parameters:
  ///   - isDescribing: true if `descriptions` are needed.
  ///   - read: the function that reads a file.
  public init(
    path: String, arguments: [String], describing isDescribing: Bool = false,
    read: (String) throws -> [UInt8] = readFile
  ) throws {
    let own = try read(path)
    var files = [own]
    let root = try parseYAML(own, name: path)
    var errors = Diagnostics()
    var file = path
    var bytes = own
    var experiment = root
    var name: String?
    var header = Options(root, describing: isDescribing)
    // A sweep of another file has no settings of an experiment; an experiment with a base has.
    if case .map(let entries) = root.content, let base = entries.first(where: { $0.key == "base" }),
      root["sweep"] != nil || entries.allSatisfy({ ["base", "name"].contains($0.key) })
    {
      let relative = header.string(
        "base", "the experiment file of the trials, relative to this file")
      if header.contains("name") {
        name = header.string("name", "the name of the sweep's folder")
      }
      header.document("name", default: "the experiment's name")
      _ = header.value("sweep", "a mapping", "the variations", of: .keys)
      header.rejectUnread()
      try header.diagnostics.throwIfAny()
      file =
        Path.join(Path.prefix(of: path), relative)
      do { bytes = try read(file) } catch {
        errors.add(error, at: base.value.location)
        throw errors
      }
      files.append(bytes)
      experiment = try parseYAML(bytes, name: file)
    }
    var nameLocation = root["name"]?.location ?? root.location
    if case .string(let written)? = experiment["name"]?.content, name == nil {
      name = written
      nameLocation = experiment["name"]?.location
    }

    let block = root["sweep"]
    var options = Options(block ?? ConfigValue(.null, at: root.location), describing: isDescribing)
    var reader = SpaceReader()
    if options.contains("name") {
      name = options.string("name", "the name of the sweep's folder")
      nameLocation = options.location(of: "name")
    }
    options.document("name", default: "the experiment's name")
    do {
      if let name {
        try RunDirectory.validate(name: name)
      } else {
        try RunDirectory.validate(fileName: Path.stem(of: path))
      }
    } catch { errors.add(error, at: nameLocation) }
    reader.read(&options)
    let count = options.int(
      "repeat", default: 1, in: 1...trialLimit,
      "number of seeds per trial, starting from the file's seed")
    let halving = options.value(
      "halving", "a mapping", "trains only the best trials to the end", of: .keys
    )
    .flatMap { options.component("halving", from: $0) { Halving(from: &$0) } }
    var expectations: [SweepExpectation] = []
    if let config = options.value(
      "expect", "a mapping from statistics to bounds", "the conditions for exit code 0", of: .keys)
    {
      do { expectations = try SweepExpectation.read(config) } catch {
        options.reject("expect", error)
      }
    }
    options.document("expect", keys: SweepExpectation.Statistic.allCases.map(\.description))
    options.rejectUnread()
    errors.add(options.diagnostics)
    errors.add(reader.errors)
    header.document("sweep", keys: options.descriptions)
    descriptions = header.descriptions

    var common: [String] = []
    for argument in arguments {
      do {
        if let axis = try SweepDeclaration.axis(of: argument) {
          // An axis on the command line replaces the file's axis for the same paths.
          reader.axes.removeAll { $0.paths.hasSameTexts(as: axis.paths) }
          reader.axes.append(axis)
        } else {
          try reader.override(by: argument)
          common.append(argument)
        }
      } catch { errors.add(error) }
    }
    try errors.throwIfAny()
    if count > 1 {
      let first = experiment["seed"]?.integer ?? 0
      let path = experiment["seed"] == nil ? "+seed" : "seed"
      reader.axes.append(
        Axis(
          options: (0..<count).map {
            [
              Assignment(
                path: path, value: "\(first &+ $0)", keyLocation: nil,
                location: options.location(of: "repeat"))
            ]
          }, location: options.location(of: "repeat")))
    }
    if let folds = try SweepDeclaration.folds(of: experiment, common, reader.axes) {
      reader.axes.append(folds)
    }
    axes = reader.axes
    parameterNames = axes.flatMap(\.paths).map(parameterName)
    exclusions = reader.exclusions
    self.halving = halving
    self.expectations = expectations
    self.common = common
    self.file = file
    self.files = files
    self.arguments = arguments
    self.bytes = bytes
    self.experiment = experiment
    self.name = name ?? Path.stem(of: path)
    location = block?.location ?? root.location
    guard !axes.isEmpty else {
      throw Diagnostic(
        "there is nothing to sweep over in '\(path)'",
        notes: [
          .init(
            "give it a sweep: block, or run nnexp sweep \(quotedForShell(path)) "
              + quotedForShell("seed=range(0,16)"))
        ])
    }
    try requireDistinctPaths()
    var total = 1
    for axis in axes {
      let (product, overflows) = total.multipliedReportingOverflow(by: axis.options.count)
      total = overflows ? .max : product
    }
    try requireFew(total, at: location)
  }

  /// The axis of the folds of an experiment that does not declare its validation fold.
  private static func folds(
    of experiment: ConfigValue, _ common: [String], _ axes: [Axis]
  ) throws -> Axis? {
    let path = "data.split.fold"
    if axes.contains(where: { $0.paths.contains { parameterName(of: $0) == path } }) { return nil }
    // An override that is wrong is reported with the first trial.
    let split = (try? apply(overrides: common, to: experiment))?["data"]?["split"]
    guard let folds = split?["folds"], let count = folds.integer, 2...1000 ~= count,
      split?["fold"] == nil
    else { return nil }
    return Axis(
      options: (1...count).map {
        [Assignment(path: "+" + path, value: "\($0)", keyLocation: nil, location: folds.location)]
      }, location: folds.location)
  }

  private func requireDistinctPaths() throws {
    var seen: Set<ByteText> = []
    for axis in axes {
      for path in axis.paths {
        let name = parameterName(of: path)
        guard seen.insert(ByteText(name)).inserted else {
          throw Diagnostic("'\(name)' is swept over twice; remove one", at: axis.location)
        }
      }
    }
  }

  // MARK: The command line

  /// Parses `path=a,b` or `path=range(0,16)` as an axis; nil for a plain override.
  private static func axis(of argument: String) throws -> Axis? {
    guard let equals = argument.firstIndex(ofByte: "=") else { return nil }
    let path = String(argument[..<equals])
    let value = String(argument[argument.utf8.index(after: equals)...])
    let source = SourceFile(name: "command line", lines: [argument])
    let keyLocation = SourceLocation(source: source, line: 1, column: 1)
    let location = SourceLocation(source: source, line: 1, column: path.unicodeScalars.count + 2)
    if value.hasPrefix(bytes: "range(") {
      return try Axis.values(
        of: path, ConfigValue(.string(value), at: location), keyLocation: keyLocation)
    }
    let words = pieces(of: value)
    guard words.count > 1 else { return nil }
    let configs = try words.map { word -> ConfigValue in
      guard !word.isEmpty else {
        throw Diagnostic("a value is missing between commas", at: location)
      }
      var config = try parseYAML(Array(word.utf8), name: "command line")
      config.location = location
      return config
    }
    return try Axis.values(
      of: path, ConfigValue(.list(configs), at: location), keyLocation: keyLocation)
  }

  /// The parts of a text between commas outside brackets and quotes.
  private static func pieces(of text: String) -> [String] {
    var pieces: [Substring] = []
    var start = text.startIndex
    var depth = 0
    var quote: Unicode.Scalar?
    for index in text.unicodeScalars.indices {
      let character = text.unicodeScalars[index]
      if let open = quote {
        if character == open { quote = nil }
        continue
      }
      switch character {
      case "\"", "'": quote = character
      case "[", "{", "(": depth += 1
      case "]", "}", ")": depth -= 1
      case "," where depth == 0:
        pieces.append(text[start..<index])
        start = text.unicodeScalars.index(after: index)
      default: break
      }
    }
    return (pieces + [text[start...]]).map(String.init)
  }
}

extension SweepDeclaration {
  /// The number of combinations before exclusions.
  public var combinationCount: Int { axes.reduce(1) { $0 * $1.options.count } }

  var isSampled: Bool { axes.contains(where: \.isSampled) }

  /// The assignments of a combination; the last axis changes fastest.
  func assignments(of combination: Int) -> [Assignment] {
    var rest = combination
    var chosen: [[Assignment]] = []
    for axis in axes.reversed() {
      chosen.append(axis.options[rest % axis.options.count])
      rest /= axis.options.count
    }
    return chosen.reversed().flatMap { $0 }
  }

  func isExcluded(_ assignments: [Assignment]) -> Bool {
    exclusions.contains { rule in rule.allSatisfy { $0.matches(assignments) } }
  }
}
