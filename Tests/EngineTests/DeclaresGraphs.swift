import Datasets
import NNExp
import Standard
import TestSupport
import Testing

@testable import Engine

/// Tests of graphs with named ports, which declarations in YAML give.
protocol DeclaresGraphs {}

extension DeclaresGraphs {
  /// The graph of `model:` and `loss:` on ports of these shapes.
  func graph(_ text: String, ports: [Port]) throws -> Graph {
    let declared = try Declared(text + "\ntrain: {epochs: 1}")
    return try Graph(
      declared.model, ports: ports, heads: declared.objective.heads, registry: standardRegistry)
  }

  /// The errors of a graph and of its losses.
  func errors(
    _ text: String, ports: [Port] = [Port("a", [2]), Port("b", [2])],
    targets: [TargetPort] = [TargetPort(target: .values([1]))]
  ) throws -> String {
    do {
      let declared = try Declared(text + "\ntrain: {epochs: 1}")
      let graph = try Graph(
        declared.model, ports: ports, heads: declared.objective.heads, registry: standardRegistry)
      _ = try declared.objective.bound(to: graph, targets: targets, registry: standardRegistry)
      return "no error"
    } catch { return "\(error)" }
  }

  func expectText(
    _ found: String, _ wanted: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    #expect(found == wanted, "found:\n\(found)", sourceLocation: sourceLocation)
  }
}
