import Foundation

// On macOS, Foundation itself contains it.
#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A failure of the server, or of the connection to it.
struct ServerError: Error, CustomStringConvertible {
  let description: String
  /// The server's own name of the error, such as `RESOURCE_DOES_NOT_EXIST`.
  var code: String?
}

/// An MLflow tracking server. Source: the REST API of MLflow, version 2.0.
struct TrackingServer {
  private let base: String

  init(_ uri: String) throws {
    guard let url = URL(string: uri), ["http", "https"].contains(url.scheme), url.host != nil else {
      throw ServerError(
        description: "'\(uri)' is not the address of a server, such as http://localhost:5000")
    }
    base = uri.hasSuffix("/") ? String(uri.dropLast()) : uri
  }

  /// Calls `api/2.0/mlflow/…` with a JSON object.
  func call(_ path: String, _ body: [String: Any]) async throws -> [String: Any] {
    let data = try JSONSerialization.data(withJSONObject: body, options: [.sortedKeys])
    return try await send(request("/api/2.0/mlflow/\(path)", "POST", data))
  }

  /// Reads `api/2.0/mlflow/…?name=value`.
  func get(_ path: String, _ name: String, _ value: String) async throws -> [String: Any] {
    let escaped = value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? value
    return try await send(request("/api/2.0/mlflow/\(path)?\(name)=\(escaped)", "GET", nil))
  }

  /// Uploads a file to the artifacts of a run.
  ///
  /// - Parameter root: the run's `artifact_uri`, such as `mlflow-artifacts:/1/ab…/artifacts`.
  func upload(_ data: Data, to path: String, below root: String) async throws {
    guard let url = URL(string: root), url.scheme == "mlflow-artifacts" else {
      throw ServerError(
        description: "the server stores files in '\(root)' and does not receive them; "
          + "start it with --serve-artifacts, or use --no-artifacts")
    }
    let whole = (url.path + "/" + path).split(separator: "/").map {
      $0.addingPercentEncoding(
        withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._")))
        ?? String($0)
    }
    _ = try await send(
      request(
        "/api/2.0/mlflow-artifacts/artifacts/" + whole.joined(separator: "/"), "PUT", data,
        type: "application/octet-stream"))
  }

  private func request(
    _ path: String, _ method: String, _ body: Data?, type: String = "application/json"
  ) throws -> URLRequest {
    guard let url = URL(string: base + path) else {
      throw ServerError(description: "'\(base + path)' is not an address")
    }
    var request = URLRequest(url: url, timeoutInterval: 60)
    request.httpMethod = method
    request.httpBody = body
    request.setValue(type, forHTTPHeaderField: "Content-Type")
    // The variables that MLflow's own client reads.
    let environment = ProcessInfo.processInfo.environment
    if let token = environment["MLFLOW_TRACKING_TOKEN"] {
      request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    } else if let name = environment["MLFLOW_TRACKING_USERNAME"] {
      let pair = Data("\(name):\(environment["MLFLOW_TRACKING_PASSWORD"] ?? "")".utf8)
      request.setValue("Basic \(pair.base64EncodedString())", forHTTPHeaderField: "Authorization")
    }
    return request
  }

  private func send(_ request: URLRequest) async throws -> [String: Any] {
    let data: Data
    let response: URLResponse
    do {
      (data, response) = try await URLSession.shared.data(for: request)
    } catch {
      throw ServerError(
        description: "no answer from \(base): \((error as NSError).localizedDescription)")
    }
    let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    guard status == 200 else {
      let message = object?["message"] as? String ?? "not an MLflow server?"
      throw ServerError(
        description: "\(base) answered \(status): \(message.prefix(300))",
        code: object?["error_code"] as? String)
    }
    return object ?? [:]
  }
}
