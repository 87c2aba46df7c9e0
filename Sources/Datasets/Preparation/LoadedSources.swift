import NNExp

/// The rows of the sources of an experiment as their files contain them, before a limit, a split
/// and scales. Experiments whose data differ only in these, or in the seed, share them.
public struct LoadedSources: Sendable {
  /// The rows of a source, and the path of the first file that was opened for it.
  typealias Part = (rows: SourceRows, path: String?)

  let main: Part
  let validation: Part?
  let test: Part?

  /// The files that were read, in the order of reading.
  let files: [DataFile]

  let isStreamed: Bool

  /// The memory for parts of streamed files, in bytes.
  let windowBytes: Int

  /// The memory of whole files, in bytes.
  let heldBytes: Int

  /// The memory for the parts of files that are read once, in bytes.
  let partBytes: Int

  init(main: Part, validation: Part?, test: Part?, _ shelf: FileShelf) throws {
    (self.main, self.validation, self.test) = (main, validation, test)
    files = try shelf.files()
    isStreamed = shelf.isStreamed
    (windowBytes, heldBytes, partBytes) = (shelf.windowBytes, shelf.heldBytes, shelf.partBytes)
  }
}

extension DataDeclaration {
  /// Reads the files of the data.
  ///
  /// - Parameter scratch: the path near which a file without a name stores the numbers of
  ///   streamed tables, so that they are parsed once; nil for none.
  /// - Throws: `Diagnostics`.
  public func sources(
    seed: UInt64, incomplete: Set<String> = [], needs: [String: TargetNeeds] = [:],
    scratch: String? = nil
  ) throws -> LoadedSources {
    try DataDeclaration.collectingErrors {
      try sources(
        seed: seed, incomplete: incomplete, needs: needs,
        FileShelf(isStreamed: isStreamed, scratch: scratch))
    }
  }

  func sources(
    seed: UInt64, incomplete: Set<String> = [], needs: [String: TargetNeeds] = [:],
    fitted: DataEncoding? = nil, _ shelf: FileShelf
  ) throws -> LoadedSources {
    guard let source else { throw Diagnostic("the data section names no source") }
    let random = RandomStream(seed: seed, purpose: "generated data")
    var settings = TableSettings(
      split: split.column, words: split.words, splitKey: split.group ?? split.order,
      isOrdered: split.isOrdered, fill: fill,
      incomplete: incomplete, indices: indices.names)
    settings.ignored = needs.compactMapValues(\.ignore)
    settings.knownColumns =
      fitted.map { $0.inputs.flatMap(\.table) + $0.targets.flatMap(\.table) } ?? []
    func read(_ source: SourceDeclaration, _ random: RandomStream, limit: Int? = nil) throws
      -> LoadedSources.Part
    {
      let filesRead = shelf.paths.count
      let rows = try source.read(
        DataRequest(limit: limit, random: random, files: shelf, table: settings)
      ).ignoring(settings.ignored)
      return (rows, shelf.paths.dropFirst(filesRead).first)
    }
    // Generated samples are already random. A limit takes a random part of the samples of a
    // file.
    let main = try read(source, random, limit: isGenerated ? limit : nil)
    (settings.split, settings.splitKey, settings.knownColumns) = (nil, nil, [])
    settings.training = main.rows
    let validation = try validation.map { try read($0, random.stream(1)) }
    let test = try test.map { try read($0, random.stream(2)) }
    return try LoadedSources(main: main, validation: validation, test: test, shelf)
  }
}
