import ExperimentFile
import NNExp
import YAMLTree

/// Reads the keys that define the trials: `grid`, `zip`, `list`, `sample` and `exclude`.
/// Collects every error.
struct SpaceReader {
  var axes: [Axis] = []
  var exclusions: [[Exclusion]] = []
  var errors = Diagnostics()

  /// Removes the axes that an override of the command line replaces. Throws if a part of an axis
  /// would replace the override.
  mutating func override(by argument: String) throws {
    guard let equals = argument.firstIndex(ofByte: "=") else { return }
    let path = parameterName(of: String(argument[..<equals]))
    axes.removeAll { $0.paths.map(parameterName).hasSameTexts(as: [path]) }
    let swept = axes.flatMap { $0.paths.map(parameterName) }.first { name in
      name.hasSameBytes(as: path) || name.hasPrefix(bytes: path + ".")
        || path.hasPrefix(bytes: name + ".")
    }
    guard let swept else { return }
    let source = SourceFile(name: "command line", lines: [argument])
    throw Diagnostic(
      "the sweep sets '\(swept)', which would replace this override",
      at: SourceLocation(source: source, line: 1, column: 1),
      notes: [.init("override '\(swept)', or leave it out of the sweep")])
  }

  mutating func read(_ options: inout Options) {
    let gridText = "paths with lists of values, of which every combination is a trial"
    for entry in entries("grid", gridText, &options) {
      keep { try Axis.values(of: entry.key, entry.value, keyLocation: entry.keyLocation) }
    }
    let zipped = entries(
      "zip", "paths whose lists have the same length and vary together", &options)
    if !zipped.isEmpty { keep { try SpaceReader.zip(zipped) } }
    if let config = options.value(
      "list", "a list of mappings", "explicit trials, each a mapping from paths to values",
      of: .list(.mapping(.anything)))
    {
      keep { try SpaceReader.list(config) }
    }
    if let config = options.value(
      "sample", "a mapping", "values sampled from distributions", of: .keys)
    {
      keep { try SpaceReader.sample(config, &options) }
    }
    if let config = options.value(
      "exclude", "a list of mappings", "combinations to omit: values, or bounds on them",
      of: .list(.mapping(.anything)))
    {
      do {
        exclusions = try SpaceReader.maps(config, "exclude").map { try $0.map(Exclusion.init) }
      } catch { errors.add(error) }
    }
    let paths = axes.flatMap(\.paths).map(parameterName)
    let known = Set(paths.map(ByteText.init))
    for exclusion in exclusions.joined() where !known.contains(ByteText(exclusion.name)) {
      errors.add(
        Diagnostic(
          "'\(exclusion.name)' is not swept over\(suggestion(for: exclusion.name, among: paths))",
          at: exclusion.location))
    }
  }

  private mutating func keep(_ axis: () throws -> Axis) {
    do { axes.append(try axis()) } catch { errors.add(error) }
  }

  private mutating func entries(
    _ key: String, _ explanation: String, _ options: inout Options
  ) -> [ConfigValue.Entry] {
    guard let config = options.value(key, "a mapping", explanation, of: .mapping(.anything))
    else { return [] }
    guard case .map(let entries) = config.content, !entries.isEmpty else {
      let found: String
      if case .map = config.content { found = "an empty one" } else { found = config.kind }
      errors.add(
        Diagnostic(
          "\(key) must be a mapping from paths to values, found \(found)", at: config.location))
      return []
    }
    return entries
  }

  private static func zip(_ entries: [ConfigValue.Entry]) throws -> Axis {
    let axes = try entries.map {
      try Axis.values(of: $0.key, $0.value, keyLocation: $0.keyLocation)
    }
    for (axis, entry) in Swift.zip(axes, entries)
    where axis.options.count != axes[0].options.count {
      throw Diagnostic(
        "'\(entry.key)' has \(axis.options.count) values and '\(entries[0].key)' "
          + "\(axes[0].options.count); zipped paths have equally many", at: entry.value.location)
    }
    return Axis(
      options: axes[0].options.indices.map { i in axes.flatMap { $0.options[i] } },
      location: entries[0].keyLocation)
  }

