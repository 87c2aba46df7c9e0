import NNExp
import TestSupport
import Testing

/// A layer made as a file would make it; wrong options fail the test.
func makeLayer(_ type: String, _ options: [(String, ConfigValue)] = []) throws -> any Layer {
  try #require(standardRegistry.layers[type]).value(ConfigValue.map(options))
}

/// The errors in these options, as they are shown.
func optionErrors(_ type: String, _ options: [(String, ConfigValue)]) throws -> String {
  var read = Options(ConfigValue.map(options))
  _ = try #require(standardRegistry.layers[type]).make(&read)
  read.rejectUnread()
  return read.diagnostics.description
}
