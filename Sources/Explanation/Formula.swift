/// A formula as a tree, parsed from LaTeX (see `NNExp.Equations`) or built. It can be written
/// as plain text, LaTeX and MathML.
public indirect enum Formula: Hashable, Sendable {
  case row([Formula])
  /// A letter such as `x` or `δ`; several letters, such as `tanh`, are upright.
  case letter(String)
  case number(String)
  /// An operator, a relation or a mark: `+`, `=`, `⊗`, `,`.
  case sign(String)
  /// A value or parameter of the network.
  case symbol(Symbol)
  /// A formula in brackets that have its height.
  case fenced(String, Formula, String)
  case fraction(Formula, Formula)
  case root(Formula)
  /// `\hat` and `\bar`.
  case accented(Accent, Formula)
  case scripts(Formula, sub: Formula?, sup: Formula?)
  /// A large operator whose subscript is its range: `∑`, `∏`, `max`, ….
  case large(String)
  case text(String)
  case cases([[Formula]])
  /// Numbers in square brackets, row by row.
  case matrix([[String]])

  public enum Accent: String, Sendable {
    case hat
    case bar
  }

  /// A letter of the network, with scripts: z, y′, W⁽²⁾.
  public struct Symbol: Hashable, Sendable {
    public var letter: String
    public var primes = 0
    /// The number in the superscript.
    public var index: Int?
    public var accent: Accent?
    /// False if the number has no brackets: A² in place of A⁽²⁾.
    public var hasBrackets = true
    /// True if the letter is a name of the experiment file.
    public var isName = false

    public init(_ letter: String, primes: Int = 0, index: Int? = nil) {
      self.letter = letter
      self.primes = primes
      self.index = index
    }

    /// A name of the experiment file.
    static func named(_ name: String) -> Symbol {
      var symbol = Symbol(name)
      symbol.isName = true
      return symbol
    }

    /// The letter without scripts.
    var bare: Formula {
      if isName { return .text(letter) }
      return accent.map { .accented($0, .letter(letter)) } ?? .letter(letter)
    }

    /// The number, in its brackets.
    var number: String? { index.map { hasBrackets ? "(\($0))" : "\($0)" } }
  }

  /// δ with the value as its subscript.
  static func delta(_ value: Formula) -> Formula {
    .scripts(.letter("δ"), sub: value, sup: nil)
  }

  /// The fraction ∂a/∂b.
  static func derivative(_ a: Formula, _ b: Formula) -> Formula {
    .fraction(.row([.letter("∂"), a]), .row([.letter("∂"), b]))
  }

  /// The formula with the superscript T.
  var transposed: Formula { .scripts(self, sub: nil, sup: .letter("T")) }

  /// The parts of a row; for any other formula, only the formula itself.
  var parts: [Formula] {
    if case .row(let parts) = self { return parts }
    return [self]
  }

  /// The parts before and after the first `=` outside brackets; nil if there is none.
  var sides: (left: Formula, right: Formula)? {
    guard case .row(let parts) = self, let middle = parts.firstIndex(of: .sign("=")) else {
      return nil
    }
    return (.row(Array(parts[..<middle])), .row(Array(parts[(middle + 1)...])))
  }
}

extension Formula {
  /// The key of the loss in `replacing`: if present, `\delta_y` is written as ∂L/∂y.
  static let errorKey = "δ_"

  /// The formula with letters replaced, also in scripts.
  func replacing(_ replacements: [String: Formula]) -> Formula {
    func replace(_ formula: Formula) -> Formula { formula.replacing(replacements) }
    switch self {
    case .letter(let name): return replacements[name] ?? self
    case .row(let parts): return .row(parts.map(replace))
    case .fenced(let open, let inside, let close): return .fenced(open, replace(inside), close)
    case .fraction(let a, let b): return .fraction(replace(a), replace(b))
    case .root(let inside): return .root(replace(inside))
    case .accented(let accent, let inside):
      guard case .symbol(var symbol) = replace(inside) else {
        return .accented(accent, replace(inside))
      }
      symbol.accent = accent
      return .symbol(symbol)
    case .scripts(.letter("δ"), sub: let value?, let sup) where replacements[Self.errorKey] != nil:
      let fraction = Formula.derivative(replacements[Self.errorKey]!, replace(value))
      return sup == nil
        ? fraction : .scripts(.fenced("(", fraction, ")"), sub: nil, sup: sup.map(replace))
    case .scripts(let base, let sub, let sup):
      return .scripts(replace(base), sub: sub.map(replace), sup: sup.map(replace))
    case .cases(let rows): return .cases(rows.map { $0.map(replace) })
    case .number, .sign, .symbol, .large, .text, .matrix: return self
    }
  }

  /// The formula with numbers in place of letters; nil if it does not consist of whole vectors
  /// and matrices, or if a letter has no numbers.
  ///
  /// - Parameters:
  ///   - numbers: the numbers by letter; the key for `\delta_y` is `δ_y`. Vectors are columns.
  ///   - functions: letters that are names of functions and are not replaced.
  func numeric(_ numbers: [String: [[String]]], functions: Set<Formula>) -> Formula? {
    func number(_ formula: Formula) -> Formula? {
      formula.numeric(numbers, functions: functions)
    }
    func all(_ formulas: [Formula]) -> [Formula]? {
      let found = formulas.compactMap(number)
      return found.count == formulas.count ? found : nil
    }
    if functions.contains(self) { return self }
    switch self {
    case .letter(let name):
      // A word of several letters is the name of a function.
      let isName = name.count > 1 && !name.isIndexedInput
      return numbers[name].map(Formula.matrix) ?? (isName ? self : nil)
    case .row(let parts): return all(parts).map(Formula.row)
    case .fenced(let open, let inside, let close):
      return number(inside).map { .fenced(open, $0, close) }
    case .fraction(let a, let b):
      guard let a = number(a), let b = number(b) else { return nil }
      return .fraction(a, b)
    case .scripts(.letter("δ"), sub: .letter(let value), let sup):
      guard let matrix = numbers["δ_" + value] else { return nil }
      return sup == nil ? .matrix(matrix) : sup.flatMap { transpose(matrix, $0) }
    case .scripts(.letter(let name), sub: nil, sup: let sup?):
      return numbers[name].flatMap { transpose($0, sup) }
    case .number, .sign, .text: return self
    case .scripts, .root, .accented, .large, .cases, .symbol, .matrix: return nil
    }
  }

  private func transpose(_ matrix: [[String]], _ script: Formula) -> Formula? {
    guard script == .letter("T"), let first = matrix.first else { return nil }
    return .matrix(first.indices.map { column in matrix.map { $0[column] } })
  }
}
