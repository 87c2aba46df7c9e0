import TestSupport
import Testing

/// Expects that a command ends with exit code 2 and this message, without other output.
func expectRefusal(
  of arguments: [String], _ message: String, _ tool: Tool,
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws {
  let result = try tool.run(arguments)
  #expect(result.code == 2, "\(arguments)", sourceLocation: sourceLocation)
  #expect(result.output == "", "\(arguments)", sourceLocation: sourceLocation)
  #expect(result.errors == message, "\(arguments)", sourceLocation: sourceLocation)
}