  private static func list(_ config: ConfigValue) throws -> Axis {
    let maps = try maps(config, "list")
    guard !maps.isEmpty else {
      throw Diagnostic(
        "list has no elements, so that the sweep has 0 trials; give it at least one",
        at: config.location)
    }
    return Axis(
      options: maps.map { entries in
        entries.map {
          Assignment(
            path: $0.key, value: $0.value.flow, keyLocation: $0.keyLocation,
            location: $0.value.location)
        }
      }, location: config.location)
  }

  private static func maps(_ config: ConfigValue, _ key: String) throws -> [[ConfigValue.Entry]] {
    guard case .list(let items) = config.content else {
      throw Diagnostic(
        "\(key) must be a list of mappings from paths to values, found \(config.kind)",
        at: config.location)
    }
    return try items.map { item in
      guard case .map(let entries) = item.content, !entries.isEmpty else {
        throw Diagnostic(
          "an element of \(key) must be a mapping from paths to values, found \(item.kind)",
          at: item.location)
      }
      return entries
    }
  }

  private static func sample(_ config: ConfigValue, _ sweep: inout Options) throws -> Axis {
    var options = Options(config, describing: sweep.isDescribing)
    let method = options.choice(
      "method", default: .random, of: SamplingMethod.self, "how the trials are distributed")
    let count = options.int("count", in: 1..., "number of trials")
    let seed = options.int("seed", default: 0, in: 0..., "the seed of the sampled values")
    var parameters: [(ConfigValue.Entry, Distribution)] = []
    let range = "a mapping from paths to distributions"
    let explanation = "one of the distributions below for each path"
    if let config = options.value(
      "parameters", range, explanation, default: nil, of: .mapping(.mapping(.anything))),
      case .map(let entries) = config.content
    {
      for entry in entries {
        do { parameters.append((entry, try Distribution(entry.value, of: entry.key))) } catch {
          options.reject("parameters", error)
        }
      }
    } else {
      options.reject("parameters", "missing 'parameters': a mapping from paths to distributions")
    }
    options.document("parameters", keys: Distribution.descriptions)
    sweep.document("sample", keys: options.descriptions)
    try options.finish()
    guard parameters.count <= method.dimensionLimit else {
      throw Diagnostic(
        "\(method.rawValue) spreads at most \(method.dimensionLimit) parameters well, found "
          + "\(parameters.count); use method: random", at: config.location)
    }
    try requireFew(count, at: options.location(of: "count"))
    let random = RandomStream(seed: UInt64(seed), purpose: "sweep")
    return Axis(
      options: (0..<count).map { index in
        parameters.enumerated().map { dimension, parameter in
          Assignment(
            path: parameter.0.key,
            value: parameter.1.value(at: method.coordinate(index, dimension, random)),
            keyLocation: parameter.0.keyLocation, location: parameter.0.value.location)
        }
      }, isSampled: true, location: config.location)
  }
}

/// A condition on one path: a value, or a bound such as `"> 0.4"`.
struct Exclusion: Sendable {
  let name: String
  let location: SourceLocation?
  private let value: String
  private let bound: Expectation.Bound?

  init(_ entry: ConfigValue.Entry) throws {
    name = parameterName(of: entry.key)
    location = entry.keyLocation
    value = entry.value.flow
    if case .string(let text) = entry.value.content,
      Expectation.Relation.allCases.contains(where: { text.hasPrefix(bytes: $0.rawValue) })
    {
      bound = try Expectation(entry.key, entry.value).bounds[0]
    } else {
      bound = nil
    }
  }

  func matches(_ assignments: [Assignment]) -> Bool {
    guard let found = assignments.first(where: { $0.name.hasSameBytes(as: name) }) else {
      return false
    }
    guard let bound else { return found.value.hasSameBytes(as: value) }
    guard let number = Double(found.value) else { return false }
    return bound.holds(number)
  }
}
