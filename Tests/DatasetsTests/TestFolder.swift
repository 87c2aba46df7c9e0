import Foundation
import NNExp
import TestSupport
import Testing

@testable import Datasets

/// The components that this module registers.
let datasetsRegistry: Registry = {
  var registry = Registry()
  registerDatasets(in: &registry)
  return registry
}()

/// A folder of data files with declarations that refer to them. It is deleted when the test
/// ends.
final class TestFolder {
  private let scratch = Scratch()
  var path: String { scratch.path }
  var registry = datasetsRegistry

  init(_ files: [String: [UInt8]] = [:]) throws {
    for (name, bytes) in files { try write(bytes, to: name) }
  }

  convenience init(_ files: [String: String]) throws {
    try self.init(files.mapValues { Array($0.utf8) })
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  /// The bytes of all files.
  private var size: Int {
    let manager = FileManager.default
    return ((try? manager.contentsOfDirectory(atPath: path)) ?? []).reduce(0) { sum, file in
      let facts = try? manager.attributesOfItem(atPath: path + "/" + file)
      return sum + (facts?[.size] as? Int ?? 0)
    }
  }

  /// The `data:` section with these lines.
  func declaration(_ section: String) throws -> DataDeclaration {
    var options = Options(try Declaration.node(section))
    let declaration = DataDeclaration(from: &options, registry: registry, folder: path)
    try options.finish()
    return declaration
  }

  func load<S: Scalar>(
    _ section: String, as type: S.Type, seed: UInt64 = 1, incomplete: Set<String> = []
  ) throws -> RunDatasets<S> {
    let declaration = try declaration(section)
    let held = Result { try declaration.load(as: type, seed: seed, incomplete: incomplete) }
    if declaration.source?.source is any StreamableSource {
      try expectTheSame(
        of: declaration, section, as: type, seed: seed, incomplete: incomplete, held)
    }
    return try held.get()
  }

  /// Expects that streaming in small parts, with and without a file of numbers, and reading small
  /// parts on several threads, give the same numbers and errors as reading whole files.
  private func expectTheSame<S: Scalar>(
    of declaration: DataDeclaration, _ section: String, as type: S.Type, seed: UInt64,
    incomplete: Set<String>, _ held: Result<RunDatasets<S>, any Error>
  ) throws {
    // The stride depends on the files, so that a failure can be repeated.
    let stride = 1 + (section.utf8.count + size) % 64
    for (isStreamed, scratch) in [(false, nil), (true, nil), (true, path)] {
      let parts = Result {
        try declaration.assemble(
          as: type, seed: seed, incomplete: incomplete,
          FileShelf(isStreamed: isStreamed, stride: stride, scratch: scratch))
      }
      let trace: Comment =
        "\(section), \(stride) bytes at a time, streamed: \(isStreamed), stored: \(scratch != nil)"
      switch (held, parts) {
      case (.success(let held), .success(let parts)):
        #expect(parts.train.isStreamed == isStreamed, trace)
        for (a, b) in [
          (held.train, parts.train), (held.validation, parts.validation), (held.test, parts.test),
        ] {
          #expect(a?.count == b?.count, trace)
          let a = try a.map { try $0.held(0..<$0.count) }
          let all = try b.map { try $0.held(0..<$0.count) }
          #expect(a?.inputs == all?.inputs, trace)
          #expect(a?.indices == all?.indices, trace)
          #expect(bits(a?.targets) == bits(all?.targets), trace)
        }
        #expect(held.classNames == parts.classNames, trace)
        #expect(held.inputNames == parts.inputNames, trace)
        #expect(held.inputs == parts.inputs, trace)
        #expect(held.files == parts.files, trace)
        #expect(
          held.announcements.map(\.description) == parts.announcements.map(\.description), trace)
      case (_, .failure(let error)):
        let errors = "\(error)"
        let refusals = [
          "in Fortran order", "in parts", "with 'stream: true'", "outside of quotes",
        ]
        if isStreamed, refusals.contains(where: errors.contains) { continue }
        var expected = "no error"
        if case .failure(let error) = held {
          expected = (error as? Diagnostics)?.description ?? "\(error)"
        }
        // The available memory differs each time.
        func withoutMemory(_ text: String) -> String {
          text.replacing(/and \d+ are available/, with: "")
        }
        #expect(withoutMemory(errors) == withoutMemory(expected), trace)
      case (.failure(let error), .success):
        Issue.record("\(trace): no error in parts, but as a whole: \(error)")
      }
    }
  }

  func load(_ section: String, seed: UInt64 = 1, incomplete: Set<String> = []) throws
    -> RunDatasets<
      Double
    >
  {
    try load(section, as: Double.self, seed: seed, incomplete: incomplete)
  }

