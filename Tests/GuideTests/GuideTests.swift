import Foundation
import NNExp
import Reference
import TestSupport
import Testing

@Suite struct GuideTests {
  /// If NNEXP_UPDATE_TABLES is set (`make tables`), rewrites the tables instead.
  @Test func `every table of keys is what the descriptions say`() throws {
    let tables = try KeyTables.all()
    let isUpdating = ProcessInfo.processInfo.environment["NNEXP_UPDATE_TABLES"] != nil
    for page in try GuidePage.all() {
      for (section, text) in page.tables {
        guard let wanted = tables[section] else {
          Issue.record("\(page.name) has a table of unknown keys: \(section)")
          continue
        }
        if text != wanted, !isUpdating {
          Issue.record("\(page.name): run make tables; keys: \(section) should be:\n\(wanted)")
        }
      }
      let updated = page.replacing(tables)
      if isUpdating, updated != page.text {
        try updated.write(to: page.url, atomically: true, encoding: .utf8)
      }
    }
  }

  @Test func `every key is in one table of the guide`() throws {
    let sections = try GuidePage.all().flatMap { $0.tables.map(\.section) }
    for section in try KeyTables.all().keys.sorted() {
      #expect(
        sections.count { $0 == section } == 1,
        "'\(section)' needs one table: <!-- keys: \(section) -->, and <!-- end -->")
    }
  }

  @Test func `every key has a meaning, and every mapping its keys`() throws {
    let tables = try KeyTables.keys()
    for (section, keys) in tables.sorted(by: { $0.key < $1.key }) {
      for key in keys {
        #expect(!key.explanation.isEmpty, "\(section): \(key.key)")
        let isAtTop = ["experiment", "sweep file"].contains(section)
        let path = isAtTop ? key.key : "\(section).\(key.key)"
        guard key.range.contains("a mapping"), !FileReference.withoutKeys.contains(path) else {
          continue
        }
        #expect(tables[path] != nil, "the mapping '\(path)' needs an example in KeyTables")
      }
    }
    for kind in registry.kinds { expectMeanings(of: kind) }
  }

  private func expectMeanings(of kind: some ComponentKind) {
    for type in kind.all {
      #expect(!type.documentation.summary.isEmpty, "\(kind.kind) \(type.name)")
      for key in type.options {
        #expect(!key.explanation.isEmpty, "\(kind.kind) \(type.name): \(key.key)")
      }
    }
  }

  /// Keys that are only read if present are described by these files.
  @Test func `every key of the experiments that ship is in a table`() throws {
    let tables = try KeyTables.keys()
    for path in try Repository.shippedExperiments() {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      // The keys of 'scale' may also be ports.
      for (section, keys) in try KeyTables.keys(of: text) where section != "data.scale" {
        guard let known = tables[section]?.map(\.key) else { continue }
        for key in keys.map(\.key) { #expect(known.contains(key), "\(path): \(section).\(key)") }
      }
    }
  }

  @Test func `every link leads to a file, and every page is reached`() throws {
    let pages = try GuidePage.all()
    var reached: Set = ["Documentation.md"]
    for page in pages {
      for target in page.linkedFiles where !target.contains("://") {
        let url = GuidePage.folder.appendingPathComponent(target).standardizedFileURL
        #expect(FileManager.default.fileExists(atPath: url.path), "\(page.name): \(target)")
        if page.name == "Documentation.md" { reached.insert(target) }
      }
    }
    #expect(Set(pages.map(\.name)).subtracting(reached).isEmpty)
  }
}
