import NNExp

/// The single source of a `data:` section, or of its `validation:` or `test:`.
struct SourceDeclaration: Sendable {
  let name: String
  let source: any DataSource
  let location: SourceLocation?

  /// Whether `inputs` or `targets` is a mapping here or in the source of the training data.
  /// Otherwise the source is not asked for its ports.
  let mayNamePorts: Bool

  /// Nil after an error, which is recorded.
  ///
  /// - Parameter training: the source of the training data, if this source is a different
  ///   one.
  init?(from options: inout Options, training: SourceDeclaration? = nil) {
    guard let surroundings = options.surroundings else { return nil }
    let types = surroundings.registry.sources
    options.surroundings = Surroundings(
      folder: surroundings.folder, registry: surroundings.registry, training: training?.source,
      base: surroundings.base)
    defer { options.surroundings = surroundings }

    // All source keys are read, so that the error about an unknown key lists them.
    var found: SourceDeclaration?
    for name in types.order {
      guard let type = types[name] else { continue }
      let explanation = options.isDescribing ? type.documentation.summary : ""
      guard
        var config = options.value(
          name, "a mapping", explanation,
          of: type.shorthand == nil ? .keys : .either([.text, .keys]))
      else { continue }
      if let shorthand = type.shorthand, case .string = config.content {
        config = ConfigValue(.map([.init(key: shorthand, value: config)]), at: config.location)
      }
      let location = config.location
      let hasMapping = ["inputs", "targets"].contains {
        if case .map? = config[$0]?.content { true } else { false }
      }
      found = options.component(name, from: config) {
        SourceDeclaration(
          name: name, source: try type.make(&$0), location: location,
          mayNamePorts: hasMapping || training?.mayNamePorts == true)
      }
    }
    let present = types.order.filter { options.contains($0) }
    guard present.count == 1 else {
      if present.isEmpty {
        options.reject(
          "", "missing source: one of \(types.order.joined(separator: ", ")) is required")
      } else {
        options.reject(present[1], "two sources, '\(present[0])' and '\(present[1])': keep one")
      }
      return nil
    }
    guard let found else { return nil }
    self = found
  }

  /// A file that the command line names, with all ports of the training data.
  init(onCommandLine source: LabeledFile) {
    self.init(name: "--data", source: source, location: nil, mayNamePorts: true)
  }

  private init(name: String, source: any DataSource, location: SourceLocation?, mayNamePorts: Bool)
  {
    self.mayNamePorts = mayNamePorts
    self.name = name
    self.source = source
    self.location = location
  }

  func read(_ request: DataRequest) throws -> SourceRows {
    do {
      return SourceRows(try source.read(request), at: location).prefix(request.limit)
    } catch let fact as Diagnostic {
      guard fact.location == nil, fact.failure == .input else { throw fact }
      var diagnostic = fact.located(at: location)
      diagnostic.message = "\(name): \(fact.message)"
      throw diagnostic
    }
  }
}

/// A source whose files can be read in parts, sample by sample.
protocol StreamableSource: DataSource {}
