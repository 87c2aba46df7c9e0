import Files
import ArgumentParser
import Conformance
import NNExp
import Plugins
import Running

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Creates, builds and tests plugins: your own layers, losses and optimizers.",
    discussion: """
      Try:  nnexp plugin new Bump
            nnexp plugin test Bump
            nnexp run Bump/Bump.yaml
      """,
    subcommands: [PluginNew.self, PluginBuild.self, PluginTest.self])
}

struct PluginNew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Creates a working plugin, and an experiment that uses it.")

  @Argument(help: "the type's name, such as Maxout, and the name of its folder")
  var name: String

  @Option(
    help: "layer, loss or optimizer",
    completion: .list(PluginTemplate.Kind.allCases.map(\.rawValue)))
  var kind = "layer"

  func run() throws {
    let kinds = PluginTemplate.Kind.allCases.map(\.rawValue)
    guard let kind = PluginTemplate.Kind(rawValue: kind) else {
      throw Diagnostic(
        "unknown kind '\(kind)'\(suggestion(for: kind, among: kinds))",
        notes: [.init("the kinds are: " + kinds.joined(separator: ", "))])
    }
    let template = try PluginTemplate(name, kind)
    let here = FileSystem.system.currentFolder
    guard try here.makeFolder(name) else {
      throw Diagnostic("cannot create '\(name)': it already exists")
    }
    for (file, text) in [
      ("\(name).swift", template.source), ("\(name).yaml", template.experiment),
    ] {
      try FileSystem.system.write(Array(text.utf8), to: "\(name)/\(file)")
      printStatus("\(name)/\(file)")
    }
    printStatus("")
    printStatus("test it:  nnexp plugin test \(name)")
    printStatus("use it:   nnexp run \(name)/\(name).yaml")
  }
}

struct PluginBuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Compiles a plugin and prints the path of the result.",
    discussion: """
      'nnexp run' builds a plugin itself if it is not built yet. A built file works
      with the nnexp that built it, and with any that has the same interface and
      compiler.
      """)

  @Argument(help: "a folder with Swift or C files, or one such file", completion: .file())
  var path: String

  @Option(name: .shortAndLong, help: "a copy to make", completion: .file(extensions: ["so"]))
  var output: String?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  func run() throws {
    let output = try self.output.map { try OutputFile($0, force: force, besides: [path]) }
    let object = try Plugin.build(path)
    guard let output else { return try printResult(object.path) }
    try output.write(object.bytes)
    try printResult(output.path)
  }
}

struct PluginTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Tests every type of a plugin, and prints what was tested.",
    discussion: """
      Checks each type on the examples that it declares (static let examples), with
      batches of 1 to 33 samples, numbers of several sizes, other options and shapes,
      and on hostile ones: forward overwrites, backward adds, nothing else is
      written, gradients agree with numeric derivatives within a proven bound,
      float32 with float64, evaluation with training, and a shard with its batch.
      Exit code 0: every claim holds; 1: one does not.
      """)

  @Argument(
    help: "a folder with Swift or C files, one such file, or a built .so", completion: .file())
  var path: String

  @Option(help: "seconds after which a call that does not return ends the test")
  var timeLimit = Plugin.standardTimeLimit

  @Option(help: ReportOptions.junitHelp, completion: .file())
  var junit: String?

  @Flag(help: ReportOptions.githubHelp)
  var github = false

  private var reports: ReportOptions { ReportOptions(junit: junit, github: github) }

  @Flag(help: OutputFile.forceHelp)
  var force = false

  func run() throws {
    try reports.reporting(path, force: force, besides: [path]) { recorder in
      recorder.current = "builds and loads"
      try test(&recorder)
    }
  }

  private func test(_ recorder: inout TestRecorder) throws {
    guard (1...86_400).contains(timeLimit) else {
      throw Diagnostic("--time-limit must be from 1 to 86400 seconds, found \(timeLimit)")
    }
    let plugin = try Plugin.load(path)
    var types = Registry()
    try types.add(plugin, timeLimit: timeLimit)
    var known = standardRegistry()
    try known.add(plugin, timeLimit: timeLimit)
    var prover = TypeProver(initializers: known.initializers, trying: notePluginTrial)
    prover.prove(types)
    let proofs = prover.proofs
    guard !proofs.isEmpty else {
      throw Diagnostic(
        "the plugin '\(path)' registers no types",
        notes: [.init("its 'func register(in registry: inout Registry)' registers its types")])
    }
    for proof in proofs {
      switch proof.outcome {
      case .success(let table): try printResult("\(proof.kind) \(table)\n")
      case .failure(let errors):
        try printResult("\(proof.kind) \(proof.example): not proven")
        for error in errors.list { try printResult("  \(error.message)") }
        for note in errors.list.flatMap(\.notes) { try printResult("  \(note.message)") }
        try printResult("")
      }
    }
    recorder.pass(recorder.current)
    for proof in proofs {
      var errors = Diagnostics()
      switch proof.outcome {
      case .success(let table) where !table.holds:
        errors.add(
          Diagnostic(
            "the type '\(proof.typeName)' does not satisfy the engine's requirements",
            notes: [.init("\(table)")], failure: .shortfall))
      case .failure(let found):
        for error in found.list {
          var error = error
          error.failure = .shortfall
          errors.add(error)
        }
      default: break
      }
      recorder.fail("\(proof.kind) \(proof.example)", errors)
    }
    let held = proofs.count(where: \.holds)
    try printResult("\(held) of \(proofs.count) examples proven")
    if held < proofs.count {
      throw Diagnostic(
        "the plugin '\(path)' does not satisfy the engine's requirements", failure: .shortfall)
    }
  }
}
