import Files
import Foundation
import NNExp
import TestSupport
import Testing

@testable import LanguageServer

/// A client of the server, without a process.
private final class Client {
  let server = LanguageServer(registry, version: "0", loadsPlugins: false)
  private var number = 0
  private(set) var diagnostics: [String: [JSON]] = [:]

  init() { request("initialize", [:]) }

  @discardableResult
  func request(_ method: String, _ parameters: JSON) -> JSON {
    number += 1
    let message: JSON = [
      "jsonrpc": "2.0", "id": .int(number), "method": .string(method), "params": parameters,
    ]
    let answers = server.answer(Array(message.description.utf8))
    return answers[0]["result"] ?? answers[0]["error"] ?? .null
  }

  func notify(_ method: String, _ parameters: JSON) {
    let message: JSON = ["jsonrpc": "2.0", "method": .string(method), "params": parameters]
    receive(server.answer(Array(message.description.utf8)))
  }

  func idle() { receive(server.idle()) }

  private func receive(_ messages: [JSON]) {
    for message in messages {
      guard let parameters = message["params"], let uri = parameters["uri"]?.string else {
        continue
      }
      diagnostics[uri] = parameters["diagnostics"]?.array ?? []
    }
  }

  func open(_ text: String, as uri: String = Client.uri) {
    notify("textDocument/didOpen", ["textDocument": ["uri": .string(uri), "text": .string(text)]])
    idle()
  }

  static let uri = "file://" + Repository.experiments.path + "/open.yaml"

  /// The answer at the mark `‸` of a text, which is removed.
  func at(_ method: String, _ marked: String) -> JSON {
    let parts = marked.split(separator: "‸", maxSplits: 1, omittingEmptySubsequences: false)
    let before = String(parts[0])
    open(before + parts[1])
    let line = before.filter { $0 == "\n" }.count
    let last = before.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    return request(
      "textDocument/\(method)",
      [
        "textDocument": ["uri": .string(Client.uri)],
        "position": ["line": .int(line), "character": .int(last.utf16.count)],
      ])
  }

  func completions(_ marked: String) -> [String] {
    at("completion", marked)["items"]?.array?.compactMap { $0["textEdit"]?["newText"]?.string }
      ?? []
  }

  func everywhere(_ method: String) -> [JSON] {
    let end: JSON = ["line": 9999, "character": 0]
    return request(
      "textDocument/\(method)",
      [
        "textDocument": ["uri": .string(Client.uri)],
        "range": ["start": ["line": 0, "character": 0], "end": end],
      ]
    ).array ?? []
  }
}

@Suite struct ServerTests {
  private static let iris = """
    data: {csv: {path: data/iris.csv, targets: species}, scale: standardize}
    model:
      - {type: dense, units: 8, name: hidden}
      - tanh
      - {type: dense, units: 3}
    loss: cross_entropy
    train: {epochs: 1}

    """

  private func edited(_ old: String, _ new: String) -> String {
    ServerTests.iris.replacingOccurrences(of: old, with: new)
  }

