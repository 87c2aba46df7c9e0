import NNExp

extension Checkpoint {
  /// The folder of a run's checkpoints.
  public static let folder = "checkpoints"

  /// The maximum number of states that a run can keep.
  public static let mostKept = 100

  /// The kinds of a run's checkpoints.
  public enum Generation: String, Sendable, CaseIterable {
    /// The state from which an unfinished run resumes. Some older states are kept as well.
    case state
    /// The weights of the last row.
    case last
    /// The weights of the row with the best monitored value.
    case best

    fileprivate var file: String { file(age: 0) }

    /// The file of the newest checkpoint for age 0, of the one before for age 1, ….
    fileprivate func file(age: Int) -> String {
      let mark = age == 0 ? "" : age == 1 ? ".previous" : ".previous\(age)"
      return "\(Checkpoint.folder)/\(rawValue)\(mark).nnx"
    }
  }
}

extension Checkpoint {
  /// True for the names of the files in the folder of checkpoints.
  static func isFile(_ name: String) -> Bool {
    let isOfState =
      name.hasPrefix(bytes: "state.previous") && name.hasSuffix(bytes: ".nnx")
      && name.utf8.dropFirst(14).dropLast(4).allSatisfy { 0x30...0x39 ~= $0 }
    return isOfState || ["state.nnx", "last.nnx", "best.nnx", "samples.npz"].contains(name)
  }
}

extension RunDirectory {
  /// Writes a checkpoint. The age of each existing `state` increases by one.
  ///
  /// - Parameters:
  ///   - keep: for `state`, the maximum number of files after the call.
  ///   - durably: true to wait for the disk; by default, `isWorthFlushing`.
  public func save(
    _ checkpoint: Checkpoint, as generation: Checkpoint.Generation, keep: Int = 2,
    durably: Bool? = nil
  ) throws {
    let durably = durably ?? isWorthFlushing
    guard generation == .state else {
      return try replace(generation.file, durably: durably, with: checkpoint.write(to:))
    }
    recordState()
    try folder.replace(generation.file, durably: durably, with: checkpoint.write(to:)) {
      for age in (1..<max(1, keep)).reversed() {
        try folder.renameIfThere(
          generation.file(age: age - 1), to: generation.file(age: age))
      }
    }
  }

  /// Writes a checkpoint of the last weights, which are also the best: one file with two names
  /// if the file system supports that.
  public func saveLastAndBest(_ checkpoint: Checkpoint) throws {
    try save(checkpoint, as: .last)
    let (best, last) = (Checkpoint.Generation.best.file, Checkpoint.Generation.last.file)
    if try !folder.createHardLink(best, to: last) { return try save(checkpoint, as: .best) }
    if isWorthFlushing { try folder.synchronize(holding: best) }
  }

  /// Removes every `state` checkpoint, because a finished run does not need them.
  public func removeStates() throws {
    if !mayHaveStates { return }
    let states = try folder.openFolder(Checkpoint.folder)
    for name in try states.entries() where name.hasPrefix(bytes: "state.") {
      try states.remove(name)
    }
  }

  /// Reads the newest valid checkpoint of a kind.
  ///
  /// - Returns: nil if none was ever written. It has a `warning` if the newest is damaged and
  ///   an older one was used.
  /// - Throws: a `Diagnostic` of kind `.environment` if none is valid, or if one cannot be
  ///   read: an older one is then probably not readable either, and using it would lose
  ///   progress.
  public func checkpoint(
    _ generation: Checkpoint.Generation, memory: Int = physicalMemory()
  ) throws -> (checkpoint: Checkpoint, warning: Diagnostic?)? {
    var damage: Diagnostic?
    var missing = 0
    var age = 0
    // A process that was killed between two renames in `save` leaves a gap in the ages.
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
          error.notes.append(.init("remove it to continue from the one before, if there is one"))
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
