import Foundation
import TestSupport
import Testing

/// CHANGELOG.md, "Migrating plugins": the plugins of the last version build after the changes
/// in the list.
@Suite struct MigrationTests {
  /// The replacements in the list, in order.
  private func replacements() throws -> [(old: String, new: String)] {
    let changelog = try String(
      contentsOf: Repository.root.appendingPathComponent("CHANGELOG.md"), encoding: .utf8)
    let section = try #require(
      changelog.components(separatedBy: "### Migrating plugins\n").dropFirst().first)
    let lines = section.components(separatedBy: "\n### ")[0].split(separator: "\n")
    return lines.compactMap { line in
      let parts = line.components(separatedBy: "`")
      guard parts.count == 5, parts[0] == "- ", parts[2] == " → " else { return nil }
      return (parts[1], parts[3])
    }
  }

  @Test(arguments: [
    "Focal.swift", "LearnedNorm.swift", "Lion.swift", "Maxout.swift", "RadialBasis.swift",
    "Swish.c",
  ])
  func `a plugin of the last version builds after the replacements`(file: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let old = try String(
      contentsOf: Repository.test("CommandLineTests/LastVersion/\(file)"), encoding: .utf8)
    var text = old
    for (old, new) in try replacements() { text = text.replacing(old, with: new) }
    #expect(file.hasSuffix(".c") ? text == old : text != old)
    try tool.write(text, to: file)
    let result = try tool.runPlugin("plugin", "build", file)
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test func `every replacement of the list changes something`() throws {
    let list = try replacements()
    #expect(list.count > 10)
    #expect(list.allSatisfy { $0.old != $0.new })
  }
}
