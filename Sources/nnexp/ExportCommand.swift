import ArgumentParser
import Engine
import Files
import Interchange
import NNExp
import Running

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", _superCommandName: NNExpCommand.name,
    abstract: "Writes a run's model or weights for other programs.",
    discussion: """
      The ONNX model takes the data as they are in the source: it fills missing
      cells, scales numbers and encodes categories as the run did. Its outputs are
      those of 'nnexp predict': classes by name, probabilities, numbers in the units
      of the data. With --bare, it takes and returns the numbers of the network.

      The weights are named NODE.TENSOR. 'start_from: {file: weights.safetensors}'
      in an experiment file reads them.

      For trackers, export takes runs and sweeps. --tensorboard writes an event file
      into the folder of each run; 'train: {tensorboard: true}' writes it while the
      run trains. --mlflow sends parameters, metrics and files to a server; a trial
      is nested in its sweep, and a run that the server has is not sent again.

      Try:  nnexp export results/iris/latest --onnx iris.onnx
            nnexp export results/iris/latest --safetensors iris.safetensors
            nnexp export results/iris/latest --tensorboard
            nnexp export results/xor/sweep --mlflow http://localhost:5000
      """)

  @Argument(
    help: "the run's folder, such as results/xor/latest; for trackers, runs and sweeps",
    completion: .directory)
  var folders: [String]

  @Option(
    help: ArgumentHelp("the file for the model in the format ONNX", valueName: "file"),
    completion: .file())
  var onnx: String?

  @Option(
    help: ArgumentHelp("the file for the weights in the format safetensors", valueName: "file"),
    completion: .file())
  var safetensors: String?

  @Option(
    help: ArgumentHelp("the file for the weights as an archive of NumPy", valueName: "file"),
    completion: .file())
  var npz: String?

  @Flag(help: "leave the conversion of the data out of the ONNX model")
  var bare = false

  @Flag(help: "write an event file for TensorBoard into each folder")
  var tensorboard = false

  @Option(
    help: ArgumentHelp("the address of the MLflow server that gets the runs", valueName: "uri"))
  var mlflow: String?

  @Option(
    help: ArgumentHelp(
      "the experiment of the MLflow server; by default, the name of the first run's experiment",
      valueName: "name"))
  var mlflowExperiment: String?

  @Flag(help: "leave the runs' files out of the MLflow server")
  var noArtifacts = false

  @Option(help: Trained.weightsHelp)
  var weights: Trained.Weights?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  @OptionGroup var trust: TrustOptions

  func validate() throws {
    let hasModel = onnx != nil || safetensors != nil || npz != nil
    if !hasModel, !tensorboard, mlflow == nil {
      throw ValidationError(
        "export takes --onnx FILE, --safetensors FILE, --npz FILE, --tensorboard or --mlflow URI")
    }
    if hasModel, folders.count > 1 {
      throw ValidationError("the model and the weights are those of one run")
    }
    if let mlflow, !mlflow.hasPrefix("http://"), !mlflow.hasPrefix("https://") {
      throw ValidationError(
        "--mlflow takes the address of a server, such as http://localhost:5000, not '\(mlflow)'")
    }
    if mlflow == nil, noArtifacts || mlflowExperiment != nil {
      throw ValidationError("--no-artifacts and --mlflow-experiment are about --mlflow")
    }
    if bare, onnx == nil { throw ValidationError("--bare is about the model of --onnx") }
  }

  func run() throws {
    if onnx != nil || safetensors != nil || npz != nil { try exportModel() }
    if tensorboard || mlflow != nil {
      let tracked = try TrackedRuns(folders)
      if tensorboard { try tracked.writeEvents(force: force) }
      if let mlflow {
        try tracked.send(to: mlflow, experiment: mlflowExperiment, withArtifacts: !noArtifacts)
      }
    }
  }

  private func exportModel() throws {
    let outputs = try [onnx, safetensors, npz].map {
      try $0.map { try OutputFile($0, force: force) }
    }
    let trained = try Trained(folders[0], weights, trust)
    switch trained.experiment.dtype {
    case .float32: try export(trained, trained.preparedToPredict(Float.self), to: outputs)
    case .float64: try export(trained, trained.preparedToPredict(Double.self), to: outputs)
    }
  }

  private func export<S: Scalar>(
    _ trained: Trained, _ prepared: PreparedExperiment<S>, to outputs: [OutputFile?]
  ) throws {
    let text = trained.weightsText(in: prepared)
    let facts = [("run", trained.runID), ("weights", text)]
    let kinds: [(kind: String, bytes: () throws -> [UInt8])] = [
      ("the model with \(text)", { try model(trained, prepared, facts) }),
      (text, { prepared.safetensors(facts) }), (text, { prepared.npz() }),
    ]
    for (output, (kind, bytes)) in zip(outputs, kinds) {
      guard let output else { continue }
      try output.write(bytes())
      printStatus("\(kind) in \(Escaping.line(output.path))")
    }
  }

  /// The bytes of the ONNX file, which the companion program makes.
  private func model<S: Scalar>(
    _ trained: Trained, _ prepared: PreparedExperiment<S>, _ facts: [(String, String)]
  ) throws -> [UInt8] {
    var graph = try prepared.operators(isBare: bare)
    graph.metadata = facts + prepared.exportedNames(isBare: bare)
    let file = GraphFile(graph, name: trained.experiment.name, version: NNExpCommand.version)
    let program = try Companion("nnexp-onnx", of: "nnexp export --onnx")
    guard let made = try SystemCommand.run([program.path], input: file.bytes) else {
      throw Diagnostic("cannot execute '\(program.path)'", failure: .environment)
    }
    guard made.code == 0 else {
      throw Diagnostic("nnexp-onnx failed: \(made.lastErrorLine)", failure: .environment)
    }
    return made.bytes
  }
}
