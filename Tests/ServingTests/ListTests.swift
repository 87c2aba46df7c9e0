import Foundation
import NNExp
import Reports
import TestSupport
import Testing

@testable import Serving

@Suite struct ListTests {
  private func names(_ runs: ServedRuns, _ query: String = "") throws -> [String] {
    let listing = try RunIndex(ServedFolder(runs.path)).listing()
    return ListSelection(QueryFields(query)).apply(to: listing.entries).map {
      ServedFolder(runs.path).address(of: $0.path)
    }
  }

  private func three() -> ServedRuns {
    let runs = ServedRuns()
    runs.add("b/run-0001", status: "failed", started: "2026-11-01T09:00:00Z", best: 0.2)
    runs.add("a/run-0001", started: "2026-11-02T09:00:00Z", best: 0.3)
    runs.add("a/run-0002", started: "2026-11-02T09:00:00Z", best: 0.1)
    return runs
  }

  @Test func theNewestAreFirst() throws {
    #expect(try names(three()) == ["a/run-0002", "a/run-0001", "b/run-0001"])
    #expect(
      try names(three(), "sort=started&reverse=1") == ["b/run-0001", "a/run-0001", "a/run-0002"])
  }

  @Test func theListIsSortedByAnyColumn() throws {
    #expect(try names(three(), "sort=metric") == ["a/run-0002", "b/run-0001", "a/run-0001"])
    #expect(try names(three(), "sort=name") == ["a/run-0001", "a/run-0002", "b/run-0001"])
    #expect(try names(three(), "sort=status") == ["a/run-0002", "a/run-0001", "b/run-0001"])
    #expect(try names(three(), "sort=nothing") == ["a/run-0002", "a/run-0001", "b/run-0001"])
  }

  @Test func theListIsFiltered() throws {
    #expect(try names(three(), "filter=A%2Frun+train") == ["a/run-0002", "a/run-0001"])
    #expect(try names(three(), "filter=0002") == ["a/run-0002"])
    #expect(try names(three(), "filter=accuracy") == [])
    #expect(try names(three(), "status=failed") == ["b/run-0001"])
    #expect(try names(three(), "status=completed&filter=0001") == ["a/run-0001"])
  }

  @Test func theListHasPages() throws {
    let runs = ServedRuns()
    for number in 1...205 { runs.add("a/run-\(1000 + number)") }
    func rows(_ query: String) throws -> (Int, Bool) {
      let text = try runs.get("/", query).text
      return (text.components(separatedBy: "<tr><td").count - 1, text.contains("of 205"))
    }
    #expect(try rows("") == (100, true))
    #expect(try rows("page=3") == (5, true))
    #expect(try rows("page=9999") == (5, true))
    #expect(try rows("page=-1") == (100, true))
    #expect(try rows("page=x") == (100, true))
  }

  /// The version grows with each change, and only then.
  @Test func changesAreNoticed() throws {
    let runs = ServedRuns()
    runs.add("a/run-0001")
    let index = RunIndex(ServedFolder(runs.path))
    func scan() throws -> RunIndex.Listing {
      usleep(600_000)
      return try index.listing()
    }
    let first = try scan()
    #expect(first.entries.count == 1)
    #expect(try scan().version == first.version)
    runs.add("a/run-0002")
    runs.add("deep/er/and/run-0001")
    runs.add("too/deep/to/be/run-0001")
    let second = try scan()
    #expect(second.entries.count == 3)
    #expect(second.version == first.version + 1)
    runs.add("a/run-0002", status: "failed")
    let third = try scan()
    #expect(third.entries.first?.status == "failed" || third.entries[1].status == "failed")
    #expect(third.version == second.version + 1)
    try FileManager.default.removeItem(atPath: runs.path + "/a/run-0001")
    #expect(try scan().entries.count == 2)
  }

  @Test func aRunWithoutAProcessWasKilled() throws {
    let runs = ServedRuns()
    runs.add("a/run-0001", status: "running")
    runs.scratch.put("a run of nnexp\n", in: "results/a/run-0001/.lock")
    #expect(try RunList(below: runs.path).entries.map(\.status) == ["killed"])
    #expect(try runs.get("/run/a/run-0001").text.contains("its process ended"))
    #expect(try !runs.get("/run/a/run-0001").text.contains("data-events"))
  }

  /// The summary of a run that trains is that of its start.
  @Test func aRunThatTrainsHasItsNewestRow() throws {
    let runs = ServedRuns()
    runs.add("a/run-0001", status: "running")
    runs.scratch.put("a run of nnexp\n", in: "results/a/run-0001/.lock")
    runs.scratch.put(
      "epoch,step,train_loss\n1,1,1\n2,2,0.5\n3,3,0.25\n4,4,0.",
      in: "results/a/run-0001/metrics.csv")
    let lock = open(runs.path + "/a/run-0001/.lock", O_RDWR)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    let entry = try #require(RunList(below: runs.path).entries.first)
    #expect(entry.status == "running" && entry.isOpen)
    #expect(entry.epochs == 3 && entry.metric?.value == 0.25)
    let page = try runs.get("/run/a/run-0001").text
    #expect(page.contains("after epoch 3"))
    #expect(page.contains("data-events=\"/events/run/a/run-0001\""))
  }
}

@Suite struct EventTests {
  @Test func eachChangeOfTheMarkIsOneEvent() {
    let runs = ServedRuns()
    runs.add("a/run-0001", status: "running")
    runs.scratch.put("a run of nnexp\n", in: "results/a/run-0001/.lock")
    let path = runs.path + "/a/run-0001"
    let lock = open(path + "/.lock", O_RDWR)
    #expect(flock(lock, LOCK_EX) == 0)
    var events = EventSource { ChangeMark(runs: [path]) }
    #expect(events.next() == "event: change\ndata: 1\n\n")
    #expect(events.next() == nil)
    runs.scratch.put("epoch,step,train_loss\n1,1,1\n", in: "results/a/run-0001/metrics.csv")
    #expect(events.next() == "event: change\ndata: 1\n\n")
    #expect(events.next() == nil)
    close(lock)
    #expect(!events.hasEnded)
    #expect(events.next() == "event: end\ndata: 1\n\n")
    #expect(events.hasEnded)
  }
}
