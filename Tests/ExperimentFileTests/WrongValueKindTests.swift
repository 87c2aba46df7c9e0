import ExperimentFile
import NNExp
import TestSupport
import Testing
import YAMLTree

/// Every value of every experiment is replaced by values of every other kind. Each file then
/// runs, or its errors have locations.
@Suite struct WrongValueKindTests {
  static let intruders: [ConfigValue] = [
    ConfigValue(.null), true, "text", "", -1, 0, 1, 3, 0.5, -2.5, 1e308, 1e19,
    ConfigValue(.int(.max)),
    ConfigValue(.int(.min)), ConfigValue(.int(1 << 40)), ConfigValue(.double(.infinity)),
    ConfigValue(.double(.nan)), [],
    [-1], [[1.5, "a"]], ConfigValue(.map([])), .map([("a", 1)]),
  ]

  /// Each value is replaced by a third of the other kinds, in turn. The experiments read 100
  /// samples, because each wrong value of `data` reads them again.
  @Test(arguments: shippedExperiments)
  func wrongKindsInShippedExperimentsAreReported(path: String) throws {
    let run = BriefRun(path: path)
    let root = try readYAML(path: path).ofFewImages
    #expect(run.errors(of: root) == nil)
    for (index, value) in root.replacements().enumerated() {
      for (number, intruder) in WrongValueKindTests.intruders.enumerated()
      where (index + number).isMultiple(of: 3) {
        check(run, value.name, intruder, value.replaced(intruder))
      }
    }
  }

  /// Every option of every shipped type, with its default written out.
  @Test(arguments: OneOfEachType.declarations)
  func wrongKindsForAnyOptionAreReported(declaration: OneOfEachType) throws {
    let run = BriefRun(path: "a.yaml")
    let root = try experiment(declaration.text).resolved
    #expect(run.errors(of: root) == nil)
    let values = root.replacements().filter { $0.name.hasPrefix(declaration.location) }
    #expect(values.count > 1)
    for value in values {
      for intruder in WrongValueKindTests.intruders {
        check(run, value.name, intruder, value.replaced(intruder))
      }
    }
  }

  /// Several values at once, some of them exchanged with others of the file.
  @Test(arguments: 0..<4)
  func severalWrongKindsInOneFileAreReported(block: Int) throws {
    let run = BriefRun(path: "a.yaml")
    try withEvery("seed", in: block * 150..<block * 150 + 150) { seed in
      var random = SeededGenerator(seed: UInt64(seed))
      let declaration = OneOfEachType.declarations.randomElement(using: &random)!
      var root = try experiment(declaration.text).resolved
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let values = root.replacements()
        let (name, replaced) = values.randomElement(using: &random)!
        let intruder =
          Bool.random(using: &random)
          ? WrongValueKindTests.intruders.randomElement(using: &random)!
          : root.values.randomElement(using: &random)!
        let next = replaced(intruder)
        check(run, "seed \(seed): \(name)", intruder, next)
        root = next
      }
    }
  }

  /// Expects that the experiment runs, or that each error is a sentence with a location in the
  /// file.
  private func check(_ run: BriefRun, _ name: String, _ intruder: ConfigValue, _ root: ConfigValue)
  {
    guard let errors = run.errors(of: root) else { return }
    let comment: Comment = "\(name) = \(intruder.flow)\n\(errors)"
    #expect(errors.list.contains { $0.location != nil }, comment)
    for error in errors.list {
      #expect(!error.message.isEmpty && !error.message.hasSuffix("."), comment)
      for internals in ["Optional(", "NNExp", "Swift", "Error"] {
        #expect(!error.message.contains(internals), comment)
      }
      guard let location = error.location else { continue }
      let lines = location.source.lines
      let line = location.line - location.source.firstLine
      #expect(lines.indices.contains(line), comment)
      guard lines.indices.contains(line) else { continue }
      let width = lines[line].unicodeScalars.count
      #expect((1...width + 1).contains(location.column), comment)
    }
  }
}

extension ConfigValue {
  /// With 100 samples if it reads images.
  fileprivate var ofFewImages: ConfigValue {
    guard case .map(var entries) = content,
      let index = entries.firstIndex(where: { $0.key == "data" }),
      case .map(let data) = entries[index].value.content, data.contains(where: { $0.key == "idx" })
    else { return self }
    entries[index].value = ConfigValue(.map(data + [Entry(key: "limit", value: 100)]))
    return ConfigValue(.map(entries))
  }

  /// For every value in the tree, its name in messages, and a function that replaces it in the
  /// tree. Only the first and last of long lists of numbers.
  fileprivate func replacements() -> [(name: String, replaced: (ConfigValue) -> ConfigValue)] {
    var all: [(name: String, replaced: (ConfigValue) -> ConfigValue)] = [("", { $0 })]
    switch content {
    case .list(let items):
      for index in items.indices {
        if index > 1, index < items.count - 1, items[index].isPlain { continue }
        for (name, replaced) in items[index].replacements() {
          all.append(
            (
              ".\(index)\(name)",
              { intruder in
                var items = items
                items[index] = replaced(intruder)
                return ConfigValue(.list(items))
              }
            ))
        }
      }
    case .map(let entries):
      for index in entries.indices {
        for (name, replaced) in entries[index].value.replacements() {
          all.append(
            (
              ".\(entries[index].key)\(name)",
              { intruder in
                var entries = entries
                entries[index].value = replaced(intruder)
                return ConfigValue(.map(entries))
              }
            ))
        }
      }
    default: break
    }
    return all
  }

  /// True for all but mappings.
  private var isPlain: Bool {
    if case .map = content { false } else { true }
  }

  /// Every value in the tree.
  fileprivate var values: [ConfigValue] {
    switch content {
    case .list(let items): [self] + items.flatMap(\.values)
    case .map(let entries): [self] + entries.flatMap(\.value.values)
    default: [self]
    }
  }
}