  @Test func `errors are those of validate, at their words`() throws {
    let client = Client()
    client.open(ServerTests.iris)
    #expect(client.diagnostics[Client.uri] == [])
    client.open(edited("tanh", "tahn"))
    let found = try #require(client.diagnostics[Client.uri])
    #expect(found.count == 1)
    let message = try #require(found[0]["message"]?.string)
    #expect(
      message.hasPrefix(
        "unknown layer type 'tahn'; did you mean 'tanh'?\nnote: known types: adaptive_pooling,"))
    let range: JSON = [
      "start": ["line": 3, "character": 4], "end": ["line": 3, "character": 8],
    ]
    #expect(found[0]["range"] == range)
    let fixes = client.everywhere("codeAction")
    #expect(fixes.map { $0["title"]?.string } == ["replace 'tahn' by 'tanh'"])
    #expect(
      fixes.first?["edit"]?["changes"]?[Client.uri]
        == [["range": range, "newText": "tanh"]])
  }

  @Test func `each node shows its output shape and parameters`() {
    let client = Client()
    client.open(ServerTests.iris)
    #expect(
      client.everywhere("inlayHint").map { $0["label"]?.string }
        == ["→ [8], 40 parameters", "→ [8]", "→ [3], 27 parameters"])
    // The shapes of the last valid model stay while a later part is typed.
    client.open(edited("loss: cross_entropy", "loss: "))
    #expect(client.everywhere("inlayHint").isEmpty)
  }

  @Test func `hover shows the equation and options, and the meaning of keys`() throws {
    let client = Client()
    let type = client.at("hover", edited("type: dense, units: 8", "type: de‸nse, units: 8"))
    let text = try #require(type["contents"]?["value"]?.string)
    #expect(
      text.hasPrefix(
        """
        **dense** (layer): every unit a weighted sum of all inputs, plus a bias

        ```text
        y = W x + b;  ∂W += ∂y xᵀ,  ∂b += ∂y,  ∂x += Wᵀ ∂y
        ```
        """))
    #expect(text.contains("- `units`: number of outputs; an integer ≥ 1 (required)"))
    let key = client.at("hover", edited("epochs", "epo‸chs"))
    #expect(
      key["contents"]?["value"]?.string
        == "**epochs**: passes over the training data\n\nan integer ≥ 1; required")
    #expect(client.at("hover", edited("species", "spec‸ies")) == .null)
  }

  @Test(arguments: [
    ("tra‸", "train: "), ("train:\n  ‸", "epochs: "), ("train: {optimizer: {type: ‸", "adam"),
    ("train: {optimizer: {type: sgd, ‸", "momentum: "), ("train: {sampling: ‸}", "sequential"),
    ("loss: ‸", "cross_entropy"), ("loss: {type: cross_entropy, from: ‸}", "logits"),
    ("metrics: [‸", "accuracy"), ("metrics:\n  - ‸", "accuracy"), ("model:\n  - ‸", "relu"),
    ("model:\n  - ‸", "{type: dense, units: }"), ("model:\n  - type: ‸", "dense"),
    ("model:\n  - type: dense\n    ‸", "units: "),
    ("data:\n  csv: {path: data/iris.csv, inputs: [‸", "petal_width_cm"),
    ("data:\n  csv:\n    path: data/iris.csv\n    targets: ‸\n", "species"),
    ("data: {csv: {path: data/iris.csv}, split: {column: ‸", "species"),
    ("data:\n  ‸", "csv: "), ("data: {scale: ‸", "standardize"),
    ("model:\n  - {type: relu, name: a}\n  - {type: add, inputs: [‸", "a"),
    ("model:\n  - {type: relu, name: a}\nloss:\n  ‸", "a: "),
    ("expect:\n  ‸", "gradient_check: "), ("sweep:\n  ‸", "grid: "), ("base: a.yaml\n‸", "sweep: "),
  ])
  func `a half-typed file is completed`(text: String, expected: String) {
    let found = Client().completions(text)
    #expect(found.contains(expected), "\(text): \(found)")
  }

  @Test func `present keys are not offered again, and words are replaced`() {
    let client = Client()
    #expect(!client.completions("train: {epochs: 1, ‸}").contains("epochs: "))
    let items = client.at("completion", "loss: cro‸")["items"]?.array ?? []
    #expect(items[0]["textEdit"]?["range"]?["start"] == ["line": 0, "character": 6])
    #expect(items[0]["textEdit"]?["range"]?["end"] == ["line": 0, "character": 9])
  }

  @Test func `the name in inputs leads to its node`() {
    let client = Client()
    let text = edited("- tanh", "- {type: tanh, inputs: hid‸den}")
    #expect(
      client.at("definition", text)["range"]
        == ["start": ["line": 2, "character": 34], "end": ["line": 2, "character": 40]])
    #expect(client.at("definition", edited("tanh", "ta‸nh")) == .null)
  }

  private static let blocks = """
    data: {csv: {path: data/iris.csv, targets: species}, scale: standardize}
    blocks:
      twice:
        - {type: dense, units: 4, name: wide}
        - tanh
        - {type: add, inputs: [tanh, wide]}
    model:
      - {type: dense, units: 5}
      - {block: twice, repeat: 2}
      - {block: [relu, {type: dense, units: 3, name: out}]}
    loss: cross_entropy
    train: {epochs: 1}

    """

  private func inBlocks(_ old: String, _ new: String) -> String {
    ServerTests.blocks.replacingOccurrences(of: old, with: new)
  }

  @Test func `the layers of a block show the shapes of its repetitions`() {
    let client = Client()
    client.open(ServerTests.blocks)
    #expect(client.diagnostics[Client.uri] == [])
    #expect(
      client.everywhere("inlayHint").map { $0["label"]?.string } == [
        "→ [4], 24 parameters; [4], 20 parameters", "→ [4]", "→ [4]", "→ [5], 25 parameters",
        "→ [4]", "→ [3], 15 parameters",
      ])
    let hover = client.at("hover", inBlocks("[tanh, wide]", "[tanh, wi‸de]"))
    #expect(
      hover["contents"]?["value"]?.string
        == "**wide**: [4], 24 parameters; [4], 20 parameters")
    let block = client.at("hover", inBlocks("{block: twice", "{block: twi‸ce"))
    #expect(
      block["contents"]?["value"]?.string == "**twice**: a block of the layers wide, tanh, add")
    let key = client.at("hover", inBlocks("repeat", "rep‸eat"))
    #expect(
      key["contents"]?["value"]?.string
        == "**repeat**: the number of repetitions\n\nan integer in 1...1000; default: `1`")
  }

  @Test func `a block in a block is written out`() {
    let text = """
      data: {csv: {path: data/iris.csv, targets: species}, scale: standardize}
      blocks:
        pair: [{type: dense, units: 4, name: wide}, tanh]
        stage:
          - {block: pair, repeat: 2}
          - {type: add, inputs: [pair_1_tanh, pair_2_tanh]}
      model:
        - {block: [{block: stage}]}
        - {type: dense, units: 3, name: out}
      loss: cross_entropy
      train: {epochs: 1}

      """
    let client = Client()
    client.open(text)
    #expect(client.diagnostics[Client.uri] == [])
    #expect(
      client.everywhere("inlayHint").map { $0["label"]?.string } == [
        "→ [4], 20 parameters", "→ [4]", "→ [4]", "→ [3], 15 parameters",
      ])
    func changed(_ old: String, _ new: String) -> String {
      text.replacingOccurrences(of: old, with: new)
    }
    for (old, new, expected) in [
      ("{block: pair", "{block: ‸", "stage"), ("[{block: stage", "[{block: ‸", "pair"),
      ("[pair_1_tanh, ", "[pair‸, ", "pair_2_tanh"), ("repeat: 2", "‸", "repeat: "),
    ] {
      #expect(Client().completions(changed(old, new)).contains(expected), "\(new)")
    }
  }

  @Test(arguments: [
    ("[tanh, wide]", "[tanh, wi‸de]", 3, 36), ("[tanh, wide]", "[ta‸nh, wide]", 4, 6),
    ("{block: twice", "{block: tw‸ice", 2, 2),
    ("{type: dense, units: 5}", "{type: dense, units: 5, inputs: twice_2_wi‸de}", 3, 36),
  ])
  func `a name leads to the layer in its block`(
    old: String, new: String, line: Int, character: Int
  ) {
    #expect(
      Client().at("definition", inBlocks(old, new))["range"]?["start"]
        == ["line": .int(line), "character": .int(character)])
  }

  @Test(arguments: [
    ("[tanh, wide]", "[ta‸", "wide"), ("[tanh, wide]", "[ta‸", "input"),
    ("- tanh", "- ta‸", "tanh"), ("- tanh", "- {type: dense, ‸}", "units: "),
    ("{block: twice", "{block: ‸", "twice"), ("repeat: 2", "‸", "repeat: "),
    ("- {type: dense, units: 5}", "- {‸}", "block: "),
    ("- {type: dense, units: 5}", "- {type: add, inputs: [‸", "twice_2_add"),
    ("[relu, ", "[re‸, ", "relu"),
  ])
  func `blocks are completed`(old: String, new: String, expected: String) {
    let found = Client().completions(inBlocks(old, new))
    #expect(found.contains(expected), "\(found)")
  }

  @Test func `an error in a table is shown at the data section`() throws {
    let client = Client()
    client.open(edited("targets: species", "targets: kind"))
    let found = try #require(client.diagnostics[Client.uri]?.first)
    #expect(found["message"]?.string?.hasPrefix("no column 'kind'") == true)
    client.open("base: missing.yaml\nsweep: {grid: {seed: [1]}}\n")
    #expect(client.diagnostics[Client.uri]?.count == 1)
  }

  @Test func `wrong messages get an error and do not end the server`() {
    let client = Client()
    func code(_ text: String) -> Int? {
      client.server.answer(Array(text.utf8)).first?["error"]?["code"]?.int
    }
    #expect(code("{") == -32700)
    #expect(code("{\"id\": 1}") == -32600)
    #expect(code("{\"id\": 1, \"method\": \"x/y\"}") == -32601)
    #expect(code("{\"id\": 1, \"method\": \"textDocument/hover\", \"params\": [3]}") == nil)
    let fresh = LanguageServer(registry, version: "0", loadsPlugins: false)
    let early = fresh.answer(Array("{\"id\": 1, \"method\": \"textDocument/hover\"}".utf8))
    #expect(early.first?["error"]?["code"]?.int == -32002)
    client.request("shutdown", .null)
    client.notify("exit", .null)
    #expect(client.server.exitCode == 0)
  }

  /// `make test-editors` makes 100,000 of them.
  @Test func `random edits do not end the server`() {
    let client = Client()
    client.open(ServerTests.iris)
    var random = SeededGenerator(seed: 7)
    let pieces = [
      "", "\n", "  ", "- ", "{", "}", "[", ": ", "type: dense", "\"", "#", "𝕏", "units: 9e9",
      "&a *a",
    ]
    for edit in 0..<400 {
      func position() -> JSON {
        [
          "line": .int(Int.random(in: 0..<9, using: &random)),
          "character": .int(Int.random(in: 0..<40, using: &random)),
        ]
      }
      let start = position()
      let isDeleting = Int.random(in: 0..<4, using: &random) == 0
      client.notify(
        "textDocument/didChange",
        [
          "textDocument": ["uri": .string(Client.uri)],
          "contentChanges": [
            [
              "range": ["start": start, "end": isDeleting ? position() : start],
              "text": .string(pieces.randomElement(using: &random)!),
            ]
          ],
        ])
      for method in ["hover", "completion", "definition"] where edit % 4 == 0 {
        client.request(
          "textDocument/\(method)",
          ["textDocument": ["uri": .string(Client.uri)], "position": position()])
      }
      if edit % 10 == 0 { client.idle() }
      if edit % 50 == 0 { client.open(ServerTests.iris) }
    }
    client.open(ServerTests.iris)
    #expect(client.diagnostics[Client.uri] == [])
  }

  @Test(arguments: [
    ("file:///a%20b/c.yaml", "/a b/c.yaml"), ("file://host/x", "/x"),
    ("untitled:1", "untitled.yaml"),
    ("file:///%E2%88%82", "/∂"), ("file:///%zz", "/%zz"), ("file:///a%00", "untitled.yaml"),
  ])
  func `a URI is a path`(uri: String, path: String) {
    #expect(LanguageServer.path(of: uri) == path)
  }
}
