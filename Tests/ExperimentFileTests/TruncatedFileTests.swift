import ExperimentFile
import Foundation
import NNExp
import TestSupport
import Testing

/// Fault 11: shipped experiments that are cut at any byte cause errors or are valid.
@Suite struct TruncatedFileTests {
  static let files =
    (FileManager.default.enumerator(atPath: Repository.experiments.path)?.allObjects ?? [])
    .compactMap { $0 as? String }.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix("plugins/") }

  @Test(arguments: files.sorted())
  func aFileCutAnywhereIsValidOrReported(file: String) throws {
    let path = Repository.experiments.path + "/" + file
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    for end in stride(from: 0, through: bytes.count, by: isThorough ? 1 : 31) {
      do {
        _ = try Experiment(Array(bytes[..<end]), path: path, registry: registry)
      } catch let errors as Diagnostics {
        #expect(errors.failure == .input, "\(end): \(errors)")
      } catch { Issue.record("cut at \(end): \(error) is not a list of diagnostics") }
    }
  }

  @Test func atLeastTenFilesAreCut() { #expect(TruncatedFileTests.files.count >= 10) }
}
