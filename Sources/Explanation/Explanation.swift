public import Datasets
public import Engine
import GradientCheck
public import NNExp

/// The chain rule of a declared network, written out for one training sample.
///
/// The forward part shows the equation of each node with the sample's numbers. The backward
/// part shows, in the opposite order, δ = ∂L/∂ of every value and ∂L/∂ of every parameter as
/// products, with their numbers, next to numeric derivatives of L. The letters are those of
/// Tanaka's note on the chain rule: see `Notation`.
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
  ///   - sample: the index in the training data, from 0.
  ///   - weights: the origin of the parameters, in words; by default, the initial values.
  /// - Throws: a `Diagnostic` if there is no such sample, or not enough memory.
  public init<S: Scalar>(
    of network: Network<S>, name: String, data: RunDatasets<S>, sample: Int, seed: UInt64,
    weights: String? = nil
  ) throws {
    guard sample >= 0 && sample < data.train.count else {
      throw Diagnostic(
        "there is no training sample \(sample); the training data are "
          + (data.train.count == 1
            ? "the sample 0 alone" : "the samples 0 to \(data.train.count - 1)"))
    }
    let pass = try SamplePass(
      of: network, samples: data.train, index: sample, seed: seed)
    var writer = ExplanationWriter(
      pass, title: "\(name): the chain rule of training sample \(sample)")
    writer.introduce(
      sample: sample, of: data.train.countOfPart,
      weights: weights ?? "the initial values of seed \(seed)"
    )
    writer.forward(data.inputs, inputNames: data.inputNames, targets: data.targets)
    writer.backward()
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
