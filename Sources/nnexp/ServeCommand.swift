import ArgumentParser
import Files
import Platform
import NNExp
import Reports
import Results

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", _superCommandName: NNExpCommand.name,
    abstract: "Shows the runs and sweeps below a folder in a browser.",
    discussion: """
      Prints the address to open, then serves until Ctrl-C. The list shows the newest
      runs first; select some to compare their curves and settings. The pages are
      those of 'nnexp report', and follow the files while runs train.

      Only browsers on this machine can connect. For one on another machine, open a
      tunnel there: ssh -L 8000:127.0.0.1:8000 this-machine

      Try:  nnexp serve
            nnexp serve results/xor --port 8000
      """)

  @Argument(help: "a folder of results", completion: .directory)
  var folder = RunDirectory.results

  @Option(help: ArgumentHelp("the port; 0 takes a free one", valueName: "number"))
  var port = 0

  func validate() throws {
    guard 0...65535 ~= port else {
      throw ValidationError("--port must be an integer from 0 to 65535, found \(port)")
    }
  }

  func run() throws {
    _ = try RunList.folder(folder)
    let program = try Companion("nnexp-serve", of: "nnexp serve").path
    let arguments: [String] = [program, folder, "\(port)"]
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    execv(program, &words)
    throw Diagnostic("cannot execute '\(program)': \(systemReason)", failure: .environment)
  }
}
