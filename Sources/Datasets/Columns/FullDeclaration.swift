public import NNExp

extension DataEncoding {
  /// The `data:` section with everything that was decided from the table: roles, types,
  /// fills, classes.
  ///
  /// - Parameter section: the section with its overrides.
  public func declared(in section: ConfigValue) -> ConfigValue {
    guard source == CSVDeclaration.typeName, case .map(var entries) = section.content,
      let index = entries.firstIndex(where: { $0.key == source }),
      case .map(var csv) = entries[index].value.content
    else { return section }
    func set(_ key: String, _ value: ConfigValue, in entries: inout [ConfigValue.Entry]) {
      if let index = entries.firstIndex(where: { $0.key == key }) {
        entries[index].value = value
      } else {
        entries.append(.init(key: key, value: value))
      }
    }
    set("inputs", selection(inputs.map { ($0.name, $0.table) }), in: &csv)
    set("targets", selection(targets.map { ($0.name, $0.table) }), in: &csv)
    let left = otherColumns.filter { $0.role == .ignored }.map { ConfigValue(.string($0.name)) }
    if !left.isEmpty { set("exclude", ConfigValue(.list(left)), in: &csv) }
    let ids = otherColumns.filter { $0.role == .id }.map { ConfigValue(.string($0.name)) }
    if !ids.isEmpty { set("id", ConfigValue(.list(ids)), in: &csv) }
    if let weight = otherColumns.first(where: { $0.role == .weight }) {
      set("weight", ConfigValue(.string(weight.name)), in: &csv)
    }
    csv.removeAll { $0.key == "categorical" }
    // The columns of an autoencoder are inputs and targets.
    let inputColumns = Set(inputs.flatMap(\.table).map(\.position))
    let read = columns.filter {
      $0.role == .inputs || $0.role == .weight
        || $0.role == .targets && !inputColumns.contains($0.position)
    }
    set("columns", ConfigValue.map(read.map { ($0.name, $0.declaration) }), in: &csv)
    entries[index].value = ConfigValue(.map(csv))
    entries.removeAll { $0.key == "fill" }
    for target in targets where targets.count == 1 {
      let kind = target.labels == nil ? "values" : "classes"
      set("target_kind", ConfigValue(.string(kind)), in: &entries)
      guard let labels = target.labels, labels.names.count <= 1000 else { continue }
      let names = labels.names.map { ConfigValue(.string($0)) }
      set(
        "classes", labels.areIndices ? ConfigValue(.int(names.count)) : ConfigValue(.list(names)),
        in: &entries)
    }
    return ConfigValue(.map(entries))
  }

  /// A list of columns, or a mapping from ports to lists.
  private func selection(_ ports: [(name: String?, columns: [TableColumn])]) -> ConfigValue {
    func names(_ columns: [TableColumn]) -> ConfigValue {
      ConfigValue(.list(columns.map { ConfigValue(.string($0.name)) }))
    }
    guard ports[0].name != nil else { return names(ports[0].columns) }
    return ConfigValue.map(ports.map { ($0.name ?? "", names($0.columns)) })
  }
}

extension TableColumn {
  /// The column's entry under `columns:`.
  fileprivate var declaration: ConfigValue {
    var entries = config.filter { $0.key != "role" }
    if !entries.contains(where: { $0.key == "type" }), let type {
      entries.insert(.init(key: "type", value: ConfigValue(.string(type))), at: 0)
    }
    if !entries.contains(where: { $0.key == "fill" }), let fill {
      entries.append(.init(key: "fill", value: fill.config))
    }
    return ConfigValue(.map(entries))
  }
}
