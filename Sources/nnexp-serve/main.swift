import Datasets
import Dispatch
import Files
import FlyingFox
import FlyingSocks
import Foundation
import NNExp
import Serving
import Standard
import Synchronization

/// The program that `nnexp serve` executes: `nnexp-serve FOLDER PORT`.
///
/// Its HTTP library needs Foundation, which would delay the start of every other command, so
/// that it is a separate program.
private func serve() async throws {
  let words = CommandLine.arguments
  guard words.count == 3, let port = UInt16(words[2]) else {
    throw Diagnostic("'nnexp-serve' is a part of 'nnexp serve'; run that instead")
  }
  let folder = words[1]
  var registry = Registry()
  registerStandard(in: &registry)
  registerDatasets(in: &registry)
  let pages = try RunServer(folder, registry: registry)
  let server = HTTPServer(
    address: try .inet(ip4: "127.0.0.1", port: port), timeout: 60, logger: .disabled,
    handler: PageHandler(pages: pages))
  let stop = stopSignals(server)
  defer { withExtendedLifetime(stop) {} }
  let running = Task {
    do { try await server.run() } catch {
      failure.withLock { $0 = error }
      throw error
    }
  }
  // The library's own wait does not end if the server fails.
  while await server.listeningAddress == nil {
    if let error = failure.withLock({ $0 }) { throw reason(error, port) }
    try await Task.sleep(for: .milliseconds(2))
  }
  if case .ip4(_, let port)? = await server.listeningAddress {
    show("http://127.0.0.1:\(port)/\n", on: 1)
    show("runs below '\(folder)', for browsers on this machine; Ctrl-C stops it\n", on: 2)
  }
  Task { pages.prepare() }
  do {
    try await running.value
  } catch {
    if received.withLock({ $0 }) == 0 { throw error }
  }
  // The signal's handler ends the process.
  while true { try await Task.sleep(for: .seconds(60)) }
}

/// The error that ended the server.
private let failure = Mutex<(any Error)?>(nil)

/// The reason why the server does not start.
private func reason(_ error: any Error, _ port: UInt16) -> Diagnostic {
  guard case SocketError.failed(_, let code, let message) = error else {
    return Diagnostic("cannot start the server: \(error)", failure: .environment)
  }
  if code == EADDRINUSE {
    return Diagnostic(
      "port \(port) is in use", notes: [.init("--port 0 takes a free port")],
      failure: .environment)
  }
  if code == EACCES {
    return Diagnostic(
      "port \(port) is only for administrators",
      notes: [.init("choose one from 1024, or --port 0 for a free one")], failure: .environment)
  }
  return Diagnostic(
    "cannot listen on port \(port): \(message)", failure: .environment)
}

private func show(_ text: String, on descriptor: Int32) {
  var text = Escaping.terminal(text)
  text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
}

// MARK: - Signals

/// The signal that stopped the server; 0 if there is none.
private let received = Mutex<Int32>(0)

/// Stops the server on Ctrl-C and SIGTERM, and ends the process by the signal, so that a shell
/// sees the cause. A second signal ends it at once.
private func stopSignals(_ server: HTTPServer) -> [any DispatchSourceSignal] {
  [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      signal(number, SIG_DFL)
      received.withLock { $0 = number }
      Task {
        await server.stop(timeout: 1)
        endProcess(by: number)
      }
    }
    source.resume()
    return source
  }
}

/// Ends the process by a signal, which the threads of Dispatch block.
private func endProcess(by number: Int32) {
  var set = sigset_t()
  sigemptyset(&set)
  sigaddset(&set, number)
  pthread_sigmask(SIG_UNBLOCK, &set, nil)
  raise(number)
}

signal(SIGPIPE, SIG_IGN)
signal(SIGQUIT, SIG_DFL)
do {
  try await serve()
} catch {
  let other = Diagnostic("\(error)", failure: .environment)
  let diagnostics = error as? Diagnostics ?? Diagnostics([error as? Diagnostic ?? other])
  show(diagnostics.description + "\n", on: 2)
  exit(diagnostics.failure.rawValue)
}
