import Files
import Platform
import Interchange
import NNExp

// The program that `nnexp export --onnx` executes: it reads a graph of operators from standard
// input and writes the ONNX file to standard output.
//
// The library for Protocol Buffers needs Foundation, which would delay the start of every other
// command, so that it is a separate program.

signal(SIGPIPE, SIG_DFL)
do {
  guard CommandLine.arguments.count == 1 else {
    throw Diagnostic("'nnexp-onnx' is a part of 'nnexp export'; run that instead")
  }
  let file = try GraphFile(parsing: readStandardInput(), from: "standard input")
  let bytes = try onnxModel(file.graph, name: file.name, version: file.version)
  var start = 0
  while start < bytes.count {
    let count = bytes[start...].withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else {
      throw Diagnostic("cannot write the model: \(systemReason)", failure: .environment)
    }
    start += count
  }
} catch {
  let other = Diagnostic("\(error)", failure: .environment)
  let diagnostics = error as? Diagnostics ?? Diagnostics([error as? Diagnostic ?? other])
  let text = Array((Escaping.terminal(diagnostics.description) + "\n").utf8)
  _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  exit(diagnostics.failure.rawValue)
}
