import NNExp

/// Where samples come from: the one source key of a `data:` section, or of
/// `validation:` or `test:` in it.
enum DataSource: Sendable {
  case inline(InlineData)
  case csv(CSVDeclaration)
  case arrays(ArrayPair)
  case npz(NPZDeclaration)
  case generated(GeneratedData)

  static let keys = ["inline", "csv", "idx", "npy", "npz", "generated"]

  /// Nil where there was a mistake, which is recorded.
  ///
  /// - Parameter model: the training data's declaration where it is CSV too.
  init?(
    from options: inout Options, registry: Registry, folder: String, like model: CSVDeclaration?
  ) {
    // Every key is read, so that a manual of the section knows them all.
    let inline = options.source("inline", "samples written out here") {
      InlineData(from: &$0)
    }
    let csv = options.source("csv", "a CSV file: its path, or a mapping", shorthand: "path") {
      CSVDeclaration(from: &$0, folder: folder, like: model)
    }
    let idx = options.source("idx", "two IDX files, .gz too") {
      ArrayPair(.idx, from: &$0, folder: folder)
    }
    let npy = options.source("npy", "two NPY files") {
      ArrayPair(.npy, from: &$0, folder: folder)
    }
    let npz = options.source("npz", "an NPZ archive: its path, or a mapping", shorthand: "path") {
      NPZDeclaration(from: &$0, folder: folder)
    }
    let place = options.place(of: "generated")
    let generated = options.component(
      "generated", of: registry.generators, "samples from a rule"
    ) { type, inner in
      GeneratedData(generator: try type.make(&inner), name: type.name, place: place)
    }

    let present = DataSource.keys.filter { options.contains($0) }
    guard present.count == 1 else {
      if present.isEmpty {
        options.reject(
          "", "missing source: one of \(DataSource.keys.joined(separator: ", ")) is required")
      } else {
        options.reject(present[1], "two sources, '\(present[0])' and '\(present[1])': keep one")
      }
      return nil
    }
    if let inline {
      self = .inline(inline)
    } else if let csv {
      self = .csv(csv)
    } else if let pair = idx ?? npy {
      self = .arrays(pair)
    } else if let npz {
      self = .npz(npz)
    } else if let generated {
      self = .generated(generated)
    } else {
      return nil
    }
  }

  /// The samples; `known` are the training data where these are not.
  func read(
    _ shelf: inout FileShelf, limit: Int? = nil, split: ColumnSelection? = nil,
    like known: RawData? = nil, random: RandomStream
  ) throws -> RawData {
    switch self {
    case .inline(let inline): inline.read(limit: limit)
    case .csv(let csv): try csv.read(&shelf, limit: limit, split: split, like: known)
    case .arrays(let pair): try pair.read(&shelf, limit: limit)
    case .npz(let npz): try npz.read(&shelf, limit: limit)
    case .generated(let generated): try generated.read(random, limit: limit)
    }
  }

  /// Whether its files can be read in parts.
  var canBeStreamed: Bool {
    switch self {
    case .csv, .arrays: true
    case .inline, .npz, .generated: false
    }
  }

  var csv: CSVDeclaration? {
    if case .csv(let csv) = self { csv } else { nil }
  }
}

extension Options {
  /// Reads one source's options, or nil where the key is absent or wrong; a
  /// text alone stands for the option `shorthand`.
  fileprivate mutating func source<Source>(
    _ key: String, _ explanation: String, shorthand: String? = nil,
    _ body: (inout Options) -> Source?
  ) -> Source? {
    guard var node = node(key, "a mapping", explanation) else { return nil }
    if let shorthand, case .string = node.content {
      node = Node(.map([.init(key: shorthand, value: node)]), at: node.place)
    }
    return component(key, from: node) { body(&$0) } ?? nil
  }
}
