import Engine
import ExperimentFile
import Files
import NNExp
import Results

/// The weights of another run or of a file, which `start_from:` names.
struct StartingWeights {
  private let checkpoint: Checkpoint
  /// `the weights of results/x/latest (epoch 17)`.
  private let title: String
  private let section: StartSection
  /// The absolute path of the run; nil for a file of weights.
  let run: String?

  /// Throws, at the section's location, if there are none.
  init(_ section: StartSection) throws {
    self.section = section
    do {
      switch section.source {
      case .weights(let path):
        checkpoint = try Checkpoint(path: path)
        title = "'\(path)'"
        run = nil
      case .file(let path):
        checkpoint = try Checkpoint(weightsOf: path)
        title = "'\(path)'"
        run = nil
      case .run(let written, let paths):
        let first = try paths.dropLast().lazy.compactMap { try RunDirectory.openIfThere($0) }.first
        let directory = try first ?? RunDirectory.open(paths[paths.count - 1])
        run = try absolutePath(of: directory.path)
        let delivered = try Summary.ifThere(in: directory)?.delivered
        let weights = try RunWeights(
          delivered?.weights == "last" ? .last : .best, of: directory)
        checkpoint = weights.checkpoint
        title =
          "'\(written)' (" + (delivered?.text ?? "its best weights") + ")"
      }
    } catch {
      throw (error as? Diagnostic)?.located(at: section.location) ?? error
    }
  }

  /// Copies the tensors that the network shares with the source, and returns what to
  /// announce. Throws if a node that the file names shares none.
  func put<S: Scalar>(into network: Network<S>) throws -> Diagnostic {
    let learned = network.learned
    let names = learned.map(\.node)
    var taken: [String] = []
    var missing: [String] = []
    func copy(_ tensor: Tensor<S>, _ name: String, from source: String) throws -> Bool {
      guard let stored = checkpoint[source] else { return false }
      if section.nodes == nil, stored.shape != tensor.shape.axes { return false }
      if case .file = section.source {
        try stored.convert(to: tensor)
      } else {
        try stored.copy(to: tensor)
      }
      return true
    }
    if let nodes = section.nodes {
      for (node, from, location) in nodes {
        let tensors = learned.filter { $0.node.hasSameBytes(as: node) }
        guard !tensors.isEmpty else {
          throw Diagnostic(
            "start_from: the model has no node '\(node)' that learns"
              + suggestion(for: node, among: names), at: location)
        }
        for tensor in tensors {
          let source = "\(from).\(tensor.name)"
          do {
            guard try copy(tensor.tensor, "\(node).\(tensor.name)", from: source) else {
              throw Diagnostic(
                "start_from: \(title) has no '\(source)'"
                  + suggestion(for: source, among: checkpoint.tensors.map(\.name)))
            }
          } catch { throw (error as? Diagnostic)?.located(at: location) ?? error }
          taken.append("\(node).\(tensor.name)")
        }
      }
    } else {
      for tensor in learned {
        let name = "\(tensor.node).\(tensor.name)"
        if try copy(tensor.tensor, name, from: name) { taken.append(name) }
      }
      guard !taken.isEmpty else {
        throw Diagnostic(
          "start_from: no tensor of \(title) has the name and the shape of one of the model",
          at: section.location,
          notes: [.init("it has: " + listed(checkpoint.tensors.map(\.name)))])
      }
    }
    missing = learned.map { "\($0.node).\($0.name)" }.filter { !taken.contains($0) }
    let rest =
      missing.isEmpty ? "" : "; with initial values: \(listed(missing))"
    return Diagnostic(
      "\(taken.count) of \(learned.count) tensors start from \(title)\(rest)",
      at: section.location, severity: .warning)
  }
}
