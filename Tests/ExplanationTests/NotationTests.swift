import NNExp
import Testing

@testable import Explanation

/// The letters of values and parameters.
@Suite struct NotationTests {
  private func letters(_ model: String, shape: String? = nil, inputs: String? = nil) throws
    -> [String]
  {
    let text = try explanation(
      experiment(model, inputs: inputs ?? "[[0.5, -1]]", shape: shape)
    ).text
    let table = text.components(separatedBy: "value ")[1].components(separatedBy: "\n\n")[0]
    return table.split(separator: "\n").dropFirst().dropLast().map {
      String($0.split(separator: " ")[0])
    }
  }

  @Test(arguments: [
    ("[{type: dense, units: 1}]", ["x", "z"]),
    ("[{type: dense, units: 1}, sigmoid]", ["x", "z′", "z"]),
    ("[{type: dense, units: 3}, tanh, {type: dense, units: 1}]", ["x", "y′", "y", "z"]),
    (
      "[{type: dense, units: 3}, tanh, {type: dense, units: 2}, relu, {type: dense, units: 1}]",
      ["x", "y′⁽¹⁾", "y⁽¹⁾", "y′⁽²⁾", "y⁽²⁾", "z"]
    ),
    // Two elementwise nodes after a weighted sum are two primes; a third begins a new letter.
    (
      "[{type: dense, units: 1}, tanh, sigmoid, relu]", ["x", "y", "z″", "z′", "z"]
    ),
    // A normalization has parameters, so that it is not an activation.
    (
      "[{type: dense, units: 2}, layer_normalization, tanh, {type: dense, units: 1}]",
      ["x", "y⁽¹⁾", "y′⁽²⁾", "y⁽²⁾", "z"]
    ),
    // A value that two nodes read has its own letter.
    (
      """
      [{type: dense, units: 1, name: a}, {type: tanh, name: b, inputs: a},
       {type: add, inputs: [a, b]}]
      """, ["x", "y⁽¹⁾", "y⁽²⁾", "z"]
    ),
  ]) func everyValueGetsItsLetter(_ model: String, _ expected: [String]) throws {
    #expect(try letters(model) == expected.map { $0.replacing("″", with: "′′") })
  }

  @Test func lpPoolingIsWrittenAsTanakasEquation34() throws {
    let text = try explanation(
      experiment(
        "[{type: dense, units: 4, bias: false}, sigmoid, {type: lp_pooling, window: 4, p: 3}]")
    ).text
    #expect(text.contains("z = ηₚ ∘ σ ∘ ρ[W] ∘ x\n"))
    #expect(text.contains("zᵣ = (Σ_{i ∈ Rᵣ} |yᵢ|ᵖ)^(1/p)\n\n    p = 3\n"))
    // Equation 33 with the correct sign.
    #expect(text.contains("∂zᵣ/∂yᵢ = sign(yᵢ) (|yᵢ|/zᵣ)ᵖ⁻¹"))
    #expect(text.contains("∂L/∂W = ∂L/∂z ∂z/∂y ∂y/∂y′ ∂y′/∂W\n"))
  }

  @Test func parametersAreNumberedIfThereAreSeveral() throws {
    let one = try explanation(experiment("[{type: dense, units: 1}, sigmoid]"))
    #expect(one.derivations(of: "∂L/∂W").count == 1)
    let two = try explanation(
      experiment("[{type: dense, units: 2}, sigmoid, {type: dense, units: 1}]"))
    #expect(two.derivations(of: "∂L/∂W⁽²⁾").count == 1)
  }

  @Test func longChainsAreShortenedInTheMiddle() throws {
    let layers = Array(repeating: "{type: dense, units: 1}, sigmoid", count: 6)
    let text = try explanation(experiment("[" + layers.joined(separator: ", ") + "]")).text
    #expect(
      text.contains(
        "∂L/∂W⁽¹⁾ = ∂L/∂z ∂z/∂z′ ∂z′/∂y⁽⁵⁾ ⋯ ∂y′⁽²⁾/∂y⁽¹⁾ ∂y⁽¹⁾/∂y′⁽¹⁾ ∂y′⁽¹⁾/∂W⁽¹⁾\n"))
  }

  private func values(_ notation: NotationName, heads: Bool = false) throws -> [String] {
    let text = try explanation(
      experiment(
        """
        [{type: dense, units: 3, name: hidden}, {type: tanh, name: bend},
         {type: dense, units: 1, name: sum}, {type: sigmoid, name: out}]
        """), notation: notation
    ).text
    let table = text.components(separatedBy: "value ")[1].components(separatedBy: "\n\n")[0]
    return table.split(separator: "\n").dropFirst().map {
      String($0.split(separator: "  ")[0]).trimmingCharacters(in: .whitespaces)
    } + [
      text.contains("∂L/∂W⁽¹⁾ = ")
        ? "∂L/∂W⁽¹⁾"
        : text.contains("∂Loss/∂W⁽¹⁾ = ")
          ? "∂Loss/∂W⁽¹⁾"
          : text.contains("∂E/∂W¹ = ")
            ? "∂E/∂W¹"
            : text.contains("∂C/∂W¹ = ")
              ? "∂C/∂W¹"
              : text.contains("∂loss/∂hidden.weight = ") ? "∂loss/∂hidden.weight" : ""
    ]
  }

  @Test(arguments: [
    (NotationName.tanaka, ["x", "y′", "y", "z′", "z", "L", "∂L/∂W⁽¹⁾"]),
    (.tang, ["x", "z⁽¹⁾", "a⁽¹⁾", "z⁽²⁾", "ŷ", "L", "∂L/∂W⁽¹⁾"]),
    (.chao, ["x", "z⁽¹⁾", "h⁽¹⁾", "z", "g(z)", "J", "∂Loss/∂W⁽¹⁾"]),
    (.blog, ["A⁰", "Z¹", "A¹", "Z²", "A²", "E", "∂E/∂W¹"]),
    (.jhunjunwala, ["a⁰", "u¹", "a¹", "u²", "a²", "C", "∂C/∂W¹"]),
    (.names, ["input", "hidden", "bend", "sum", "out", "loss", "∂loss/∂hidden.weight"]),
  ]) func eachNotationHasItsLetters(_ notation: NotationName, _ expected: [String]) throws {
    let found = try values(notation).map { $0.replacing("y\u{302}", with: "ŷ") }
    #expect(found == expected)
    let explanation = try explanation(twoLayers, notation: notation)
    #expect(explanation.text.contains("Of the 17 derivatives shown, 17 agree"))
    #expect(isWellFormed(explanation.formatted(as: .html)))
  }

  @Test func aFileNamesItsNotation() throws {
    let text = try explanation(oneLayer + "\nnotation: jhunjunwala\n").text
    #expect(text.contains("u¹ = W¹ a⁰ + b¹\n"))
    #expect(text.contains("∂C/∂u¹ = ∂C/∂a¹ ⊗ a¹ ⊗ (1 − a¹)\n"))
  }
}
