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
/// Formulas are written in the subset of LaTeX that also converts to plain text and
/// MathML: letters, numbers, `^`, `_`, `'`, `{}`, brackets, `\frac`, `\sqrt`,
/// `\hat`, `\bar`, `\sum`, `\prod`, `\max`, `\min`, `\ln`, `\exp`, `\tanh`,
/// `\operatorname{}` (with a `*` if its subscript is written below), `\text{}`,
/// `\left` and `\right`, `cases`, Greek letters, `\partial`, `\otimes` (entry by
/// entry), `\cdot`, `\circ`, `\in`, `\le`, `\ge`, `\ne`, `\infty`, `\cdots`.
///
/// The letters are the layer's own: x is its input (x1, x2, … if it has several), y its output,
/// `\delta_y` = ∂L/∂y, and each parameter has its symbol. In the explanation of a network, the
/// network's letters replace them: y = W x + b becomes z′ = W⁽²⁾ y + b⁽²⁾. If a formula
/// contains only whole vectors and matrices and these are small, it is also shown with their
/// numbers.
///
/// A layer whose entries are sums, over windows for example, also writes single entries with
/// their numbers: see ``WorkedEntry``.
///
/// Each formula is the right-hand side, or, with a `=`, a whole equation for one entry: `y_r =
/// \max_{i \in R_r} x_i`. A loss uses the letters z (the network's output) and t (the target; a
/// class as its one-hot row).
public struct Equations: Sendable {
  /// The gradient of one of the inputs.
  public struct Input: Sendable {
    /// ∂y/∂x, with a row per entry of y and a column per entry of x; may be empty. For a loss,
    /// ∂ℓ/∂z.
    public let derivative: String

    /// δ_x, this node's contribution to ∂L/∂x. Empty for a loss.
    public let delta: String

    public init(derivative: String, delta: String = "") {
      self.derivative = derivative
      self.delta = delta
    }
  }

  /// A parameter's name, symbol and gradient ∂L/∂θ.
  public struct Parameter: Sendable {
    /// The parameter's name in the plan.
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

  /// The right-hand side for y, or for a loss's ℓ.
  public let output: String

  /// Equations of the other symbols in the formulas: `g = w \otimes \delta_y`.
  public let definitions: [String]

  /// The gradients of the node's inputs, in order.
  public let inputs: [Input]

  /// The gradients of the parameters, in the plan's order.
  public let parameters: [Parameter]

  /// A sentence about what the formulas do not show. Letters of the layer are between dollar
  /// signs: `$x$ is 0 outside`.
  public let remark: String

  /// Computes one entry of a tensor term by term, with the numbers of a sample. Nil if the
  /// formulas are enough; returns nil for tensors that have no such sum. The second argument
  /// is the entry's index, row-major.
  public typealias Work =
    @Sendable (WorkedEntry.Tensor, Int, WorkedEntry.Sample) -> WorkedEntry?
  public package(set) var work: Work?

  /// The text that is shown if there are no formulas.
  public let prose: String

  /// Creates equations. Formulas that cannot be parsed are shown unchanged.
  ///
  /// - Parameters:
  ///   - function: the layer as an operator, such as `\rho[W]`.
  ///   - output: the right-hand side for y.
  ///   - definitions: equations of other symbols.
  ///   - work: computes single entries with the numbers of a sample.
  public init(
    _ function: String, output: String, where definitions: [String] = [], inputs: [Input],
    parameters: [Parameter] = [], remark: String = "", work: Work? = nil
  ) {
    self.function = function
    self.output = output
    self.definitions = definitions
    self.inputs = inputs
    self.parameters = parameters
    self.remark = remark
    self.work = work
    prose = ""
  }

  /// Creates equations without formulas: the documentation's text is shown unchanged.
  public init(prose: String) {
    function = ""
    output = ""
    definitions = []
    inputs = []
    parameters = []
    remark = ""
    work = nil
    self.prose = prose
  }

  /// Creates the equations of an elementwise layer, y = f(x).
  ///
  /// - Parameters:
  ///   - value: f(u), in the letter u; empty if the function's name is enough.
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

  /// An option's value in the notation of a formula: `0.01`, `1.5 \cdot 10^{-7}`.
  public static func number(_ value: Double) -> String {
    let text = shortest(value)
    guard let e = text.firstIndex(of: "e") else { return text }
    return #"\#(text[..<e]) \cdot 10^{\#(Int(text[text.index(after: e)...]) ?? 0)}"#
  }

  /// The formula, in brackets unless it is a product already.
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
