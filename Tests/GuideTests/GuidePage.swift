import Foundation
import TestSupport

/// A page of the guide in `Documentation.docc`.
///
/// Its tables of keys are between `<!-- keys: SECTION -->` and `<!-- end -->`.
struct GuidePage {
  let url: URL
  let text: String

  /// The file's name, such as `Data.md`.
  var name: String { url.lastPathComponent }

  static let folder = Repository.root.appendingPathComponent(
    "Sources/nnexp/Documentation.docc")

  /// Every page, sorted by name.
  static func all() throws -> [GuidePage] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "md" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { GuidePage(url: $0, text: try String(contentsOf: $0, encoding: .utf8)) }
  }

  /// The tables of the page, in order, each with its section.
  var tables: [(section: String, text: String)] {
    text.matches(of: GuidePage.table).map { (String($0.section), String($0.text)) }
  }

  /// The page with new tables for some sections; other tables stay unchanged.
  func replacing(_ tables: [String: String]) -> String {
    text.replacing(GuidePage.table) { match in
      let section = String(match.section)
      guard let table = tables[section] else { return match.output.0 }
      return "<!-- keys: \(section) -->\n\(table)<!-- end -->"
    }
  }

  /// The targets of links to other files, without the part after `#`.
  var linkedFiles: [String] {
    text.matches(of: /\]\((?<target>[^)#: ]+)(#[^) ]*)?\)/).map { String($0.target) }
  }

  private static var table: Regex<(Substring, section: Substring, text: Substring)> {
    /<!-- keys: (?<section>[a-z_. ]+) -->\n(?<text>(?:(?!<!-- end -->)[\s\S])*)<!-- end -->/
  }
}
