import NNExp
import TestSupport
import Testing

/// Creates a layer from options; wrong options fail the test.
func makeLayer(_ type: String, _ options: [(String, ConfigValue)] = []) throws -> any Layer {
  try #require(standardRegistry.layers[type]).value(ConfigValue.map(options))
}

/// The errors in these options, in the form that users see.
func optionErrors(_ type: String, _ options: [(String, ConfigValue)]) throws -> String {
  var read = Options(ConfigValue.map(options))
  _ = try #require(standardRegistry.layers[type]).make(&read)
  read.rejectUnread()
  return read.diagnostics.description
}
