import NNExp
import TestSupport
import Testing

@testable import Explanation

@Suite struct FormulaTests {
  /// LaTeX formulas, and their plain texts.
  static let readings: [(String, String)] = [
    ("W x + b", "Wx + b"),
    (#"W^T \delta_y"#, "Wᵀ δ_y"),
    (#"\frac{1}{1 + e^{-u}}"#, "1/(1 + e⁻ᵘ)"),
    (#"\left(\sum_{i \in R_r} |x_i|^p\right)^{1/p}"#, "(Σ_{i ∈ Rᵣ} |xᵢ|ᵖ)^(1/p)"),
    (#"\frac{\partial L}{\partial W}"#, "∂L/∂W"),
    (#"\frac{1}{2 n} \sum_k \ell_k"#, "(1/(2n)) Σₖ ℓₖ"),
    (#"\hat{x} \otimes (1 - y)"#, "x̂ ⊗ (1 − y)"),
    (#"\sqrt{\sigma^2 + \epsilon}"#, "√(σ² + ε)"),
    (#"\max(0, u)"#, "max(0, u)"),
    (#"\begin{cases} u & u > 0 \\ 0 & u \le 0 \end{cases}"#, "{u for u > 0; 0 for u ≤ 0}"),
    (#"x1 \otimes x12"#, "x¹ ⊗ x¹²"),
    (#"y_{o,r,c} = x_{i, 2 r + u - 1}"#, "y_{o,r,c} = x_{i,2r+u−1}"),
    (#"\lfloor n / 2 \rfloor"#, "⌊n/2⌋"),
    (#"-\sum_j t_j \ln z_j"#, "−Σⱼ tⱼ ln zⱼ"),
    (#"v'(u)"#, "v′(u)"),
    (#"\text{as it stands}"#, "as it stands"),
    ("0.044715 u^3", "0.044715u³"),
    ("(a]", "(a]"),
  ]

  @Test(arguments: readings) func formulasBecomeText(_ latex: String, _ text: String) throws {
    #expect(try Formula(parsing: latex).text == text)
  }

  @Test(arguments: readings.map(\.0)) func latexReadsBackAsTheSameFormula(_ latex: String) throws {
    let formula = try Formula(parsing: latex)
    #expect(try Formula(parsing: formula.latex) == formula)
  }

  @Test(arguments: [
    (
      #"\alp"#,
      #"the formula '\alp' cannot be read: unknown command '\alp' at character 5"#
    ),
    ("(1 + x", "the formula '(1 + x' cannot be read: '(' is not closed at character 7"),
    (#"\frac{1}"#, #"the formula '\frac{1}' cannot be read: something is missing at character 9"#),
    ("x_", "the formula 'x_' cannot be read: something is missing at character 3"),
    ("a }", "the formula 'a }' cannot be read: unexpected '}' at character 3"),
    ("a ? b", "the formula 'a ? b' cannot be read: unexpected '?' at character 3"),
    (
      #"\begin{matrix}"#,
      #"the formula '\begin{matrix}' cannot be read: only 'cases' can begin at character 15"#
    ),
  ]) func errorsHaveTheirLocation(_ latex: String, _ message: String) {
    #expect {
      try Formula(parsing: latex)
    } throws: { ($0 as? Diagnostic)?.message == message }
  }

  @Test func deepBracketsAreRefused() {
    let deep = String(repeating: "(", count: 5_000)
    #expect {
      try Formula(parsing: deep)
    } throws: {
      ($0 as? Diagnostic)?.message.hasSuffix(
        "brackets nested deeper than 32 at character 33") == true
    }
  }

  @Test func randomFormulasAreReadOrRefused() {
    let pieces =
      Array(#"abxyLW019.,;+-*/=()[]{}|^_' "#).map(String.init) + [
        #"\frac"#, #"\sum"#, #"\left("#, #"\right"#, #"\delta"#, #"\text{"#, #"\begin{cases}"#, "&",
        #"\\"#, #"\end{cases}"#, "\\", "é", "\u{0}", "𝛿",
      ]
    var read = 0
    withEvery("seed", in: 0..<2_000) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "formulas")
      let length = Int(random.uniform(at: 0) * 12)
      let source = (0..<length).map { i in
        pieces[Int(random.uniform(at: i + 1) * Double(pieces.count))]
      }.joined()
      guard let formula = try? Formula(parsing: source) else { return }
      #expect(isWellFormed("<math>\(formula.mathML)</math>"), "\(source)")
      #expect(formula.text.isEmpty == formula.latex.isEmpty, "\(source)")
      read += 1
    }
    #expect(read > 100)
  }

  // MARK: The network's letters

  private func inNetwork(_ latex: String) throws -> Formula {
    try Formula(parsing: latex).replacing([
      "x": .symbol(.init("y", primes: 1, index: 1)), "y": .symbol(.init("y", index: 1)),
      "W": .symbol(.init("W", index: 2)),
    ])
  }

  @Test func lettersAreReplacedByThoseOfTheNetwork() throws {
    let formula = try inNetwork(#"\delta_x = W^T x_i^2 + \hat{x} e^{y}"#)
    #expect(formula.text == "δ_y′⁽¹⁾ = W⁽²⁾ᵀ (y′ᵢ⁽¹⁾)² + ŷ′⁽¹⁾ e^(y⁽¹⁾)")
    #expect(
      formula.latex
        == #"\delta_{y^{\prime(1)}} = W^{(2)T}\left(y^{\prime(1)}_{i}\right)^{2} "#
        + #"+ \hat{y}^{\prime(1)}e^{y^{(1)}}"#)
    #expect(isWellFormed("<math>\(formula.mathML)</math>"))
  }

  @Test func aProductIsWrittenAsMathML() throws {
    #expect(
      try inNetwork("W x").mathML
        == "<mrow><msup><mi>W</mi><mrow><mo stretchy=\"false\">(</mo><mn>2</mn>"
        + "<mo stretchy=\"false\">)</mo></mrow></msup><mspace width=\"0.17em\"/>"
        + "<msup><mrow><mi>y</mi><mo lspace=\"0.05em\" rspace=\"0\">′</mo></mrow>"
        + "<mrow><mo stretchy=\"false\">(</mo><mn>1</mn><mo stretchy=\"false\">)</mo></mrow>"
        + "</msup></mrow>")
  }

  @Test func textIsEscaped() throws {
    let formula = Formula.text("a<b & \"c\" \u{1B}[31m_$")
    #expect(
      formula.mathML == "<mtext>a&lt;b &amp; &quot;c&quot; \u{FFFD}[31m_$</mtext>")
    #expect(formula.latex == #"\text{a<b \& "c" \#u{FFFD}[31m\_\$}"#)
    #expect(formula.text == "a<b & \"c\" \u{FFFD}[31m_$")
  }

  // MARK: Numbers for letters

  @Test func lettersAreReplacedByNumbers() throws {
    let numbers = ["W": [["1", "2"], ["3", "4"]], "x": [["5"], ["6"]], "δ_y": [["7"], ["8"]]]
    func numeric(_ latex: String) throws -> String? {
      try Formula(parsing: latex).numeric(numbers, functions: [.letter("σ")])?.text
    }
    #expect(
      try numeric("W x") == """
        ⎡1  2⎤ ⎡5⎤
        ⎣3  4⎦ ⎣6⎦
        """)
    #expect(
      try numeric(#"\delta_y x^T"#) == """
        ⎡7⎤ [5  6]
        ⎣8⎦
        """)
    #expect(
      try numeric(#"\sigma(x)"#) == """
        σ⎛⎡5⎤⎞
         ⎝⎣6⎦⎠
        """)
    // Formulas that are not of whole values, or with unknown letters.
    for latex in ["x_i", "x^2", "e^{x}", #"\hat{x}"#, "W b", #"\delta_x"#, #"\sum_i x_i"#] {
      #expect(try numeric(latex) == nil, "\(latex)")
    }
  }
}
