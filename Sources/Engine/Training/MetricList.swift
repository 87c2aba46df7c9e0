import NNExp

/// The key `metrics` of an experiment file: a list, or a mapping from heads to lists.
struct MetricList {
  /// The metrics by head; the key is empty for a single loss without a name.
  private var metrics: [String: [Objective.NamedMetric]] = [:]

  /// The metrics of a head; nil if the file does not specify any.
  func of(head: String?) -> [Objective.NamedMetric]? { metrics[head ?? ""] }

  /// The metrics of one loss.
  private static var domain: Options.Description.Domain {
    .either([.list(.component("metric")), .component("metric"), .null])
  }

  /// Reads the key. Errors are recorded in `options`.
  ///
  /// - Parameter heads: the names of the heads; empty for a single loss.
  init(from options: inout Options, _ registry: Registry, heads: [String], checksNames: Bool) {
    let range = "a list of metrics, or a mapping from nodes with losses to lists"
    guard
      let found = options.value(
        "metrics", range, "values to record in addition to the loss",
        default: "accuracy for classes, none for values",
        of: .either([MetricList.domain, .mapping(MetricList.domain)]))
    else { return }
    guard !heads.isEmpty else {
      metrics[""] = []
      let resolved = read(found, of: "", &options, registry, checksNames)
      options.resolve("metrics", resolved)
      return
    }
    if case .null = found.content {
      for head in heads { metrics[head] = [] }
      return
    }
    guard case .map(let entries) = found.content, found["type"] == nil else {
      options.reject(
        "metrics",
        Diagnostic(
          "there are several losses: metrics must be a mapping from heads to lists, such as "
            + "metrics: {\(heads[0]): […]}", at: found.location,
          notes: [.init("the heads are: " + listed(heads))]))
      return
    }
    var resolved: [(String, ConfigValue)] = []
    for entry in entries {
      guard heads.contains(text: entry.key) else {
        options.reject(
          "metrics",
          Diagnostic(
            "metrics: '\(entry.key)' has no loss" + suggestion(for: entry.key, among: heads),
            at: entry.keyLocation, notes: [.init("the heads are: " + listed(heads))]))
        continue
      }
      metrics[entry.key] = []
      resolved.append(
        (entry.key, read(entry.value, of: entry.key, &options, registry, checksNames)))
    }
    options.resolve("metrics", ConfigValue.map(resolved))
  }

  /// Reads the metrics of one head, and returns the values with defaults included.
  private mutating func read(
    _ list: ConfigValue, of head: String, _ options: inout Options, _ registry: Registry,
    _ checksNames: Bool
  ) -> ConfigValue {
    let items: [ConfigValue]
    switch list.content {
    case .list(let several): items = several
    case .null: items = []
    default: items = [list]
    }
    var resolved: [ConfigValue] = []
    var names: Set<ByteText> = []
    for item in items {
      var reader = options.reader(at: item.location)
      let metric = reader.component("metric", reading: item, of: registry.metrics) {
        type, options in
        let name = options.string("name", default: type.name, "the name of its columns")
        options.document("name", default: "the type")
        if checksNames, let fault = ColumnName.fault(in: name) {
          options.reject("name", MetricList.nameError(inName: name, of: type.name, fault, options))
        }
        return Objective.NamedMetric(
          name: name, metric: try type.make(&options), location: item.location)
      }
      options.adopt(reader, under: "metrics")
      resolved.append(reader.resolved["metric"] ?? item)
      guard let metric else { continue }
      if !names.insert(ByteText(metric.name)).inserted {
        options.reject(
          "metrics", Diagnostic("the metric '\(metric.name)' is named twice", at: item.location))
      }
      metrics[head, default: []].append(metric)
    }
    return ConfigValue(.list(resolved))
  }

  private static func nameError(
    inName name: String, of typeName: String, _ fault: String, _ options: Options
  ) -> Diagnostic {
    let isDefault = !options.contains("name")
    let note =
      if isDefault {
        "give it a name: {type: \(typeName), name: …}"
      } else if ColumnName.fault(in: typeName) == nil {
        "without a name it is called '\(typeName)'"
      } else { "" }
    return Diagnostic(
      "a metric cannot be named '\(name)': \(fault)", at: isDefault ? options.location : nil,
      notes: note.isEmpty ? [] : [.init(note)])
  }
}
