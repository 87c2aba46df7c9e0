import Datasets
import ExperimentFile
import Files
import NNExp
import Plugins
import Reference

/// A server of the Language Server Protocol 3.17 for experiment files: a function from messages
/// to answers. It does not handle streams.
package final class LanguageServer {
  private let standard: Registry
  private let version: String
  private let loadsPlugins: Bool
  /// Whether a copy of the process loads the plugins, so that a plugin that crashes does not end
  /// the server. False in the copy.
  private var isIsolated: Bool
  private var host: PluginHost?
  private var files: [OpenFile] = []
  private var references: [(key: [String], value: FileReference)] = []
  private var isInitialized = false
  private var isShutDown = false

  /// The exit code of the process, after the client has asked it to end; nil before.
  package private(set) var exitCode: Int32?

  /// - Parameters:
  ///   - loadsPlugins: whether plugins that a file names are built and loaded.
  ///   - isIsolated: whether a copy of the process does that.
  package init(
    _ registry: Registry, version: String, loadsPlugins: Bool, isIsolated: Bool = false
  ) {
    (standard, self.version, self.loadsPlugins) = (registry, version, loadsPlugins)
    self.isIsolated = isIsolated
  }

  /// Answers a message. Returns the messages to send.
  package func answer(_ bytes: [UInt8]) -> [JSON] {
    let message: JSON
    do { message = try JSON(parsing: bytes, from: "message") } catch {
      let fact = (error as? Diagnostic)?.message ?? "\(error)"
      return [failure(.null, -32700, "the message is not JSON: \(fact)")]
    }
    guard let method = message["method"]?.string else {
      // A response to a request of the server; it sends none.
      if message["result"] != nil || message["error"] != nil { return [] }
      return [failure(message["id"] ?? .null, -32600, "the message names no method")]
    }
    let parameters = message["params"] ?? .null
    guard let id = message["id"] else {
      return notified(method, parameters)
    }
    if !isInitialized, method != "initialize" {
      return [failure(id, -32002, "the first request must be 'initialize'")]
    }
    if isShutDown { return [failure(id, -32600, "the server is shut down")] }
    guard let result = result(of: method, parameters) else {
      return [failure(id, -32601, "the method '\(method.prefix(80))' is not supported")]
    }
    return [["jsonrpc": "2.0", "id": id, "result": result]]
  }

  /// Checks the files that have changed. Returns the messages to send.
  package func idle() -> [JSON] { files.filter { !$0.isPublished }.map(publish) }

  private func failure(_ id: JSON, _ code: Int, _ message: String) -> JSON {
    ["jsonrpc": "2.0", "id": id, "error": ["code": .int(code), "message": .string(message)]]
  }

  // MARK: Notifications

  private func notified(_ method: String, _ parameters: JSON) -> [JSON] {
    let document = parameters["textDocument"]
    let uri = document?["uri"]?.string ?? ""
    let file = files.first { $0.uri == uri }
    switch method {
    case "exit": exitCode = isShutDown ? 0 : 1
    case "textDocument/didOpen":
      files.removeAll { $0.uri == uri }
      guard isInitialized, !uri.isEmpty, let text = document?["text"]?.string else { return [] }
      files.append(
        OpenFile(
          uri: uri, path: LanguageServer.path(of: uri), version: document?["version"]?.int ?? 0,
          text: text))
    case "textDocument/didChange":
      guard let file else { return [] }
      var text = file.text
      for change in parameters["contentChanges"]?.array ?? [] {
        guard let new = change["text"]?.string else { continue }
        if let range = change["range"] {
          text.replace(from: position(range["start"]), to: position(range["end"]), by: new)
        } else {
          text = TextDocument(new)
        }
      }
      file.text = text
      file.version = document?["version"]?.int ?? file.version
    case "textDocument/didSave", "workspace/didChangeWatchedFiles":
      for file in files { file.forgetData() }
      endHost()
    case "textDocument/didClose":
      guard file != nil else { return [] }
      endHost()
      files.removeAll { $0.uri == uri }
      return [published(uri, nil, [])]
    default: break
    }
    return []
  }

  private func publish(_ file: OpenFile) -> JSON {
    let diagnostics =
      answerOfHost(LanguageServer.check, .null, file)
      ?? {
        check(file)
        return file.diagnosticsJSON
      }()
    file.isPublished = true
    return published(file.uri, file.version, diagnostics)
  }

  private func published(_ uri: String, _ version: Int?, _ diagnostics: JSON) -> JSON {
    var parameters: [JSON.Member] = [.init("uri", .string(uri))]
    if let version { parameters.append(.init("version", .int(version))) }
    return [
      "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics",
      "params": .object(parameters + [.init("diagnostics", diagnostics)]),
    ]
  }

  private func check(_ file: OpenFile) {
    let policy: PluginPolicy =
      if !loadsPlugins {
        .refuse(
          "the language server was started with --no-plugins",
          remedy: "'nnexp validate' loads the plugins that the file names")
      } else if isIsolated {
        .refuse(
          "it ended the process that loaded it: \(file.crash?.reason ?? "the reason is unknown")",
          remedy: "it is loaded again when this file is saved")
      } else {
        .load
      }
    file.check(standard, plugins: policy)
  }

  // MARK: Requests

  /// Nil if the method is unknown.
  private func result(of method: String, _ parameters: JSON) -> JSON? {
    switch method {
    case "initialize":
      isInitialized = true
      return capabilities
    case "shutdown":
      isShutDown = true
      return .null
    default: break
    }
    let uri = parameters["textDocument"]?["uri"]?.string ?? ""
    let file = files.first { $0.uri == uri }
    if let file, LanguageServer.requests.contains(method),
      let answer = answerOfHost(method, parameters, file)
    {
      return answer
    }
    let position = position(parameters["position"])
    switch method {
    case "textDocument/hover":
      return file.map { file in
        check(file)
        return file.hover(at: position, reference(for: file))
      } ?? .null
    case "textDocument/completion":
      return file.map { $0.completion(at: position, reference(for: $0)) } ?? .null
    case "textDocument/definition":
      return file.map { $0.definition(at: position, reference(for: $0)) } ?? .null
    case "textDocument/inlayHint":
      guard let file else { return .null }
      check(file)
      return file.inlayHints(in: lines(parameters["range"]))
    case "textDocument/codeAction":
      guard let file else { return .null }
      check(file)
      return file.quickFixes(in: lines(parameters["range"]))
    default: return nil
    }
  }

  /// The requests about a file.
  private static let requests: Set = [
    "textDocument/hover", "textDocument/completion", "textDocument/definition",
    "textDocument/inlayHint", "textDocument/codeAction",
  ]

  private var capabilities: JSON {
    [
      "capabilities": [
        "positionEncoding": "utf-16",
        "textDocumentSync": ["openClose": true, "change": 2, "save": true],
        "hoverProvider": true,
        "completionProvider": ["triggerCharacters": [":", " ", "{", "[", "-"]],
        "definitionProvider": true,
        "inlayHintProvider": true,
        "codeActionProvider": ["codeActionKinds": ["quickfix"]],
      ],
      "serverInfo": ["name": "nnexp", "version": .string(version)],
    ]
  }

  private func position(_ json: JSON?) -> TextDocument.Position {
    func number(_ key: String) -> Int { max(0, min(json?[key]?.int ?? 0, 1 << 31)) }
    return TextDocument.Position(line: number("line"), character: number("character"))
  }

  private func lines(_ range: JSON?) -> ClosedRange<Int> {
    guard let range else { return 0...Int.max }
    let first = position(range["start"]).line
    return first...max(first, position(range["end"]).line)
  }

  // MARK: Plugins

  /// The request of the server to its copy for the diagnostics of a file.
  private static let check = "check"

  /// The answer of the copy to a request about a file that may load plugins; nil if this process
  /// answers.
  private func answerOfHost(_ method: String, _ parameters: JSON, _ file: OpenFile) -> JSON? {
    guard isIsolated, loadsPlugins, file.crash == nil, file.mayLoadPlugins else { return nil }
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let host = try self.host ?? PluginHost { [self] in serveAsHost() }
      self.host = host
      let answer = host.ask([
        "method": .string(method), "params": parameters, "uri": .string(file.uri),
        "text": .string(file.text.text),
      ])
      if let answer { return answer["result"] ?? .null }
      file.crash = OpenFile.Crash(reason: host.end(), isSlow: clock.now - start > .seconds(2))
    } catch {
      file.crash = OpenFile.Crash(reason: "\(error)", isSlow: false)
    }
    host = nil
    return nil
  }

  /// Ends the copy, so that the next one reads changed files.
  private func endHost() {
    host?.end()
    host = nil
  }

  /// Serves the requests of the server in its copy.
  private func serveAsHost() -> Never {
    isIsolated = false
    PluginHost.serve { [self] request in
      guard let uri = request["uri"]?.string, let method = request["method"]?.string,
        let text = request["text"]?.string
      else { return .null }
      let file =
        files.first { $0.uri == uri }
        ?? OpenFile(uri: uri, path: LanguageServer.path(of: uri), version: 0, text: text)
      if !files.contains(where: { $0 === file }) { files.append(file) }
      if file.text.bytes != Array(text.utf8) { file.text = TextDocument(text) }
      guard method == LanguageServer.check else {
        return result(of: method, request["params"] ?? .null) ?? .null
      }
      check(file)
      return file.diagnosticsJSON
    }
  }

  // MARK: Types

  /// The reference with the types of the file's plugins. It is the one without plugins if they
  /// cannot be loaded; the check reports why.
  private func reference(for file: OpenFile) -> FileReference {
    var registry = standard
    var key: [String] = []
    for path in loadsPlugins && !isIsolated ? file.pluginPaths.prefix(64) : [] {
      guard let plugin = try? Plugin.load(path), (try? registry.add(plugin)) != nil else {
        continue
      }
      key.append(plugin.sha256)
    }
    if let known = references.first(where: { $0.key == key }) { return known.value }
    // The reader of the shipped types is tested; a plugin's types change only single keys.
    guard let reference = try? FileReference(registry) else {
      return try! FileReference(standard)
    }
    if references.count > 8 { references.removeFirst() }
    references.append((key, reference))
    return reference
  }

  /// The path of a `file:` URI, with its escapes decoded; for other URIs, a name in the current
  /// folder.
  static func path(of uri: String) -> String {
    let prefix = "file://"
    guard uri.hasPrefix(prefix) else { return "untitled.yaml" }
    let rest = Array(uri.utf8.dropFirst(prefix.utf8.count))
    // The name of a host before the path is ignored.
    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return "untitled.yaml" }
    var bytes: [UInt8] = []
    var i = slash
    while i < rest.count {
      if rest[i] == UInt8(ascii: "%"), i + 2 < rest.count,
        let byte = UInt8(String(decoding: rest[i + 1...i + 2], as: UTF8.self), radix: 16)
      {
        bytes.append(byte)
        i += 3
      } else {
        bytes.append(rest[i])
        i += 1
      }
    }
    return bytes.contains(0) ? "untitled.yaml" : String(decoding: bytes, as: UTF8.self)
  }
}
