public import Datasets
public import Engine
import GradientCheck
public import NNExp

/// The chain rule of a declared network, written out for one training sample or several.
///
/// The forward part shows the equation of each node with the sample's numbers. The backward
/// part shows, in the opposite order, δ = ∂L/∂ of every value and ∂L/∂ of every parameter as
/// products, with their numbers, next to numeric derivatives of L. Several samples are followed
/// by the sums over them. `NotationName` lists the letters to choose from.
public struct Explanation {
  public enum Format: String, CaseIterable, Sendable {
    case text
    case markdown
    case html
  }

  let document: Document

  /// - Parameters:
  ///   - name: the name of the experiment.
  ///   - network: the network with the parameters to use.
  ///   - samples: the indices in the training data, from 0; nil for all samples.
  ///   - weights: the origin of the parameters, in words; by default, the initial values.
  ///   - notation: the letters.
  ///   - full: the tensors that are written in full, as `node.tensor`.
  /// - Throws: a `Diagnostic` if there is no such sample or tensor, or not enough memory.
  public init<S: Scalar>(
    of network: Network<S>, name: String, data: RunDatasets<S>, samples: [Int]?, seed: UInt64,
    weights: String? = nil, notation: NotationName = .tanaka, full: [String] = []
  ) throws {
    let list = try SampleList(samples, of: data.train.count, heads: network.heads)
    let passes = try list.indices.map {
      try SamplePass(of: network, samples: data.train, index: $0, batch: list.batch, seed: seed)
    }
    var writer = ExplanationWriter(
      passes, list, Notation(network.graph, notation),
      try FullTensors(full, in: network.graph), title: "\(name): the chain rule of \(list.words)")
    writer.introduce(
      of: data.train.countOfPart, weights: weights ?? "the initial values of seed \(seed)")
    writer.passes(data.inputs, inputNames: data.inputNames, targets: data.targets)
    document = writer.document
  }

  /// The explanation in one of its formats, ending with a line end.
  public func formatted(as format: Format) -> String {
    switch format {
    case .text: document.text
    case .markdown: document.markdown
    case .html: document.html
    }
  }
}
