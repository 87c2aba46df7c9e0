public import NNExp

/// The section `start_from:` of an experiment: the weights with which training starts instead of
/// initial values.
///
///     start_from: {run: results/x/latest, nodes: {encoder: encoder, head: old_head}}
///     start_from: {weights: best.nnx}
///     start_from: {file: model.safetensors}
///
/// Paths are relative to the experiment file; a run is also searched relative to the current
/// folder. A run's resolved.yaml names the folder that was found under `found`. Without `nodes`,
/// every tensor is used whose name and shape agree with a tensor of the model. The numbers of a file
/// of another program are rounded to the precision of the experiment.
public struct StartSection: Sendable {
  public enum Source: Sendable, Equatable {
    /// A run's folder, whose delivered weights are used: as written, and the paths at which it
    /// is searched, in this order.
    case run(written: String, paths: [String])
    /// A checkpoint file.
    case weights(path: String)
    /// A safetensors file or an NPZ archive of another program.
    case file(path: String)
  }

  public let source: Source
  /// Nodes of the source by nodes of the model; nil if they have the same names.
  public let nodes: [(node: String, from: String, location: SourceLocation?)]?
  public let location: SourceLocation?

  /// Nil if the file has none, and after an error, which is recorded.
  init?(from options: inout Options, folder: String, registry: Registry) {
    let explanation = "the weights that training starts from, instead of initial values"
    guard
      let config = options.value(
        "start_from", "a mapping", explanation, of: .either([.keys, .null]))
    else { return nil }
    if case .null = config.content { return nil }
    options.surroundings = Surroundings(
      folder: folder, registry: registry, base: options.surroundings?.base)
    let read = options.component("start_from", from: config) { options in
      try StartSection(section: &options)
    }
    guard let read else { return nil }
    self = read
  }

  private init(section options: inout Options) throws {
    location = options.location
    let run = options.optionalString("run", "a run's folder: its delivered weights")
    let weights = options.optionalString("weights", "a file of weights, such as best.nnx")
    let file = options.optionalString(
      "file", "a file of weights of another program: safetensors, or an NPZ archive")
    let found = StartSection.readFound(from: &options)
    var pairs: [(String, String, SourceLocation?)]?
    let range = "a mapping from nodes to nodes of the source"
    if let config = options.value(
      "nodes", range, "which nodes start from which; all of the same names if absent",
      of: .mapping(.text))
    {
      guard case .map(let entries) = config.content, !entries.isEmpty else {
        throw Diagnostic("nodes must be \(range), found \(config.kind)", at: config.location)
      }
      pairs = try entries.map { entry in
        guard case .string(let from) = entry.value.content else {
          throw Diagnostic(
            "'\(entry.key)' must be the name of a node of the source, found \(entry.value.kind)",
            at: entry.value.location)
        }
        return (entry.key, from, entry.keyLocation)
      }
      options.resolve("nodes", config)
    }
    nodes = pairs
    switch (run, weights, file) {
    case (let run?, nil, nil):
      source = .run(
        written: run,
        paths: found.map { [$0] } ?? [options.path(options.relocated("run", run)), run])
    case (nil, let weights?, nil):
      source = .weights(path: options.path(options.relocated("weights", weights)))
    case (nil, nil, let file?):
      source = .file(path: options.path(options.relocated("file", file)))
    default:
      throw Diagnostic(
        "start_from takes one of run, weights and file", at: location,
        notes: [.init("write, for example, start_from: {run: results/x/latest}")])
    }
  }

  /// Not part of the resolved options.
  private static func readFound(from options: inout Options) -> String? {
    let explanation = "written to resolved.yaml: the folder of the run that 'run' named"
    guard
      let config = options.value(
        "found", "a path", explanation, default: "the folder 'run'", of: .text)
    else { return nil }
    if case .string(let path) = config.content, !path.isEmpty { return path }
    options.reject("found", "found must be a path, found \(config.kind)")
    return nil
  }
}

/// The result of reading `start_from:`; empty if the section is absent or wrong.
struct StartDeclaration: Sendable { let section: StartSection? }
