import Foundation
import TestSupport
import Testing

/// `nnexp lsp` as a process; LanguageServerTests has the answers.
@Suite struct LanguageServerTests {
  private func message(_ members: String) -> String {
    let text = #"{"jsonrpc": "2.0", \#(members)}"#
    return "Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
  }

  @Test func `a plugin that crashes does not end the server`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeCSquare(
      top: "__attribute__((constructor)) static void end(void) { abort(); }")
    try tool.writeExperiment(plugins: "[Square.c]")
    let document = #""textDocument": {"uri": "file://\#(tool.folder.path)/x.yaml""#
    let text = try tool.read("x.yaml").replacing("\n", with: "\\n")
    try tool.write(
      message(#""id": 1, "method": "initialize", "params": {}"#)
        + message(
          #""method": "textDocument/didOpen", "params": {\#(document), "text": "\#(text)"}}"#),
      to: "first")
    // `loss`, after the crash.
    try tool.write(
      message(
        #""id": 2, "method": "textDocument/hover", "params": {\#(document)}, "#
          + #""position": {"line": 12, "character": 1}}"#)
        + message(#""id": 3, "method": "shutdown""#) + message(#""method": "exit""#),
      to: "last")
    let result = try tool.shell(
      """
      export XDG_CACHE_HOME=$PWD/cache
      mkfifo input
      nnexp lsp < input > output & exec 3> input
      cat first >&3
      for i in {1..600}; do grep -q publishDiagnostics output && break; sleep 0.05; done
      cat last >&3
      wait $!
      """)
    #expect(result.code == 0, "\(result.errors)")
    let output = try tool.read("output")
    #expect(
      output.contains(
        "the plugin '\(tool.folder.path)/Square.c' is not loaded: it ended the process that loaded "
          + "it: the plugin '\(tool.folder.path)/Square.c' crashed in its initialization: it "
          + "aborted (SIGABRT)\\nnote: it is loaded again when this file is saved"), "\(output)")
    #expect(output.contains("**loss**"))
  }
}
