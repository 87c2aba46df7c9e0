import Foundation
import TestSupport
import Testing

/// The systems of the five derivations as shipped. Their gradients equal those of the
/// (corrected) equations in the sources, which `Tests/References/seeds_numpy.py` computes
/// independently.
@Suite struct SeedExperimentTests {
  private struct Reference: Decodable {
    let gradients: [String: [String: [Double]]]
    let printedEquation33: [Double]
  }

  private static let folder = Repository.experiments.appendingPathComponent("seeds")

  private static let reference: Reference = try! Repository.reference("seeds_numpy.json")

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    // `FormulaSeedTests` compares the others with these.
    return files.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix("_formula.yaml") }
      .map { String($0.dropLast(5)) }.sorted()
  }()

  /// Runs an experiment and returns the analytic gradients of its parameters at the initial
  /// values, as in its report.
  private func gradients(_ name: String) throws -> [String: [Double]] {
    let tool = try Tool()
    defer { tool.remove() }
    let file = SeedExperimentTests.folder.appendingPathComponent(name + ".yaml").path
    let result = try tool.run("run", file, "-q", "--output", "run")
    #expect(result.code == 0, "\(name): \(result.errors)")
    let rows = try tool.read("run/gradient_check.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(
      rows[0][..<8] == ["at", "node", "type", "tensor", "kind", "index", "value", "analytic"])
    var gradients: [String: [Double]] = [:]
    for row in rows.dropFirst() where row[0] == "start" && row[4] == "parameter" {
      gradients["\(row[1]).\(row[3])", default: []].append(try #require(Double(row[7])))
    }
    return gradients
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    let largest = b.map(abs).max() ?? 0
    return (zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / largest
  }

  @Test(arguments: names)
  func gradientsAreThoseOfTheSources(name: String) throws {
    let wanted = try #require(SeedExperimentTests.reference.gradients[name])
    let found = try gradients(name)
    #expect(Set(found.keys) == Set(wanted.keys))
    for (tensor, values) in wanted {
      let gradient = try #require(found[tensor])
      #expect(gradient.count == values.count)
      #expect(distance(gradient, values) <= 1e-12, "\(name), \(tensor)")
    }
  }

  @Test func everySystemHasAReference() {
    #expect(Set(SeedExperimentTests.names) == Set(SeedExperimentTests.reference.gradients.keys))
  }

  /// Equation (33) as printed, without the sign, does not give the gradient.
  @Test func thePrintedEquation33IsWrong() throws {
    let found = try #require(try gradients("tanaka_lp_pooling_signed")["rho.weight"])
    #expect(distance(found, SeedExperimentTests.reference.printedEquation33) > 0.1)
  }
}
