import Files
public import NNExp
import Reports
import Results
import Sweeps
import Synchronization

/// Answers requests for the pages of a folder of runs. It knows nothing of connections.
///
///     /                          the list; ?filter= &status= &sort= &reverse=1 &page=
///     /run/PATH, /sweep/PATH     the reports of `nnexp report`
///     /compare?run=PATH&run=…    several runs together
///     /events, /events/run/PATH, /events/sweep/PATH, /events/compare?run=…
///                                server-sent events: the files of a page have changed
public final class RunServer: Sendable {
  private let folder: ServedFolder
  private let registry: Registry
  private let index: RunIndex
  /// Reports are composed one at a time, so that many requests need the memory of one.
  private let composing = Mutex(())

  /// - Parameter registry: the types that the runs' models may name.
  /// - Throws: a `Diagnostic` if there is no such folder.
  public init(_ path: String, registry: Registry) throws {
    self.registry = registry
    _ = try RunList.folder(path)
    folder = ServedFolder(path)
    index = RunIndex(folder)
  }

  /// Reads all runs, so that the first list appears at once.
  public func prepare() { _ = try? index.listing() }

  public enum Answer: Sendable {
    case response(ServerResponse)
    /// A stream of events, one for each change of the mark.
    case events(EventSource)
  }

  /// The answer to a request. It never throws: what is wrong becomes a page.
  public func answer(_ request: ServerRequest) -> Answer {
    do {
      try RequestRules.check(request)
      return try route(request)
    } catch let refusal as Refusal {
      return .response(Self.message(refusal.status, refusal.text))
    } catch {
      return .response(Self.message(500, Self.text(of: error)))
    }
  }

  private static func message(_ status: Int, _ text: String) -> ServerResponse {
    ServerResponse(status, ServerPage.message(title(status), [text]))
  }

  private static func title(_ status: Int) -> String {
    switch status {
    case 400: "The address is wrong"
    case 403: "Refused"
    case 404: "Not found"
    case 405: "Not supported"
    default: "The page cannot be shown"
    }
  }

  /// An error as text for a page.
  static func text(of error: any Error) -> String {
    switch error {
    case let diagnostic as Diagnostic: diagnostic.message
    case let diagnostics as Diagnostics:
      diagnostics.list.map(\.message).joined(separator: "; ")
    default: "\(error)"
    }
  }

  // MARK: Routes

  private func route(_ request: ServerRequest) throws -> Answer {
    guard let path = URLText.decoded(request.path), path.hasPrefix(bytes: "/"),
      // A slash within a name, or another encoding of the same address.
      !request.path.lowercased().contains("%2f"), !path.utf8.contains(0)
    else { throw Refusal(status: 400, text: "the address is not that of a page") }
    let parts = path.split(atByte: "/", omittingEmptySubsequences: false).dropFirst().map(
      String.init)
    let query = QueryFields(request.query)
    switch (parts[0], parts.count) {
    case ("", 1): return .response(try list(query))
    case ("compare", 1): return .response(try compare(query))
    case ("run", 2...): return .response(try run(address(parts.dropFirst())))
    case ("sweep", 2...): return .response(try sweep(address(parts.dropFirst())))
    case ("events", 1): return .events(EventSource { [index] in try Self.mark(index) })
    case ("events", 2) where parts[1] == "compare":
      let paths = try comparedPaths(query)
      return .events(EventSource { ChangeMark(runs: paths) })
    case ("events", 3...): return .events(try events(parts[1], address(parts.dropFirst(2))))
    case ("style.css", 1): return asset(Assets.style, "text/css; charset=utf-8")
    case ("script.js", 1): return asset(Assets.script, "text/javascript; charset=utf-8")
    case ("page.js", 1): return asset(pageScript, "text/javascript; charset=utf-8")
    case ("icon.svg", 1): return asset(Assets.icon, "image/svg+xml")
    default: throw Refusal.notFound
    }
  }

  private func asset(_ text: String, _ type: String) -> Answer {
    .response(ServerResponse(200, text, type: type))
  }

