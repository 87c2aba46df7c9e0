import Files
import Foundation
import NNExp
import Reports
import Results
import TestSupport
import Testing

@testable import Serving

/// A folder of results with runs that need no training.
final class ServedRuns {
  let scratch = Scratch()
  var path: String { scratch.path + "/results" }

  func add(
    _ name: String, status: String = "completed", started: String = "2026-11-28T09:00:00Z",
    best: Double = 0.5, settings: String = "seed: 1\nname: a\n", in folder: String? = nil
  ) {
    let folder = folder ?? "results/" + name
    scratch.makeFolder(folder)
    scratch.put(
      """
      {"id": "\(String(repeating: "0", count: 32))", "command": ["nnexp"], "experiment": "/a.yaml",
       "versions": {"nnexp": "0.1.0", "swift": "6"}, "blas": "none", "isa": "baseline",
       "threads": 1, "seed": 1, "data": [], "plugins": [], "started": "\(started)", "resumed": [], "build": null,
       "configuration": null, "cpu": null, "git_commit": null, "finished": null, "seconds": null}
      """, in: folder + "/run.json")
    let isRunning = status == "running"
    let delivered = "{\"weights\": \"best\", \"epoch\": 2, \"column\": \"train_loss\"}"
    let bests = "{\"train_loss\": {\"value\": \(best), \"epoch\": 2}}"
    scratch.put(
      """
      {"status": "\(status)", "exit_status": 0, "reason": null, "epochs": 2, "steps": 2,
       "delivered": \(isRunning ? "null" : delivered),
       "columns": {"train_loss": {"split": "train", "quantity": "loss", "larger_is_better": false}},
       "final": {"train_loss": \(best)},
       "best": \(isRunning ? "{}" : bests), "expectations": [],
       "parameters": {"total": 1, "trainable": 1, "frozen": 0}}
      """, in: folder + "/summary.json")
    scratch.put("epoch,step,train_loss\n1,1,1\n2,2,\(best)\n", in: folder + "/metrics.csv")
    scratch.put(settings, in: folder + "/resolved.yaml")
    scratch.put("the experiment of \(name)", in: folder + "/experiment.yaml")
  }

  /// The status and the text of the answer to a request of this machine.
  func get(_ path: String, _ query: String = "") throws -> (status: Int, text: String) {
    let request = ServerRequest("GET", path, query: query, headers: ["host": "localhost:1"])
    guard
      case .response(let response) = try RunServer(self.path, registry: registry).answer(request)
    else {
      return (0, "events")
    }
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }
}

@Suite struct ContainmentTests {
  @Test func theRunsOfTheFolderAreShown() throws {
    let runs = ServedRuns()
    runs.add("xor/run-0001")
    #expect(try runs.get("/").text.contains("href=\"/run/xor/run-0001\""))
    let page = try runs.get("/run/xor/run-0001")
    #expect(page.status == 200)
    #expect(page.text.contains("the experiment of xor/run-0001"))
    #expect(try runs.get("/run/%78or/run-0001").status == 200)
  }

  @Test func pathsThatLeadOutsideAreRefused() throws {
    let runs = ServedRuns()
    runs.add("xor/run-0001")
    runs.add("secret", in: "outside")
    let outside = runs.scratch.path + "/outside"
    for path in [
      "/run/../outside", "/run/xor/../../outside", "/run/%2e%2e/outside", "/run/%2E%2E%2Foutside",
      "/run/..%2foutside", "/run/%252e%252e/outside", "/run/" + outside, "/run/." + outside,
      "/run/" + Escaping.url(outside), "/run/%2f" + outside.dropFirst(), "/run/..",
      "/run/xor/run-0001/../../../outside", "/run/./xor/run-0001", "/run/xor//run-0001",
      "/run/xor/run-0001/", "/run/xor/run-0001%00", "/run/xor/run-0001%00/..", "/run/..\\outside",
      "/events/run/../outside", "/sweep/../outside", "outside", "",
      "http://localhost/run/../outside",
      "/run/%C0%AE%C0%AE/outside", "/run/%", "/run/%2", "/run/\u{2024}\u{2024}/outside",
    ] {
      let answer = try runs.get(path)
      #expect([400, 404].contains(answer.status), "\(path): \(answer.status)")
      #expect(!answer.text.contains("the experiment of"), "\(path)")
    }
    for run in ["../outside", outside, "xor/../../outside", "%2e%2e/outside"] {
      let answer = try runs.get("/compare", "run=xor/run-0001&run=" + run)
      #expect(answer.status == 404, "\(run): \(answer.status)")
    }
  }

  @Test func symbolicLinksAreNotFollowed() throws {
    let runs = ServedRuns()
    runs.add("xor/run-0001")
    runs.add("secret", in: "outside/run-0001")
    runs.scratch.put("the experiment of nobody", in: "outside/text")
    runs.scratch.link("results/folder", to: runs.scratch.path + "/outside")
    runs.scratch.link("results/xor/run-0002", to: "../../outside/run-0001")
    runs.scratch.link("results/xor/latest", to: "run-0001")
    for (number, file) in ["experiment.yaml", "summary.json", "metrics.csv", "anything"]
      .enumerated()
    {
      let name = "xor/run-001\(number)"
      runs.add(name)
      let path = "results/\(name)/\(file)"
      try? FileManager.default.removeItem(atPath: runs.scratch.path + "/" + path)
      runs.scratch.link(path, to: runs.scratch.path + "/outside/text")
      let answer = try runs.get("/run/" + name)
      #expect(answer.status == 403, "\(file)")
      #expect(answer.text.contains("is a symbolic link, which the server does not follow"))
      #expect(try runs.get("/compare", "run=" + name).status == 403)
    }
    runs.add("xor/run-0020")
    runs.scratch.makeFolder("results/xor/run-0020/checkpoints")
    runs.scratch.link("results/xor/run-0020/checkpoints/last.nnx", to: "/etc/passwd")
    for path in ["folder/run-0001", "xor/run-0002", "xor/latest", "xor/run-0020"] {
      #expect(try runs.get("/run/" + path).status == 403, "\(path)")
      #expect(try runs.get("/events/run/" + path).status == 403, "\(path)")
    }
    let list = try runs.get("/").text
    #expect(list.contains("run-0001"))
    for name in ["folder", "run-0002", "latest", "run-0011", "run-0012"] {
      #expect(!list.contains("/" + name), "\(name)")
    }
  }

  /// A folder that is itself a link was named by the user.
  @Test func theFolderItselfMayBeALink() throws {
    let runs = ServedRuns()
    runs.add("real/xor/run-0001", in: "real/xor/run-0001")
    runs.scratch.link("results", to: "real")
    #expect(try runs.get("/").text.contains("xor/run-0001"))
    #expect(try runs.get("/run/xor/run-0001").status == 200)
  }

  @Test func namesAreEscaped() throws {
    let runs = ServedRuns()
    runs.add("<b>&\"'/run-0001", settings: "seed: 1\nname: \"<i>\"\n")
    let list = try runs.get("/").text
    #expect(!list.contains("<b>"))
    #expect(list.contains("href=\"/run/%3Cb%3E%26%22%27/run-0001\""))
    #expect(try runs.get("/run/%3Cb%3E%26%22%27/run-0001").status == 200)
    let query = "filter=" + Escaping.url("\"><script>")
    #expect(try !runs.get("/", query).text.contains("<script>"))
  }

  @Test func aMissingFolderIsReported() {
    #expect(
      errorText { _ = try RunServer("/nowhere", registry: registry) }
        == """
        error: there is no folder '/nowhere'
        note: 'nnexp run' writes its results there
        """)
  }
}
