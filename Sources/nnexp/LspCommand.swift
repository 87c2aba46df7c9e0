import ArgumentParser
import Files
import Platform
import LanguageServer
import NNExp

struct LspCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lsp", _superCommandName: NNExpCommand.name,
    abstract: "Serves an editor: errors as you type, completion, shapes of layers.",
    discussion: """
      A server of the Language Server Protocol on standard input and output. An
      editor starts it; the guide shows the settings of Neovim, VS Code, Helix and
      Emacs. It reads the data that an open file names, and loads its plugins, which
      executes their code in a separate process; --no-plugins prevents that.
      """)

  @Flag(name: .customLong("no-plugins"), help: "do not build or load plugins")
  var noPlugins = false

  @Flag(
    name: .customLong("stdio"),
    help: ArgumentHelp("ignored: some editors add it", visibility: .hidden))
  var stdio = false

  func run() throws {
    let server = LanguageServer(
      standardRegistry(), version: NNExpCommand.version, loadsPlugins: !noPlugins,
      isIsolated: true)
    var reader = MessageReader()
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      while let message = try reader.next() {
        send(server.answer(message))
        if let code = server.exitCode { throw Exit(code: code) }
      }
      // Files are checked when no message waits, so that typing is not delayed.
      if !isInputWaiting { send(server.idle()) }
      let count = read(0, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { throw Exit(code: server.exitCode ?? 1) }
      reader.append(chunk[..<count])
    }
  }

  private var isInputWaiting: Bool {
    var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 0) > 0
  }

  private func send(_ messages: [JSON]) {
    for message in messages { writeMessage(MessageReader.frame(message)) }
  }
}
