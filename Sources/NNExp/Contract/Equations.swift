/// The formulas of a layer or a loss that `nnexp explain` writes.
///
///     func equations(for inputs: [Port]) -> Equations {
///       Equations(
///         #"\rho[W, b]"#, output: "W x + b",
///         inputs: [.init(derivative: "W", delta: #"W^T \delta_y"#)],
///         parameters: [
///           .init("weight", symbol: "W", gradient: #"\delta_y x^T"#),
///           .init("bias", symbol: "b", gradient: #"\delta_y"#),
///         ])
///     }
///
/// Formulas are LaTeX, the small part of it that also becomes plain text and
/// MathML: letters, numbers, `^`, `_`, `'`, `{}`, brackets, `\frac`, `\sqrt`,
/// `\hat`, `\bar`, `\sum`, `\prod`, `\max`, `\min`, `\ln`, `\exp`, `\tanh`,
/// `\operatorname{}` (with a `*` if its subscript is written below), `\text{}`,
/// `\left` and `\right`, `cases`, Greek letters, `\partial`, `\otimes` (entry by
/// entry, as in the seeds), `\cdot`, `\circ`, `\in`, `\le`, `\ge`, `\ne`,
/// `\infty`, `\cdots`.
///
/// Their letters are the layer's own: x its input (x1, x2, … where it takes
/// several), y its output, `\delta_y` = ∂L/∂y, and its parameters' symbols. In a
/// network the network's letters take their places: y = W x + b becomes
/// z′ = W⁽²⁾ y + b⁽²⁾. Where a formula is of whole vectors and matrices and these
/// are small, it is shown with their numbers too.
///
/// Every formula is the right-hand side, or with a `=` the whole of an equation
/// for an entry: `y_r = \max_{i \in R_r} x_i`. A loss has the letters z (the
/// network's output) and t (the target; a class as its row of 0 and 1).
public struct Equations: Sendable {
  /// The gradient of one of the inputs.
  public struct Input: Sendable {
    /// ∂y/∂x, rows for y and columns for x; may be empty. Of a loss, ∂ℓ/∂z.
    public let derivative: String

    /// δ_x, what this node adds to ∂L/∂x. A loss leaves it empty.
    public let delta: String

    public init(derivative: String, delta: String = "") {
      self.derivative = derivative
      self.delta = delta
    }
  }

  /// The name of a parameter, and ∂L/∂ of it.
  public struct Parameter: Sendable {
    /// As in the plan.
    public let name: String
    /// `W`
    public let symbol: String
    /// `\delta_y x^T`
    public let gradient: String

    public init(_ name: String, symbol: String, gradient: String) {
      self.name = name
      self.symbol = symbol
      self.gradient = gradient
    }
  }

  /// The layer as an operator, as in z = η_p ∘ σ ∘ ρ[W] ∘ x.
  public let function: String

  /// y, or a loss's ℓ.
  public let output: String

  /// Equations of the other symbols in the formulas: `g = w \otimes \delta_y`.
  public let definitions: [String]

  /// One an input of the node.
  public let inputs: [Input]

  public let parameters: [Parameter]

  /// A sentence with what the formulas do not say.
  public let remark: String

  /// The text that is shown if there are no formulas.
  public let prose: String

  public init(
    _ function: String, output: String, where definitions: [String] = [], inputs: [Input],
    parameters: [Parameter] = [], remark: String = ""
  ) {
    self.function = function
    self.output = output
    self.definitions = definitions
    self.inputs = inputs
    self.parameters = parameters
    self.remark = remark
    prose = ""
  }

  /// No formulas: the text of the documentation, unchanged.
  public init(prose: String) {
    function = ""
    output = ""
    definitions = []
    inputs = []
    parameters = []
    remark = ""
    self.prose = prose
  }

  /// An elementwise layer, y = f(x).
  ///
  /// - Parameters:
  ///   - value: f(u), in the letter u; empty where the name says it all.
  ///   - slope: f′(x), in x and y.
  public init(
    elementwise function: String, value: String = "", slope: String,
    where definitions: [String] = [], remark: String = ""
  ) {
    self.init(
      function, output: "\(function)(x)",
      where: (value.isEmpty ? [] : ["\(function)(u) = \(value)"]) + definitions,
      inputs: [
        .init(
          derivative: #"\operatorname{diag}(\#(slope))"#,
          delta: #"\delta_y \otimes \#(Equations.factor(slope))"#)
      ], remark: remark)
  }

  /// An option's value as it is written in a formula: `0.01`, `1.5 \cdot 10^{-7}`.
  public static func number(_ value: Double) -> String {
    let text = shortest(value)
    guard let e = text.firstIndex(of: "e") else { return text }
    return #"\#(text[..<e]) \cdot 10^{\#(Int(text[text.index(after: e)...]) ?? 0)}"#
  }

  /// In brackets unless it is a product already.
  private static func factor(_ formula: String) -> String {
    var depth = 0
    for character in formula {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if depth == 0 && "+-".contains(character) { return "(\(formula))" }
    }
    return formula
  }
}
