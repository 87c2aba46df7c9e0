import FlyingFox
import FlyingSocks
import Foundation
import Serving
import Synchronization

/// Passes requests of the HTTP library to the pages.
struct PageHandler: HTTPHandler {
  let pages: RunServer

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    let headers = Dictionary(
      request.headers.map { ($0.key.rawValue.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
    let answer = pages.answer(
      ServerRequest(
        request.method.rawValue, request.target.path(), query: request.target.query(),
        headers: headers))
    switch answer {
    case .response(let response): return Self.message(response, request.method)
    case .events(let events):
      if request.method == .HEAD {
        return Self.message(ServerResponse(200, "", type: "text/event-stream"), request.method)
      }
      guard let place = StreamPlace() else {
        return Self.message(
          ServerResponse(503, "too many pages are open\n", type: "text/plain"), request.method)
      }
      return HTTPResponse(
        statusCode: .ok, headers: Self.headers(type: "text/event-stream"),
        body: HTTPBodySequence(from: EventBytes(events: events, place: place)))
    }
  }

  private static func headers(type: String) -> HTTPHeaders {
    var headers: HTTPHeaders = [.contentType: type]
    for (name, value) in ServerResponse.commonHeaders { headers[HTTPHeader(name)] = value }
    return headers
  }

  private static func message(_ response: ServerResponse, _ method: HTTPMethod) -> HTTPResponse {
    var headers = headers(type: response.type)
    if response.status == 405 { headers[HTTPHeader("Allow")] = "GET, HEAD" }
    headers[.contentLength] = "\(response.body.count)"
    let body = method == .HEAD ? Data() : Data(response.body)
    return HTTPResponse(
      statusCode: HTTPStatusCode(response.status, phrase: phrase(response.status)),
      headers: headers, body: HTTPBodySequence(data: body, suggestedBufferSize: 1 << 16))
  }

  private static func phrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 503: "Service Unavailable"
    default: "Internal Server Error"
    }
  }
}

/// One of the streams of events that may be open at the same time.
final class StreamPlace: Sendable {
  private static let most = 64
  private static let taken = Mutex(0)

  /// Nil if all are taken.
  init?() {
    let isFree = Self.taken.withLock { count in
      if count < Self.most { count += 1; return true }
      return false
    }
    guard isFree else { return nil }
  }

  deinit { Self.taken.withLock { $0 -= 1 } }
}

/// The bytes of a stream of events: the files are examined four times per second.
struct EventBytes: AsyncBufferedSequence {
  typealias Element = UInt8
  let events: EventSource
  let place: StreamPlace

  func makeAsyncIterator() -> Iterator { Iterator(events: events, place: place) }

  struct Iterator: AsyncBufferedIteratorProtocol {
    var events: EventSource
    let place: StreamPlace
    var hasStarted = false

    mutating func next() async throws -> UInt8? { nil }

    mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
      if !hasStarted {
        hasStarted = true
        return Array(EventSource.start.utf8)
      }
      if events.hasEnded { return nil }
      for _ in 0..<40 {
        if let event = events.next() { return Array(event.utf8) }
        try await Task.sleep(for: .milliseconds(250))
      }
      return Array(EventSource.heartbeat.utf8)
    }
  }
}
