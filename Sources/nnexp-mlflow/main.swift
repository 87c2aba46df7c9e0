import Foundation

// On macOS, Foundation itself contains it.
#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The program that `nnexp export --mlflow` executes: `nnexp-mlflow URI`, with the runs as JSON on
/// its standard input.
///
/// It needs Foundation's HTTP client, which would delay the start of every other command, so that
/// it is a separate program.
guard CommandLine.arguments.count == 2 else {
  fail("'nnexp-mlflow' is a part of 'nnexp export --mlflow'; run that instead")
}
do {
  let input = FileHandle.standardInput.readDataToEndOfFile()
  let upload = try JSONDecoder().decode(Upload.self, from: input)
  let server = try TrackingServer(CommandLine.arguments[1])
  for line in try await upload.send(to: server) { print(line) }
} catch let error as ServerError {
  fail(error.description)
} catch {
  fail("\(error)")
}

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(3)
}
