import Engine
import ExperimentFile
import Foundation
import NNExp
import Running
import TestSupport
import Testing
import YAMLTree

/// Streamed samples, which are read before they are needed, train as samples in memory.
@Suite struct ReadAheadTests {
  private func idx(_ extents: [Int], _ value: (Int) -> UInt8) -> Data {
    func big(_ value: Int) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    let count = extents.reduce(1, *)
    return Data([0, 0, 8, UInt8(extents.count)] + extents.flatMap(big) + (0..<count).map(value))
  }

  private func learned(_ text: String, _ scratch: Scratch) throws -> [UInt32] {
    let bytes = Array(text.utf8)
    let prepared = try PreparedExperiment<Float>(
      Experiment(
        parseYAML(bytes, name: "a.yaml"), text: bytes, path: scratch.path + "/a.yaml",
        overrides: [], registry: registry), scratch: scratch.path)
    _ = try prepared.trainer.run()
    let w = prepared.trainer.network.parameters
    return (0..<w.count).map { w[$0].bitPattern }
  }

  /// Blocks of one batch and of many, whose last batch may be smaller.
  @Test func streamedSamplesTrainAsThoseInMemory() throws {
    try withEvery("seed", in: 0..<24) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "read ahead")
      let (count, width) = (random.pick(2...400, 0), random.pick(1...600, 1))
      let batch = random.pick(1...min(count, 100), 2)
      let sampling = ["shuffle", "random", "sequential"][random.pick(0...2, 3)]
      let scratch = Scratch()
      for (name, data) in [
        ("x", idx([count, width]) { UInt8(random.pick(0...255, 10 + $0)) }),
        ("t", idx([count]) { UInt8(random.pick(0...2, 10 + $0)) }),
      ] {
        try data.write(to: URL(fileURLWithPath: scratch.path + "/\(name).idx"))
      }
      func text(isStreamed: Bool) -> String {
        """
        name: ahead
        seed: \(seed)
        data:
          idx: {inputs: x.idx, targets: t.idx}
          classes: 3
          scale: {inputs: {divide: 255}}
          stream: \(isStreamed)
        model: [{type: dense, units: 3}]
        loss: cross_entropy
        gradient_check: false
        train:
          optimizer: {type: sgd, learning_rate: 0.01}
          epochs: 3
          batch_size: \(batch)
          accumulate: \(random.pick(1...3, 4))
          sampling: \(sampling)

        """
      }
      let expected = try learned(text(isStreamed: false), scratch)
      #expect(
        try learned(text(isStreamed: true), scratch) == expected,
        "\(count) × \(width), batch \(batch), \(sampling)")
    }
  }
}
