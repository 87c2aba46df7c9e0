import ExperimentFile
import Files
public import NNExp
import Results
public import YAMLTree

/// A `sweep:` block or a file of its own, with the command line's axes.
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
/// What is given multiplies: a trial for every combination.
public struct SweepDeclaration: Sendable {
  public let name: String
  /// The experiment file of the trials, its bytes, and what they say.
  public let file: String
  let bytes: [UInt8]
  let experiment: ConfigValue
  /// Overrides that every trial has, from the command line.
  let common: [String]
  let axes: [Axis]
  /// The columns of the swept paths, in order.
  public let parameterNames: [String]
  let exclusions: [[Exclusion]]
  let halving: Halving?
  public let expectations: [SweepExpectation]
  /// Where the sweep as a whole is declared.
  public let location: SourceLocation?

  /// The keys of the file, if they were to be described.
  package let descriptions: [Options.Description]

  /// What was read, in order.
  let files: [[UInt8]]
  /// The command line's words, as they were given.
  public let arguments: [String]

  /// Reads a file and the command line's words.
  ///
  /// - Parameters:
  ///   - isDescribing: whether `descriptions` are of use.
  ///   - read: what reads a file.
  public init(
    path: String, arguments: [String], describing isDescribing: Bool = false,
    read: (String) throws -> [UInt8] = readFile
  ) throws {
    let own = try read(path)
    var files = [own]
    let root = try parseYAML(own, name: path)
    var mistakes = Diagnostics()
    var file = path
    var bytes = own
    var experiment = root
    var name: String?
    var header = Options(root, describing: isDescribing)
    if case .map(let entries) = root.content, let base = entries.first(where: { $0.key == "base" })
    {
      let relative = header.string(
        "base", "the experiment file of the trials, relative to this file")
      if header.contains("name") {
        name = header.string("name", "names the folder of the sweep")
      }
      header.document("name", default: "the experiment's name")
      _ = header.value("sweep", "a mapping", "what varies")
      header.rejectUnread()
      try header.diagnostics.throwIfAny()
      file =
        Path.join(Path.prefix(of: path), relative)
      do { bytes = try read(file) } catch {
        mistakes.add(error, at: base.value.location)
        throw mistakes
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
      name = options.string("name", "names the folder of the sweep")
      nameLocation = options.location(of: "name")
    }
    options.document("name", default: "the experiment's name")
    do {
      if let name {
        try RunDirectory.validate(name: name)
      } else {
        try RunDirectory.validate(fileName: Path.stem(of: path))
      }
    } catch { mistakes.add(error, at: nameLocation) }
    reader.read(&options)
    let count = options.int(
      "repeat", default: 1, in: 1...trialLimit, "how many seeds each trial has, from the file's on")
    let halving = options.value("halving", "a mapping", "trains only the best trials to the end")
      .flatMap { options.component("halving", from: $0) { Halving(from: &$0) } }
    var expectations: [SweepExpectation] = []
    if let config = options.value(
      "expect", "a mapping from statistics to bounds", "what the sweep must reach for exit code 0")
    {
      do { expectations = try SweepExpectation.read(config) } catch {
        options.reject("expect", error)
      }
    }
    options.document("expect", keys: SweepExpectation.Statistic.allCases.map(\.description))
    options.rejectUnread()
    mistakes.add(options.diagnostics)
    mistakes.add(reader.mistakes)
    header.document("sweep", keys: options.descriptions)
    descriptions = header.descriptions

    var common: [String] = []
    for argument in arguments {
      do {
        if let axis = try SweepDeclaration.axis(of: argument) {
          // What the command line says of a path counts.
          reader.axes.removeAll { $0.paths.hasSameTexts(as: axis.paths) }
          reader.axes.append(axis)
        } else {
          try reader.override(by: argument)
          common.append(argument)
        }
      } catch { mistakes.add(error) }
    }
    try mistakes.throwIfAny()
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
            "give it a sweep: block, or say nnexp sweep \(quotedForShell(path)) "
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

  private func requireDistinctPaths() throws {
    var seen: Set<ByteText> = []
    for axis in axes {
      for path in axis.paths {
        let name = parameterName(of: path)
        guard seen.insert(ByteText(name)).inserted else {
          throw Diagnostic("'\(name)' is swept over twice; leave one out", at: axis.location)
        }
      }
    }
  }

  // MARK: The command line

  /// `path=a,b` and `path=range(0,16)` as an axis; nil for a plain override.
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

  /// A text cut at the commas outside brackets and quotes.
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
  /// The combinations before exclusions.
  var combinationCount: Int { axes.reduce(1) { $0 * $1.options.count } }

  var isSampled: Bool { axes.contains(where: \.isSampled) }

  /// What a combination sets; the last axis changes fastest.
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
