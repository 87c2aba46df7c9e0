import NNExp
import Testing

@testable import Serving

@Suite struct RequestRulesTests {
  private func refusal(_ headers: [String: String], method: String = "GET") -> Refusal? {
    do {
      try RequestRules.check(ServerRequest(method, "/", headers: headers))
      return nil
    } catch { return error }
  }

  @Test func requestsToThisMachineAreAnswered() {
    for host in ["127.0.0.1:8000", "localhost:8000", "localhost", "127.0.0.1:1"] {
      #expect(refusal(["host": host]) == nil, "\(host)")
    }
    #expect(refusal(["host": "localhost:80"], method: "HEAD") == nil)
  }

  /// A name that resolves to this machine is not a name of this machine: DNS rebinding.
  @Test func otherHostsAreRefused() {
    for host in [
      "", "example.com", "example.com:8000", "localhost.example.com:8000", "127.0.0.1.nip.io:8000",
      "localhost:8000:1", "localhost:", "localhost:80a", "[::1]:8000", "0.0.0.0:8000",
      "LOCALHOST@example.com", "127.0.0.1:800000", " localhost:8000", "127.1:8000",
    ] {
      #expect(
        refusal(["host": host])
          == .forbidden("the server only answers requests to localhost and 127.0.0.1"), "\(host)")
    }
    #expect(refusal([:])?.status == 403)
  }

  @Test func otherOriginsAreRefused() {
    let host = "localhost:8000"
    #expect(refusal(["host": host, "origin": "http://localhost:8000"]) == nil)
    for origin in [
      "null", "http://example.com", "http://localhost:3000", "https://localhost:8000",
      "http://localhost:8000.example.com", "http://localhost:80001", "",
    ] {
      #expect(
        refusal(["host": host, "origin": origin])
          == .forbidden("the server does not answer requests of other origins"), "\(origin)")
    }
  }

  @Test func partsOfOtherPagesAreRefusedAndLinksAreNot() {
    func refusal(site: String, mode: String = "no-cors", to kind: String = "image") -> Refusal? {
      self.refusal([
        "host": "localhost:8000", "sec-fetch-site": site, "sec-fetch-mode": mode,
        "sec-fetch-dest": kind,
      ])
    }
    for site in ["cross-site", "same-site", "unknown"] {
      #expect(refusal(site: site)?.status == 403)
      #expect(refusal(site: site, mode: "cors", to: "empty")?.status == 403)
      #expect(refusal(site: site, mode: "navigate", to: "iframe")?.status == 403)
      #expect(refusal(site: site, mode: "navigate", to: "document") == nil)
    }
    #expect(refusal(site: "same-origin") == nil)
    #expect(refusal(site: "none", mode: "navigate", to: "document") == nil)
  }

  @Test func onlyReadingMethodsAreAnswered() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", ""] {
      #expect(
        refusal(["host": "localhost:1"], method: method)
          == Refusal(status: 405, text: "the server only answers GET and HEAD requests"))
    }
  }
}
