import Files
import NNExp
import Reports
import Results
import Sweeps
import Synchronization

/// The list of all runs and sweeps below a folder, kept between requests.
///
/// A folder is read again only if its time of modification has changed: creating a run and
/// replacing a summary change the time of the folder that contains it. Runs and sweeps from
/// which more results are expected are read each time.
final class RunIndex: Sendable {
  /// The entries, newest first. The number grows with every change of the list.
  struct Listing: Sendable {
    var entries: [RunList.Entry] = []
    var version = 0
  }

  /// The content of a folder.
  private enum Content {
    /// Folders that may contain runs.
    case folders([String])
    case entry(RunList.Entry)
    case nothing
  }

  private struct Known {
    let mark: FileMark
    /// The mark of a sweep's folder `trials`.
    let trials: FileMark?
    let content: Content

    /// True if reading the folder again would find the same.
    func isValid(_ path: String, _ mark: FileMark) -> Bool {
      if self.mark != mark || mark.isRecent { return false }
      guard case .entry(let entry) = content else { return true }
      return !entry.isOpen && (!entry.isSweep || FileMark(path + "/trials") == trials)
    }
  }

  private struct State {
    var known: [String: Known] = [:]
    var listing = Listing()
    var scanned = 0.0
    var duration = 0.0
  }

  private let folder: ServedFolder
  private let state = Mutex(State())

  init(_ folder: ServedFolder) { self.folder = folder }

  /// The list as the files are now, or were up to three seconds ago.
  ///
  /// - Throws: a `Diagnostic` if the folder does not exist.
  func listing() throws -> Listing {
    try state.withLock { state in
      let start = monotonicSeconds()
      // Scans of many runs take at most a tenth of the time.
      let pause = max(0.5, min(3, 10 * state.duration))
      if state.scanned > 0, start - state.scanned < pause {
        return state.listing
      }
      _ = try RunList.folder(folder.path)
      let (known, isSame) = scan(earlier: state.known)
      if !isSame {
        let found = Self.entries(known)
        if !found.elementsEqual(state.listing.entries, by: Self.isSame) {
          state.listing = Listing(entries: found, version: state.listing.version + 1)
        }
        state.known = known
      }
      state.scanned = monotonicSeconds()
      state.duration = state.scanned - start
      return state.listing
    }
  }

  /// The runs and sweeps of folders, newest first.
  private static func entries(_ known: [String: Known]) -> [RunList.Entry] {
    let found = known.values.compactMap { folder -> RunList.Entry? in
      if case .entry(let entry) = folder.content { entry } else { nil }
    }
    // Positions are faster to move than entries.
    return found.indices.sorted { RunList.isNewer(found[$0], found[$1]) }.map { found[$0] }
  }

  /// The number of folders that a thread examines at a time.
  private static let block = 64

  /// Examines all folders, level by level.
  ///
  /// - Returns: `isSame` if no folder was read again and none has gone.
  private func scan(earlier: [String: Known]) -> (known: [String: Known], isSame: Bool) {
    var all: [String: Known] = [:]
    var isSame = true
    all.reserveCapacity(earlier.count)
    // The folder itself may be a link; those below are not followed.
    var level = [(path: folder.path, mark: folder.path + "/.")]
    for depth in 0...RunList.mostLevels where !level.isEmpty {
      let paths = level
      let blocks = Workers.map((paths.count + Self.block - 1) / Self.block) { block in
        paths[(block * Self.block)..<min(paths.count, (block + 1) * Self.block)].map {
          Self.examine($0.path, FileMark($0.mark), earlier[$0.path])
        }
      }
      var next: [(path: String, mark: String)] = []
      for (place, examined) in zip(paths, blocks.joined()) {
        guard let (known, isKept) = examined else { continue }
        all[place.path] = known
        if !isKept { isSame = false }
        guard case .folders(let names) = known.content, depth < RunList.mostLevels else { continue }
        next += names.map { name in
          let path = Path.join(place.path, name)
          return (path, path)
        }
      }
      level = next
    }
    return (all, isSame && all.count == earlier.count)
  }

  /// The state of a folder now, and whether it is the earlier one; nil if it is no folder.
  private static func examine(
    _ path: String, _ mark: FileMark?, _ earlier: Known?
  ) -> (known: Known, isKept: Bool)? {
    guard let mark, mark.isFolder else { return nil }
    if let earlier, earlier.isValid(path, mark) { return (earlier, true) }
    let isSweep = FileMark(path + "/" + PlanRecord.file) != nil
    let trials = isSweep ? FileMark(path + "/trials") : nil
    return (Known(mark: mark, trials: trials, content: read(path, isSweep: isSweep)), false)
  }

  private static func read(_ path: String, isSweep: Bool) -> Content {
    guard isSweep || FileMark(path + "/" + RunRecord.file) != nil else {
      return .folders(Path.names(in: path).valid.filter { !$0.hasPrefix(bytes: ".") })
    }
    do {
      if isSweep {
        try ServedFolder.requireNoLinks(in: path)
      } else {
        try ServedFolder.requireNoLinks(RunList.files.map { path + "/" + $0 })
      }
      return try (isSweep ? RunList.sweep(path) : RunList.run(path)).map(Content.entry) ?? .nothing
    } catch { return .nothing }
  }

  private static func isSame(_ a: RunList.Entry, _ b: RunList.Entry) -> Bool {
    a.path.hasSameBytes(as: b.path) && a.status == b.status && a.epochs == b.epochs
      && a.started == b.started && a.metric?.value.bitPattern == b.metric?.value.bitPattern
  }
}