  /// The whole errors of loading, without the name of the folder.
  func errors(_ section: String, incomplete: Set<String> = []) -> String {
    errors { _ = try load(section, incomplete: incomplete) }
  }

  /// The whole announcements of loading, without the name of the folder.
  func announcements(_ section: String, seed: UInt64 = 1) throws -> String {
    try load(section, seed: seed).announcements.map(\.description).joined(separator: "\n")
      .replacingOccurrences(of: path + "/", with: "")
  }

  func errors(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch let diagnostics as Diagnostics {
      return diagnostics.description.replacingOccurrences(of: path + "/", with: "")
    } catch {
      return "not Diagnostics: \(error)"
    }
  }
}

/// The bits of numbers, which can be compared even if some are NaN.
func bits<S: Scalar>(_ numbers: [S]?) -> [UInt64]? { numbers?.map { Double($0).bitPattern } }

/// A section with its effective settings.
func resolved(_ section: String) throws -> String {
  var options = Options(try Declaration.node(section))
  _ = DataDeclaration(from: &options, registry: datasetsRegistry, folder: "")
  try options.finish()
  return options.resolved.flow
}

/// Reads the subset of YAML in these tests: lines `key: value` with values in flow style.
struct Declaration {
  struct Malformed: Error { let offset: Int }

  private let source: SourceFile
  private let text: [Unicode.Scalar]
  private var position = 0

  static func node(_ text: String) throws -> ConfigValue {
    var reader = Declaration(text)
    var entries: [ConfigValue.Entry] = []
    reader.skipSpaces(linesToo: true)
    while reader.position < reader.text.count {
      entries.append(try reader.entry())
      reader.skipSpaces(linesToo: true)
    }
    return ConfigValue(
      .map(entries), at: NNExp.SourceLocation(source: reader.source, line: 1, column: 1))
  }

  private init(_ text: String) {
    self.text = Array(text.unicodeScalars)
    source = SourceFile(
      name: "test.yaml",
      lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
  }

  private var location: NNExp.SourceLocation {
    let before = text[..<position]
    let line = before.filter { $0 == "\n" }.count + 1
    let start = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
    return NNExp.SourceLocation(source: source, line: line, column: position - start + 1)
  }

  private mutating func skipSpaces(linesToo: Bool) {
    while position < text.count, text[position] == " " || (linesToo && text[position] == "\n") {
      position += 1
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpaces(linesToo: true)
    guard position < text.count, text[position] == character else { return false }
    position += 1
    return true
  }

  private mutating func entry() throws -> ConfigValue.Entry {
    let keyLocation = location
    guard case .string(let key) = try scalar().content, accept(":") else {
      throw Malformed(offset: position)
    }
    return ConfigValue.Entry(key: key, keyLocation: keyLocation, value: try value())
  }

  private mutating func value() throws -> ConfigValue {
    skipSpaces(linesToo: true)
    let start = location
    if accept("{") {
      var entries: [ConfigValue.Entry] = []
      while !accept("}") {
        skipSpaces(linesToo: true)
        entries.append(try entry())
        _ = accept(",")
      }
      return ConfigValue(.map(entries), at: start)
    }
    if accept("[") {
      var items: [ConfigValue] = []
      while !accept("]") {
        items.append(try value())
        _ = accept(",")
      }
      return ConfigValue(.list(items), at: start)
    }
    return try scalar()
  }

  private mutating func scalar() throws -> ConfigValue {
    let start = location
    var word = String.UnicodeScalarView()
    if position < text.count, text[position] == "\"" {
      position += 1
      while position < text.count, text[position] != "\"" {
        if text[position] == "\\" {
          position += 1
          word.append(["t": "\t", "0": "\0", "n": "\n"][text[position]] ?? text[position])
        } else {
          word.append(text[position])
        }
        position += 1
      }
      position += 1
      return ConfigValue(.string(String(word)), at: start)
    }
    while position < text.count, !",]}\n".unicodeScalars.contains(text[position]) {
      if text[position] == ":", position + 1 == text.count || text[position + 1] == " " { break }
      word.append(text[position])
      position += 1
    }
    let plain = String(word).trimmingCharacters(in: .whitespaces)
    guard !plain.isEmpty else { throw Malformed(offset: position) }
    let content: ConfigValue.Content =
      switch plain {
      case "null", "~": .null
      case "true": .bool(true)
      case "false": .bool(false)
      case ".nan": .double(.nan)
      case ".inf": .double(.infinity)
      default:
        if let integer = Int(plain) {
          .int(integer)
        } else if let first = plain.first, "+-.0123456789".contains(first),
          let number = Double(plain)
        {
          .double(number)
        } else {
          .string(plain)
        }
      }
    return ConfigValue(content, at: start, text: plain)
  }
}
