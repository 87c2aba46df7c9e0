import Foundation
import NNExp
import TestSupport
import Testing

@testable import YAMLTree

/// Every kind of event, scalar style, anchor and indentation, compared with the trees of
/// another parser: `Tests/References/yaml_structures.py`.
@Suite struct ReferenceTests {
  /// A tree whose scalars are texts.
  indirect enum Tree: Decodable, Equatable {
    case scalar(String)
    case list([Tree])
    case map([Tree])

    init(from decoder: any Decoder) throws {
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        self = .scalar(text)
        return
      }
      var items = try decoder.unkeyedContainer()
      let kind = try items.decode(String.self)
      var trees: [Tree] = []
      while !items.isAtEnd { trees.append(try items.decode(Tree.self)) }
      self = kind == "-" ? .list(trees) : .map(trees)
    }

    init(_ node: ConfigValue) {
      switch node.content {
      case .list(let items): self = .list(items.map { Tree($0) })
      case .map(let entries):
        self = .map(entries.flatMap { [.scalar($0.key), Tree($0.value)] })
      case .string(let text): self = .scalar(text)
      default: self = .scalar(node.text ?? "")
      }
    }
  }

  private struct Case: Decodable {
    let yaml: String
    let tree: Tree

    init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      yaml = try pair.decode(String.self)
      tree = try pair.decode(Tree.self)
    }
  }

  /// Valid YAML, but probably not intended.
  private static let missingSpaces = [
    "a:\n  x:y\nb: 1\n", "--- x:y\n", "{a:}\n", "k: {a:}\nl: 1\n", "- {a:}\n- 1\n",
  ]

  @Test func treesAgreeWithTheReference() throws {
    let cases: [Case] = try Repository.reference("yaml_structures.json")
    #expect(cases.count > 1500)
    for reference in cases {
      if ReferenceTests.missingSpaces.contains(reference.yaml) {
        let error = errors(in: Array(reference.yaml.utf8))
        #expect(error.contains("error: missing space after ':'"), "\(error)")
        continue
      }
      do {
        let node = try parse(reference.yaml)
        #expect(Tree(node) == reference.tree, "\(reference.yaml.debugDescription)")
        let again = try parse(writeYAML(node))
        #expect(again.isSame(as: node), "\(reference.yaml.debugDescription), written")
      } catch {
        Issue.record("\(reference.yaml.debugDescription): \(error)")
      }
    }
  }
}
