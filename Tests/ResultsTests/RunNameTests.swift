import NNExp
import Testing

@testable import Results

@Test(arguments: [
  "xor", "digits-lp", "a b", "naïve", "実験", "run.1", "a..b", "-x",
  String(repeating: "n", count: 100),
])
func namesThatNameAFolder(_ name: String) throws {
  try RunDirectory.validate(name: name)
}

@Test(arguments: [
  ("", "the name is empty; write one such as 'xor'"),
  (
    "../x",
    "the name '../x' has a '/', but it names a single folder under results; use --output for another place"
  ),
  (
    "/etc",
    "the name '/etc' has a '/', but it names a single folder under results; use --output for another place"
  ),
  ("..", "the name '..' starts with a '.'; start it with a letter or a digit"),
  (".", "the name '.' starts with a '.'; start it with a letter or a digit"),
  (".hidden", "the name '.hidden' starts with a '.'; start it with a letter or a digit"),
  (
    "a\0b",
    "the name has the control character U+0000 at position 2; use letters, digits, '-' and '_'"
  ),
  (
    "a\n",
    "the name has the control character U+000A at position 2; use letters, digits, '-' and '_'"
  ),
  (
    "\u{9F}",
    "the name has the control character U+009F at position 1; use letters, digits, '-' and '_'"
  ),
  (String(repeating: "n", count: 300), "the name has 300 bytes; it may have at most 100"),
  (String(repeating: "é", count: 51), "the name has 102 bytes; it may have at most 100"),
])
func namesThatDoNot(_ name: String, _ message: String) {
  #expect(thrown { try RunDirectory.validate(name: name) } == "2 error: \(message)")
  // And nothing is made of them.
  let scratch = Scratch()
  #expect(thrown { try scratch.run(name) } == "2 error: \(message)")
  #expect(scratch.tree() == [])
}
