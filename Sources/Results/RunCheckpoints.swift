import NNExp

extension Checkpoint {
  /// The folder of a run's checkpoints.
  public static let folder = "checkpoints"

  /// Which of a run's checkpoints.
  public enum Generation: String, Sendable, CaseIterable {
    /// The newest; the one before is kept as well.
    case last
    /// That of the best validation figure so far.
    case best

    fileprivate var file: String { "\(Checkpoint.folder)/\(rawValue).nnx" }
    fileprivate var previous: String? {
      self == .last ? "\(Checkpoint.folder)/last.previous.nnx" : nil
    }
  }
}

extension RunDirectory {
  /// Writes a checkpoint. Of `last`, the one so far becomes the one before.
  ///
  /// - Parameter durably: wait for the disk; `isWorthFlushing` unless said.
  public func save(
    _ checkpoint: Checkpoint, as generation: Checkpoint.Generation, durably: Bool? = nil
  ) throws {
    let durably = durably ?? isWorthFlushing
    try folder.replace(generation.file, durably: durably, with: checkpoint.write(to:)) {
      if let previous = generation.previous {
        try folder.renameIfThere(generation.file, to: previous)
      }
    }
  }

  /// Reads the newest good checkpoint of a generation.
  ///
  /// - Returns: nil where none was ever written. With a `warning` where the
  ///   newest is damaged and the one before took its place.
  /// - Throws: a `Diagnostic` of kind `.environment` where none is good.
  public func checkpoint(
    _ generation: Checkpoint.Generation, memory: Int = physicalMemory()
  ) throws -> (checkpoint: Checkpoint, warning: Diagnostic?)? {
    let damage: Diagnostic
    do {
      if let newest = try Checkpoint.read(generation.file, in: self, memory: memory) {
        return (newest, nil)
      }
      // Killed between the two renames of `save`, a run has the one before alone.
      guard let previous = generation.previous else { return nil }
      return try Checkpoint.read(previous, in: self, memory: memory).map { ($0, nil) }
    } catch let error as Diagnostic {
      damage = error
    }
    guard let file = generation.previous else { throw damage }
    var combined = damage
    do {
      if let previous = try Checkpoint.read(file, in: self, memory: memory) {
        combined.severity = .warning
        combined.notes.append(.init("the one before, '\(folder.path(of: file))', is used"))
        return (previous, combined)
      }
      combined.notes.append(.init("there is no earlier one"))
    } catch let error as Diagnostic {
      combined.notes.append(.init(error.message))
    }
    throw combined
  }
}