  private func address(_ parts: some Collection<String>) -> String {
    parts.joined(separator: "/")
  }

  private func list(_ query: QueryFields) throws -> ServerResponse {
    let page = ListPage(
      folder: folder, entries: try index.listing().entries, selection: ListSelection(query))
    return ServerResponse(200, page.html)
  }

  /// The folder of a run or a sweep that contains no links.
  private func folder(_ address: String, with file: String) throws -> String {
    let path = try folder.folder(address)
    guard Path.isThere(path + "/" + file) else { throw Refusal.notFound }
    try ServedFolder.requireNoLinks(in: path)
    return path
  }

  private func run(_ address: String) throws -> ServerResponse {
    let path = try folder(address, with: RunRecord.file)
    let isOpen = try RunList.run(path).isOpen
    let frame = ServerPage.frame(
      trail: address, events: isOpen ? "/events/run/" + Escaping.url(address) : nil)
    return try composing.withLock { _ in
      let page = try RunPage(
        RunDirectory.open(path), registry: registry, readsData: false)
      return try ServerResponse(200, page.html(in: frame))
    }
  }

  private func sweep(_ address: String) throws -> ServerResponse {
    let path = try folder(address, with: PlanRecord.file)
    let sweep = SweepFolder(path)
    guard let plan = try PlanRecord(of: sweep) else { throw Refusal.notFound }
    let isOpen = try RunList.sweep(path)?.isOpen ?? false
    let frame = ServerPage.frame(
      trail: address, events: isOpen ? "/events/sweep/" + Escaping.url(address) : nil)
    return try composing.withLock { _ in
      let page = SweepPage(plan, in: sweep) { run in
        "/run/" + Escaping.url(self.folder.address(of: run))
      }
      return try ServerResponse(200, page.html(in: frame))
    }
  }

  private func compare(_ query: QueryFields) throws -> ServerResponse {
    let paths = try comparedPaths(query)
    return try composing.withLock { _ in
      try ServerResponse(200, ComparePage(paths, in: folder, query).html())
    }
  }

  /// The folders of the runs that a query selects.
  private func comparedPaths(_ query: QueryFields) throws -> [String] {
    let addresses = query.all("run")
    guard (1...ComparePage.mostRuns).contains(addresses.count) else {
      let text =
        addresses.isEmpty
        ? "select the runs to compare in the list"
        : "\(addresses.count) runs are selected; the page compares at most \(ComparePage.mostRuns)"
      throw Refusal(status: 400, text: text)
    }
    return try addresses.map { try folder($0, with: RunRecord.file) }
  }

  // MARK: Events

  private static func mark(_ index: RunIndex) throws -> ChangeMark {
    ChangeMark(version: try index.listing().version)
  }

  private func events(_ kind: String, _ address: String) throws -> EventSource {
    switch kind {
    case "run":
      let path = try folder(address, with: RunRecord.file)
      return EventSource { ChangeMark(runs: [path]) }
    case "sweep":
      let path = try folder(address, with: PlanRecord.file)
      return EventSource { ChangeMark(sweep: path) }
    default: throw Refusal.notFound
    }
  }
}

/// Server-sent events that report changes of files.
public struct EventSource: Sendable {
  private let read: @Sendable () throws -> ChangeMark
  private var last: ChangeMark?
  private var isEnded = false

  init(_ read: @escaping @Sendable () throws -> ChangeMark) { self.read = read }

  /// The first bytes of a stream: the time in milliseconds after which a reader connects again.
  public static let start = "retry: 2000\n\n"
  /// Bytes without meaning, so that the server notices if the reader has gone.
  public static let heartbeat = ":\n\n"

  /// The event to send now; nil if nothing has changed. After `end`, nothing more is expected.
  public mutating func next() -> String? {
    guard let mark = try? read(), mark != last else { return nil }
    defer { last = mark }
    if !mark.isOpen {
      isEnded = true
      return "event: end\ndata: 1\n\n"
    }
    // The page that the reader has may be older than the first mark.
    return "event: change\ndata: 1\n\n"
  }

  public var hasEnded: Bool { isEnded }
}
