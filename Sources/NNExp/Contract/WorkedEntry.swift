/// One entry of a tensor, computed term by term with the numbers of a sample, for
/// `nnexp explain`.
///
///     z_0 = (|y_0|³ + |y_1|³)^(1/3)
///         = (|0.5|³ + |−0.2|³)^(1/3)
///         = (0.125 + 0.008)^(1/3)
///
/// Every sum has the same terms, in different notations: letters first, then numbers. Long
/// sums are abbreviated with the number of their other terms, and the sum of these.
public struct WorkedEntry: Sendable {
  /// The tensor that an entry belongs to.
  public enum Tensor: Sendable, Hashable {
    /// The node's first output, y.
    case output
    /// The node's contribution to ∂L/∂x of the input at this position.
    case inputGradient(Int)
    /// The gradient of the parameter at this position in the plan.
    case parameterGradient(Int)
  }

  /// The numbers of one sample at a node, row-major, in float64.
  public struct Sample: Sendable {
    /// The inputs, in order; indices are whole numbers.
    public let inputs: [[Double]]
    /// The first output.
    public let output: [Double]
    /// ∂L/∂y of the first output.
    public let outputGradient: [Double]
    /// The parameters and the state, in the plan's order.
    public let parameters: [[Double]]
    public let state: [[Double]]

    public init(
      inputs: [[Double]], output: [Double], outputGradient: [Double], parameters: [[Double]],
      state: [[Double]] = []
    ) {
      (self.inputs, self.output) = (inputs, output)
      (self.outputGradient, self.parameters) = (outputGradient, parameters)
      self.state = state
    }

    /// The first input.
    public var x: [Double] { inputs[0] }
  }

  /// A term of the sums, with its value and one formula for each sum.
  public struct Term: Sendable {
    public let value: Double
    public var formulas: [String] { texts() }
    private let texts: @Sendable () -> [String]
    /// The entries of intermediate values in the formulas, such as a mean. They are written
    /// before the entry, each once per node.
    public let uses: [WorkedEntry]

    public init(_ value: Double, _ formulas: String..., uses: [WorkedEntry] = []) {
      (self.value, self.uses) = (value, uses)
      texts = { formulas }
    }

    /// Creates a term of a long sum, of which only the largest terms are written: only their
    /// formulas are computed.
    public init(
      _ value: Double, uses: [WorkedEntry] = [], formulas: @escaping @Sendable () -> [String]
    ) {
      (self.value, self.uses) = (value, uses)
      texts = formulas
    }
  }

  /// A step of the computation.
  public enum Step: Sendable {
    /// The next formula of each term with `+` between them, after `open` and before `close`.
    case sum(open: String = "", close: String = "")
    case formula(String)
  }

  /// The entry as a formula in the layer's letters: `y_{0,1}`.
  public let entry: String
  /// The terms of the sums. Values that cancel in a formula are terms too: the largest one
  /// determines how far `value` may be from the engine's number.
  public let terms: [Term]
  public let steps: [Step]
  /// The result of the steps in float64. The explanation compares it with the engine's number.
  public let value: Double

  public init(_ entry: String, terms: [Term], steps: [Step], value: Double) {
    (self.entry, self.terms, self.steps, self.value) = (entry, terms, steps, value)
  }

  /// A number of a sample with six significant digits, in brackets if it is negative.
  public static func number(_ value: Double) -> String {
    let text = rounded(value == 0 ? 0 : value, digits: 6)
    guard value.isFinite else { return #"\text{\#(text)}"# }
    let formula: String
    if let e = text.firstIndex(of: "e") {
      formula = #"\#(text[..<e]) \cdot 10^{\#(Int(text[text.index(after: e)...]) ?? 0)}"#
    } else {
      formula = text
    }
    return value < 0 ? "(\(formula))" : formula
  }

  /// The formula of an entry of a tensor with this shape: `y_{0,1}` for `y`; the letter alone
  /// without axes.
  public static func letter(_ letter: String, _ index: Int, of shape: Shape) -> String {
    if shape.rank == 0 { return letter }
    var rest = index
    var positions: [String] = []
    for extent in shape.axes.reversed() {
      positions.append("\(rest % max(1, extent))")
      rest /= max(1, extent)
    }
    return "\(letter)_{\(positions.reversed().joined(separator: ","))}"
  }
}
