import NNExp

/// A request as the server reads it: the method, the target without decoding, and headers.
public struct ServerRequest: Sendable {
  public var method: String
  /// The path of the target as sent, with percent encoding: `/run/xor/run-0001`.
  public var path: String
  /// The query of the target as sent, without the question mark.
  public var query: String
  /// The values of headers by their names in lower case.
  public var headers: [String: String]

  public init(
    _ method: String, _ path: String, query: String = "", headers: [String: String] = [:]
  ) {
    (self.method, self.path, self.query, self.headers) = (method, path, query, headers)
  }
}

/// A complete response.
public struct ServerResponse: Sendable, Equatable {
  public var status: Int
  public var type: String
  public var body: [UInt8]

  public init(_ status: Int, _ body: String, type: String = "text/html; charset=utf-8") {
    (self.status, self.type, self.body) = (status, type, Array(body.utf8))
  }

  /// The headers of every response. They forbid everything that the pages do not need:
  /// resources and requests to other servers, scripts in the page, and frames around it.
  public static let commonHeaders: [(name: String, value: String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        + "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        + "frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
  ]
}

/// The reason why a request has no page.
struct Refusal: Error, Equatable {
  let status: Int
  let text: String

  static func forbidden(_ text: String) -> Refusal { Refusal(status: 403, text: text) }
  static let notFound = Refusal(status: 404, text: "there is no such page")
}
