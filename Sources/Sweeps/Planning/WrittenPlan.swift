public import ExperimentFile
import Files
public import NNExp
import Results
import Running
import Tracking
import YAMLTree

/// A sweep's plan as stored in plan.json: the trials and everything from which they are
/// composed, so that every process composes the same trials even if the files change.
///
///     plan.json   name, parameters, trials   what the table needs: see PlanRecord
///                 combinations               of the declaration, one per trial
///                 sources                    the command line's words, the texts of the
///                                            sweep's file and of its base
public struct WrittenPlan: Sendable {
  public let record: PlanRecord
  let combinations: [Int]
  let arguments: [String]
  /// The text of the file that declares the sweep.
  let text: String
  /// The text of the experiment that it names, if that is another file.
  let base: String?
  /// True for a new plan of which any trial writes an event file for TensorBoard.
  private let writesEvents: Bool
  /// The file that the plan was read from; nil for a new plan.
  let file: String?

  public init(_ plan: SweepPlan) {
    let declaration = plan.declaration
    record = PlanRecord(plan)
    combinations = plan.trials.map(\.combination)
    arguments = declaration.arguments
    text = String(decoding: declaration.files[0], as: UTF8.self)
    base = declaration.files.count > 1 ? String(decoding: declaration.bytes, as: UTF8.self) : nil
    file = nil
    writesEvents = plan.writesEvents
  }

  public var json: JSON {
    .object(
      (record.json.object ?? []) + [
        .init("combinations", .array(combinations.map(JSON.int))),
        .init(
          "sources",
          [
            "arguments": .array(arguments.map(JSON.string)), "file": .string(text),
            "base": JSON(base),
          ]),
      ])
  }

  /// Reads a plan from a file such as `results/xor/sweep/plan.json`; nil if there is no plan
  /// that contains the sources of its trials.
  public init?(reading path: String) throws {
    guard
      let bytes = try FileSystem.system.currentFolder.readIfThere(path, limit: 1 << 28)
    else { return nil }
    try self.init(RecordReader(parsing: bytes, from: path))
  }

  /// Nil if an earlier version wrote the plan, without sources.
  public init?(_ file: RecordReader) throws {
    record = try PlanRecord(file)
    guard let sources = file.memberIfThere("sources") else { return nil }
    combinations = try file.items("combinations").map { item in
      try item.value(expecting: "an integer ≥ 0") { $0.int.flatMap { $0 >= 0 ? $0 : nil } }
    }
    guard combinations.count == record.trials.count else {
      throw try file.member("combinations").fault(
        "has \(combinations.count) items, and trials has \(record.trials.count)")
    }
    arguments = try sources.texts("arguments")
    text = try sources.value("file", \.string)
    base = try sources.optional("base", \.string)
    self.file = file.file
    writesEvents = false
  }

  /// Whether the plugins that a plan names may be loaded; see `PluginPolicy`.
  public static func pluginPolicy(
    ofPlan path: String, isTrusted: Bool
  ) throws -> PluginPolicy {
    guard
      let plans = try FileSystem.system.currentFolder.openFolderIfThere(Path.folder(of: path))
    else { return .load }
    return try PluginPolicy(ofFile: Path.name(of: path), in: plans, isTrusted: isTrusted)
  }

  /// The declaration of the planned sweep, as if its file at `path` were unchanged. Errors name
  /// the plan's file, which may have been edited.
  public func declaration(at path: String) throws -> SweepDeclaration {
    do {
      return try SweepDeclaration(path: path, arguments: arguments) {
        Array(($0 == path ? text : base ?? text).utf8)
      }
    } catch {
      guard let file else { throw error }
      var found = Diagnostics()
      found.add(error)
      throw Diagnostics(
        found.list.map { diagnostic in
          var diagnostic = diagnostic
          diagnostic.notes.append(.init("the sweep is read from sources in '\(file)'"))
          return diagnostic
        })
    }
  }

  /// True if a declaration is the one that was planned.
  public func isOf(_ declaration: SweepDeclaration) -> Bool {
    arguments.hasSameTexts(as: declaration.arguments)
      && text.utf8.elementsEqual(declaration.files[0])
      && (base ?? text).utf8.elementsEqual(declaration.bytes)
  }
}

extension WrittenPlan {
  /// The plan in a sweep's folder. If there is none, writes a new one; of several processes at
  /// the same time, all use the plan of the first.
  ///
  /// Throws if the existing plan has other arguments.
  public static func existingOrNew(
    in folder: SweepFolder, for declaration: SweepDeclaration, registry: Registry
  ) throws -> WrittenPlan {
    if let found = try found(in: folder, for: declaration) { return found }
    // All errors in the file are reported before anything is created.
    let plan = WrittenPlan(try SweepPlan(declaration, registry: registry))
    try folder.make()
    let lock = try TrialLock.ofPlan(in: folder, seconds: 10)
    defer { withExtendedLifetime(lock) {} }
    if let found = try found(in: folder, for: declaration) { return found }
    try plan.write(to: folder)
    return plan
  }

  private static func found(
    in folder: SweepFolder, for declaration: SweepDeclaration
  ) throws -> WrittenPlan? {
    guard let found = try WrittenPlan(reading: folder.path + "/" + PlanRecord.file) else {
      return nil
    }
    guard found.arguments.hasSameTexts(as: declaration.arguments) else {
      func words(_ arguments: [String]) -> String {
        arguments.isEmpty ? "none" : arguments.map(quotedForShell).joined(separator: " ")
      }
      throw Diagnostic(
        "'\(folder.path)/\(PlanRecord.file)' has other arguments: \(words(found.arguments)); found "
          + words(declaration.arguments),
        notes: [.init("to write a new plan, replace --trial by --plan")])
    }
    return found
  }

  /// Replaces the plan in a sweep's folder, and the parameters for TensorBoard.
  public func write(to folder: SweepFolder) throws {
    // Written first: the plan's file shows that the plan is complete.
    if writesEvents { try SweepEvents(record).write(to: folder, time: secondsSince1970()) }
    try folder.write(json.description + "\n", to: PlanRecord.file)
  }
}
