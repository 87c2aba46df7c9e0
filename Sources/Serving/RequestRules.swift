import NNExp

/// The checks that a request must pass before anything is read for it.
///
/// A web page of another server can make the browser send requests to this server. The page
/// cannot read the responses, unless the name of the other server resolves to this machine (DNS
/// rebinding); the header Host then has that name.
enum RequestRules {
  /// The names of this machine under which the server answers.
  private static let hosts = ["127.0.0.1", "localhost"]

  /// Throws if the request is not a reading request of one of the server's own pages, or of
  /// the address bar.
  static func check(_ request: ServerRequest) throws(Refusal) {
    guard request.method == "GET" || request.method == "HEAD" else {
      throw Refusal(status: 405, text: "the server only answers GET and HEAD requests")
    }
    guard let host = request.headers["host"], isOwn(host) else {
      throw .forbidden("the server only answers requests to localhost and 127.0.0.1")
    }
    if let origin = request.headers["origin"], !origin.hasSameBytes(as: "http://" + host) {
      throw .forbidden("the server does not answer requests of other origins")
    }
    switch request.headers["sec-fetch-site"] {
    case nil, "same-origin", "none": break
    default:
      // A link on another page may lead here, but no part of such a page is loaded from here.
      guard request.headers["sec-fetch-mode"] == "navigate",
        request.headers["sec-fetch-dest"] == "document"
      else { throw .forbidden("the server does not answer requests of other origins") }
    }
  }

  /// True for a name of this machine with any port: a tunnel may have another port.
  private static func isOwn(_ host: String) -> Bool {
    let parts = host.split(atByte: ":", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), hosts.contains(where: { parts[0].hasSameBytes(as: $0) })
    else { return false }
    return parts.count == 1
      || (1...5).contains(parts[1].utf8.count)
        && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
