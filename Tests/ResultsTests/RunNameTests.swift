import NNExp
import TestSupport
import Testing

@testable import Results

@Test(arguments: [
  "xor", "digits-lp", "X", "0", "run.1", "a..b", "a-", "a_b.C-3",
  String(repeating: "n", count: 100),
])
func namesThatNameAFolderAreAccepted(_ name: String) {
  #expect(throws: Never.self) { try RunDirectory.validate(name: name) }
  #expect(throws: Never.self) { try RunDirectory.validate(fileName: name) }
}

@Test(arguments: [
  ("", "the name is empty; write one such as 'xor'"),
  ("../x", "the name '../x' starts with '.'; start it with a letter or a digit"),
  (
    "/etc",
    "the name '/etc' has '/' at position 1; it names a single folder under results; use --output for another location"
  ),
  (
    "victim/\u{301}x",
    "the name 'victim/\u{301}x' has '/' at position 7; it names a single folder under results; use --output for another location"
  ),
  ("..", "the name '..' starts with '.'; start it with a letter or a digit"),
  (
    ".\u{301}",
    "the name '.\u{301}' starts with '.'; start it with a letter or a digit"
  ),
  ("-x", "the name '-x' starts with '-'; start it with a letter or a digit"),
  ("_x", "the name '_x' starts with '_'; start it with a letter or a digit"),
  ("a b", "the name 'a b' has ' ' at position 2; use letters, digits, '.', '-' and '_'"),
  ("a'b", "the name 'a'b' has ''' at position 2; use letters, digits, '.', '-' and '_'"),
  ("naïve", "the name 'naïve' has U+00EF at position 3; use letters, digits, '.', '-' and '_'"),
  (
    "nai\u{308}ve",
    "the name 'nai\u{308}ve' has U+0308 at position 4; use letters, digits, '.', '-' and '_'"
  ),
  ("実験", "the name '実験' has U+5B9F at position 1; use letters, digits, '.', '-' and '_'"),
  ("😀", "the name '😀' has U+1F600 at position 1; use letters, digits, '.', '-' and '_'"),
  ("a\0b", "the name 'a\\x00b' has U+0000 at position 2; use letters, digits, '.', '-' and '_'"),
  ("a\n", "the name 'a\\n' has U+000A at position 2; use letters, digits, '.', '-' and '_'"),
  ("\u{9F}", "the name '\\x9F' has U+009F at position 1; use letters, digits, '.', '-' and '_'"),
  (String(repeating: "n", count: 300), "the name has 300 bytes, more than 100; shorten it"),
  (String(repeating: "é", count: 51), "the name has 102 bytes, more than 100; shorten it"),
])
func otherNamesAreRefused(_ name: String, _ message: String) {
  #expect(thrown { try RunDirectory.validate(name: name) } == "2 error: \(message)")
  // Nothing is created.
  let scratch = Scratch()
  #expect(thrown { try scratch.run(name) } == "2 error: \(message)")
  #expect(scratch.tree() == [])
}

/// The suggested line gives a valid name.
@Test(arguments: [
  ("my net", "'my net' has ' ' at position 3", "my-net"),
  ("größe (2)", "'größe (2)' has U+00F6 at position 3", "gr-e-2"),
  (".hidden", "'.hidden' starts with '.'", "hidden"),
  ("実験", "'実験' has U+5B9F at position 1", "experiment"),
  (
    String(repeating: "n", count: 101), "has 101 bytes, more than 100",
    String(repeating: "n", count: 100)
  ),
])
func anInvalidFileNameShowsTheLineToWrite(_ file: String, _ fact: String, _ name: String) throws {
  #expect(
    thrown { try RunDirectory.validate(fileName: file) }
      == "2 error: the file name \(fact), so it cannot name the results; add the line 'name: \(name)'"
  )
  try RunDirectory.validate(name: name)
}
