import NNExp
import TestSupport
import Testing

/// The messages about wrong formulas, each with its character.
@Suite struct FormulaErrorTests {
  @Test(arguments: [
    ("x · sgima(x)", "unknown name 'sgima'; did you mean 'sigma'?, at character 5"),
    ("x · σ(y)", "unknown name 'y'; the names are: x, at character 7"),
    (
      "exp x",
      "'exp' is a function: write its argument in parentheses, as in exp(x), at character 1"
    ),
    (
      "x · tanh²(x)",
      "'tanh' is a function: write its argument in parentheses, as in tanh(x), at character 5"
    ),
    ("x +", "the formula ends here, but an operand is missing, at character 4"),
    ("x · · x", "an operand is missing before '*', at character 5"),
    ("(x", "'(' is never closed, at character 1"),
    ("x)", "')' closes nothing, at character 2"),
    ("(x]", "']' does not close the '(' of character 1, at character 3"),
    ("x x", "an operator such as '*' is missing here, at character 3"),
    ("x # 2", "'#' has no meaning in a formula, at character 3"),
    ("exp(x, x)", "exp has one argument, found 2, at character 1"),
    ("1.2.3 x", "'1.2.3' is not a number, at character 1"),
    ("", "the formula is empty, at character 1"),
    ("2 + 3", "the formula does not depend on x, at character 1"),
    (
      "Σⱼ xᵢ·xⱼ",
      "the index i is not the j of the reduction around it; write the factor outside, at character 4"
    ),
    (
      "xᵢ + xⱼ", "the indices i and j both count the entries of the result; use one, at character 6"
    ),
  ])
  func `an error is at its character`(formula: String, message: String) throws {
    let text = errorText { try makeLayer("formula", [("y", ConfigValue(.string(formula)))]) }
    #expect(text == "error: \(message)" + (formula.isEmpty ? " in \"\"" : " in \"\(formula)\""))
  }

  @Test func `parameters and constants are checked`() throws {
    #expect(
      try optionErrors(
        "formula",
        [
          ("y", "x + c"), ("constants", .map([("a", "one"), ("c", 1)])),
          ("parameters", .map([("b", .map([("initial", 2), ("range", [0, 1])]))])),
        ]) == """
          error: initial must be inside the range, found 2
          error: the constant 'a' must be a number, found the text 'one'
          """)
    #expect(
      errorText {
        try makeLayer("formula", [("y", "x"), ("constants", .map([("a", 1)]))])
      } == "error: 'a' does not occur in the formula, at character 1 in \"x\"")
    #expect(
      errorText {
        try makeLayer("formula", [("y", "x + a"), ("constants", .map([("a", 1), ("x", 2)]))])
      } == "error: the name 'x' is given twice")
    #expect(
      errorText {
        try makeLayer("formula", [("y", "x + a"), ("constants", .map([("a b", 1), ("a", 2)]))])
      } == "error: 'a b' cannot be a name in a formula: letters, then letters, digits and '_'")
  }

  @Test func `size and depth are bounded`() throws {
    let long = "x" + String(repeating: " + x·x", count: 1000)
    #expect(
      errorText { try makeLayer("formula", [("y", ConfigValue(.string(long)))]) }.contains(
        "a formula has at most 4096 bytes, found"))
    let deep = String(repeating: "(", count: 100) + "x" + String(repeating: ")", count: 100)
    #expect(
      errorText { try makeLayer("formula", [("y", ConfigValue(.string(deep)))]) }.contains(
        "a formula is nested at most 64 levels deep"))
  }
}
