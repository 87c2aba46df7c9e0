import NNExp
import Reference

/// A place in a file where a value is expected: its domain, and the key that it belongs to.
struct Place {
  let domain: Options.Description.Domain
  /// The path of the mapping in the reference: `train.checkpoint`.
  let path: String
  /// The description of the key; nil for elements and for names that the file chooses.
  var key: Options.Description?

  /// The whole file.
  static func root(of tree: LooseValue) -> Place {
    Place(domain: .keys, path: tree.isSweep ? "sweep file" : "")
  }
}

extension FileReference {
  /// The keys that a mapping at a place may have. A mapping whose domain is not certain has the
  /// keys of all its domains.
  func keys(at place: Place, of value: LooseValue) -> [Options.Description] {
    keys(of: place.domain, place, value)
  }

  private func keys(
    of domain: Options.Description.Domain, _ place: Place, _ value: LooseValue
  ) -> [Options.Description] {
    switch domain {
    case .keys:
      switch place.path {
      case "plugins": return keys["plugins.plugin"] ?? []
      case "train.groups": return keys["train.groups.group"] ?? []
      case "data.validation", "data.test":
        return (keys["data"] ?? []).filter { registry.sources[$0.key] != nil }
      default: break
      }
      let own = keys[place.path] ?? place.key?.keys ?? []
      guard let type = own.first(where: { $0.key == "type" }), case .component? = type.domain
      else { return own.filter { $0.key != $0.key.uppercased() } }
      return own + options(of: type.domain, value).filter { $0.key != "type" }
    case .component:
      let isOfModel = ["model", "blocks", "model.block"].contains(place.path)
      let block = isOfModel ? keys["model.block"] ?? [] : []
      if value["block"] != nil, !block.isEmpty { return block }
      return options(of: domain, value) + (value["type"] == nil ? block.prefix(1) : [])
    case .either(let domains):
      var all: [Options.Description] = []
      for key in domains.flatMap({ keys(of: $0, place, value) })
      where !all.contains(where: { $0.key == key.key }) {
        all.append(key)
      }
      return all
    default: return []
    }
  }

  /// The keys of a component: its type, the keys that all types share, and those of the type
  /// that the mapping names.
  private func options(
    of domain: Options.Description.Domain?, _ value: LooseValue
  ) -> [Options.Description] {
    guard case .component(let kind)? = domain else { return [] }
    let paths = ["layer": "model.layer", "loss": "loss.loss", "metric": "metrics.metric"]
    let shared = (paths[kind].flatMap { keys[$0] } ?? []).filter { $0.key != "type" }
    let type = Options.Description(
      key: "type", range: "the name of a \(kind)", fallback: nil,
      explanation: "the type, one of those that nnexp types lists", domain: .component(kind))
    let name = value["type"]?.text?.text
    let own = name.flatMap { self.options(ofType: $0, kind: kind) } ?? []
    return [type] + shared.filter { key in !own.contains { $0.key == key.key } } + own
  }

  func options(ofType name: String, kind: String) -> [Options.Description]? {
    types[kind]?.first { $0.name == name }?.options
  }

  /// The place of the value under a key of a mapping; nil if the key is unknown.
  func place(under key: String, of value: LooseValue, at place: Place) -> Place? {
    if let known = keys(at: place, of: value).first(where: { $0.key == key }) {
      let isRoot = place.path.isEmpty || place.path == "sweep file"
      // A part of the data has the keys of the data section.
      let parent =
        switch place.path {
        case "data.validation", "data.test": "data"
        // A block may contain another.
        case "blocks" where key == "block" || value["block"] != nil: "model"
        case "model.block": value["block"] == nil ? place.path : "model"
        default: place.path
        }
      return Place(
        domain: known.domain ?? .anything, path: isRoot ? key : "\(parent).\(key)", key: known)
    }
    if let others = (keys[place.path] ?? []).first(where: { $0.key == $0.key.uppercased() }),
      let domain = others.domain, place.domain.hasKeys
    {
      return Place(domain: domain, path: place.path + "." + key, key: others)
    }
    return place.domain.valueOfMapping.map { Place(domain: $0, path: place.path, key: place.key) }
  }
}

extension Options.Description.Domain {
  /// The domain of the values of a mapping whose keys the file chooses.
  var valueOfMapping: Options.Description.Domain? {
    switch self {
    case .mapping(let value): value
    case .either(let domains): domains.lazy.compactMap(\.valueOfMapping).first
    default: nil
    }
  }

  /// The domain of the elements of a list.
  var element: Options.Description.Domain? {
    switch self {
    case .list(let element, _): element
    case .either(let domains): domains.lazy.compactMap(\.element).first
    default: nil
    }
  }

  var hasKeys: Bool {
    switch self {
    case .keys: true
    case .either(let domains): domains.contains(where: \.hasKeys)
    default: false
    }
  }

  /// Every domain of a single value, without the alternatives.
  var alternatives: [Options.Description.Domain] {
    if case .either(let domains) = self { domains.flatMap(\.alternatives) } else { [self] }
  }
}

/// The way from the whole file to a scalar at an offset.
struct Cursor {
  enum Role { case key(LooseEntry), value }

  let role: Role
  /// The scalar at the offset.
  let text: LooseText
  /// The mapping that contains the key, or the value itself.
  let value: LooseValue
  /// The place of the mapping if the scalar is a key; otherwise that of the scalar.
  let place: Place
  /// The keys from the whole file to the scalar; a list's element has its index.
  let steps: [String]

  /// The scalar that contains or ends at an offset; nil if there is none.
  init?(at offset: Int, in tree: LooseValue, _ reference: FileReference) {
    var steps: [String] = []
    guard
      let found = Cursor.find(offset, in: tree, at: .root(of: tree), reference, &steps)
    else { return nil }
    self = found
  }

  private init(
    _ role: Role, _ text: LooseText, _ value: LooseValue, _ place: Place, _ steps: [String]
  ) {
    (self.role, self.text, self.value, self.place, self.steps) = (role, text, value, place, steps)
  }

  private static func find(
    _ offset: Int, in value: LooseValue, at place: Place, _ reference: FileReference,
    _ steps: inout [String]
  ) -> Cursor? {
    func contains(_ range: Range<Int>) -> Bool {
      range.lowerBound <= offset && offset <= range.upperBound
    }
    switch value {
    case .empty: return nil
    case .scalar(let text):
      return contains(text.range) ? Cursor(.value, text, value, place, steps) : nil
    case .list(let items, let range):
      guard contains(range) else { return nil }
      let domain = place.domain.element ?? .anything
      for (index, item) in items.enumerated() {
        steps.append("\(index)")
        let inner = Place(domain: domain, path: place.path, key: place.key)
        if let found = find(offset, in: item, at: inner, reference, &steps) { return found }
        steps.removeLast()
      }
      return nil
    case .map(let entries, let range):
      guard contains(range) else { return nil }
      for entry in entries {
        if contains(entry.key.range) {
          return Cursor(.key(entry), entry.key, value, place, steps + [entry.key.text])
        }
        let inner =
          reference.place(under: entry.key.text, of: value, at: place)
          ?? Place(domain: .anything, path: "?")
        steps.append(entry.key.text)
        if let found = find(offset, in: entry.value, at: inner, reference, &steps) {
          return found
        }
        steps.removeLast()
      }
      return nil
    }
  }
}
