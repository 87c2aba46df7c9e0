import NNExp

extension Checkpoint {
  /// The folder of a run's checkpoints.
  public static let folder = "checkpoints"

  /// The most of a run's states that may be kept.
  public static let mostKept = 100

  /// Which of a run's checkpoints.
  public enum Generation: String, Sendable, CaseIterable {
    /// All that an unfinished run goes on from; some before are kept as well.
    case state
    /// The weights of the last row.
    case last
    /// Those of the best validation figure.
    case best

    fileprivate var file: String { file(age: 0) }

    /// The file of the newest at age 0, of the one before at age 1, ….
    fileprivate func file(age: Int) -> String {
      let mark = age == 0 ? "" : age == 1 ? ".previous" : ".previous\(age)"
      return "\(Checkpoint.folder)/\(rawValue)\(mark).nnx"
    }
  }
}

extension Checkpoint {
  /// True for the names of files in `folder`.
  static func isFile(_ name: String) -> Bool {
    let isOfState =
      name.hasPrefix(bytes: "state.previous") && name.hasSuffix(bytes: ".nnx")
      && name.utf8.dropFirst(14).dropLast(4).allSatisfy { 0x30...0x39 ~= $0 }
    return isOfState || ["state.nnx", "last.nnx", "best.nnx"].contains(name)
  }
}

extension RunDirectory {
  /// Writes a checkpoint. Of `state`, the ones so far become older by one.
  ///
  /// - Parameters:
  ///   - keep: how many there may be afterwards, of `state`.
  ///   - durably: wait for the disk; `isWorthFlushing` unless said.
  public func save(
    _ checkpoint: Checkpoint, as generation: Checkpoint.Generation, keep: Int = 2,
    durably: Bool? = nil
  ) throws {
    let durably = durably ?? isWorthFlushing
    guard generation == .state else {
      return try replace(generation.file, durably: durably, with: checkpoint.write(to:))
    }
    noteState()
    try folder.replace(generation.file, durably: durably, with: checkpoint.write(to:)) {
      for age in (1..<max(1, keep)).reversed() {
        try folder.renameIfThere(
          generation.file(age: age - 1), to: generation.file(age: age))
      }
    }
  }

  /// Writes the checkpoint of the last weights, which are the best as well: one file of
  /// two names, where the file system has those.
  public func saveLastAndBest(_ checkpoint: Checkpoint) throws {
    try save(checkpoint, as: .last)
    let (best, last) = (Checkpoint.Generation.best.file, Checkpoint.Generation.last.file)
    if try !folder.giveSecondName(best, to: last) { return try save(checkpoint, as: .best) }
    if isWorthFlushing { try folder.synchronize(holding: best) }
  }

  /// Removes every checkpoint of `state`: a run that is over needs none.
  public func removeStates() throws {
    if !mayHaveStates { return }
    let states = try folder.openFolder(Checkpoint.folder)
    for name in try states.entries() where name.hasPrefix(bytes: "state.") {
      try states.remove(name)
    }
  }

  /// Reads the newest good checkpoint of a generation.
  ///
  /// - Returns: nil where none was ever written. With a `warning` where the
  ///   newest is damaged and an older one took its place.
  /// - Throws: a `Diagnostic` of kind `.environment` where none is good, or where
  ///   one cannot be read: an older one would then be no better, and its use a loss.
  public func checkpoint(
    _ generation: Checkpoint.Generation, memory: Int = physicalMemory()
  ) throws -> (checkpoint: Checkpoint, warning: Diagnostic?)? {
    var damage: Diagnostic?
    var missing = 0
    var age = 0
    // Killed between two renames of `save`, a run lacks one age in the row.
    let oldest = generation == .state ? Checkpoint.mostKept - 1 : 0
    while missing < 2, age <= oldest {
      let file = generation.file(age: age)
      do {
        if let found = try Checkpoint.read(file, in: folder, memory: memory) {
          guard var warning = damage else { return (found, nil) }
          warning.severity = .warning
          warning.notes.append(.init("the one before, '\(folder.path(of: file))', is used"))
          return (found, warning)
        }
        missing += 1
      } catch let error as Checkpoint.Damage {
        let found = error.diagnostic
        if damage == nil { damage = found } else { damage?.notes.append(.init(found.message)) }
      } catch var error as Diagnostic {
        if generation == .state {
          error.notes.append(.init("remove it to go on from the one before, if there is one"))
        }
        throw error
      }
      age += 1
    }
    guard var damage else { return nil }
    if generation == .state, damage.notes.isEmpty {
      damage.notes.append(.init("there is no earlier one"))
    }
    throw damage
  }
}
