import NNExp

/// A piece of a formula's text, with its position.
struct FormulaToken: Sendable {
  enum Kind: Equatable, Sendable {
    case number(Double)
    /// A name without its index: `x`, `β`, `sum`, `Σ`.
    case name(String)
    /// `+`, `-`, `*`, `/`, `^`, `<`, `<=`, `>`, `>=`, `=`, `!=`, `√`, `,`.
    case symbol(Character)
    /// Raised digits or a raised letter: an exponent.
    case raised(String)
    case open(Character)
    case close(Character)
    case end
  }

  var kind: Kind
  /// The letter of an index: `i` in `xᵢ` and `x_i`.
  var index: Character?
  /// The position among the text's characters (Unicode scalars), from 0.
  let position: Int
}

/// An error in a formula, at one of its characters.
struct FormulaError: Error {
  let message: String
  /// The position among the text's characters, from 0.
  let position: Int
}

extension FormulaToken {
  /// Splits a formula into tokens; the last one is `end`.
  static func tokens(of text: String) throws(FormulaError) -> [FormulaToken] {
    var scanner = FormulaScanner(text)
    return try scanner.scan()
  }

  /// True if an operand can end with this token, so that an operator follows.
  fileprivate var endsOperand: Bool {
    switch kind {
    case .name(let name): FormulaParser.reductions[name] == nil
    case .number, .raised, .close: true
    case .symbol, .open, .end: false
    }
  }
}

/// Reads the tokens of a formula.
private struct FormulaScanner {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var tokens: [FormulaToken] = []
  /// The open brackets, innermost last.
  private var brackets: [(Character, Int)] = []

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  private static let symbols: [Unicode.Scalar: Character] = [
    "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "·": "*", "⋅": "*", "×": "*", "⊗": "*",
    "⊙": "*", "∗": "*", "/": "/", "÷": "/", "∕": "/", "^": "^", "<": "<", ">": ">", "≤": "≤",
    "≥": "≥", "=": "=", "≠": "≠", "√": "√", ",": ",",
  ]
  private static let raisedLetters: [Unicode.Scalar: Character] = [
    "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8",
    "⁹": "9", "⁻": "-", "ᵖ": "p", "ⁿ": "n",
  ]
  private static let indexLetters: [Unicode.Scalar: Character] = ["ᵢ": "i", "ⱼ": "j", "ₖ": "k"]
  private static let loweredDigits: ClosedRange<UInt32> = 0x2080...0x2089

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  mutating func scan() throws(FormulaError) -> [FormulaToken] {
    while let scalar = next {
      let start = position
      if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" || scalar == "\u{A0}" {
        position += 1
      } else if isDigit(scalar) || scalar == "." {
        append(.number(try number()), at: start)
      } else if isLetter(scalar) {
        readName()
      } else if FormulaScanner.raisedLetters[scalar] != nil {
        var text = ""
        while let scalar = next, let letter = FormulaScanner.raisedLetters[scalar] {
          text.append(letter)
          position += 1
        }
        append(.raised(text), at: start)
      } else if let bracket = bracket(scalar) {
        try read(bracket, at: start)
      } else if let symbol = FormulaScanner.symbols[scalar] ?? (scalar == "!" ? "!" : nil) {
        position += 1
        append(.symbol(try relation(symbol, at: start)), at: start)
      } else if let fraction = ["½": 0.5, "¼": 0.25, "¾": 0.75][scalar] {
        position += 1
        append(.number(fraction), at: start)
      } else {
        throw FormulaError(
          message: "'\(scalar)' has no meaning in a formula", position: start)
      }
    }
    if let (bracket, place) = brackets.last {
      throw FormulaError(message: "'\(bracket)' is never closed", position: place)
    }
    append(.end, at: scalars.count)
    return tokens
  }

  private mutating func append(_ kind: FormulaToken.Kind, at start: Int, index: Character? = nil) {
    tokens.append(FormulaToken(kind: kind, index: index, position: start))
  }

  private func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }

  private func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic && FormulaScanner.raisedLetters[scalar] == nil
      && FormulaScanner.indexLetters[scalar] == nil || scalar == "∑" || scalar == "∏"
      || scalar == "∞"
  }

  /// `2`, `0.5`, `1e-3`.
  private mutating func number() throws(FormulaError) -> Double {
    let start = position
    while let scalar = next, isDigit(scalar) || scalar == "." { position += 1 }
    if let scalar = next, scalar == "e" || scalar == "E" {
      var end = position + 1
      if end < scalars.count, "+-−".unicodeScalars.contains(scalars[end]) { end += 1 }
      if end < scalars.count, isDigit(scalars[end]) {
        position = end
        while let scalar = next, isDigit(scalar) { position += 1 }
      }
    }
    let text = String(String.UnicodeScalarView(scalars[start..<position]))
    guard let value = Double(text.replacingMinus) else {
      throw FormulaError(message: "'\(text)' is not a number", position: start)
    }
    return value
  }

  /// A name with its primes, digits and index: `x′`, `x1`, `x₁`, `xᵢ`, `x_i`.
  private mutating func readName() {
    let start = position
    var text = String.UnicodeScalarView()
    var index: Character?
    loop: while let scalar = next {
      if isLetter(scalar) || !text.isEmpty && (isDigit(scalar) || scalar == "'" || scalar == "′") {
        text.append(scalar == "'" ? "′" : scalar)
      } else if FormulaScanner.loweredDigits.contains(scalar.value) {
        text.append(Unicode.Scalar(UInt8(0x30 + scalar.value - 0x2080)))
      } else if let letter = FormulaScanner.indexLetters[scalar] {
        position += 1
        index = letter
        break loop
      } else if scalar == "_" {
        let isIndex =
          position + 1 < scalars.count && "ijk".unicodeScalars.contains(scalars[position + 1])
          && !(position + 2 < scalars.count
            && (isLetter(scalars[position + 2]) || isDigit(scalars[position + 2])
              || scalars[position + 2] == "_"))
        if isIndex {
          index = Character(scalars[position + 1])
          position += 2
          break loop
        }
        text.append(scalar)
      } else {
        break loop
      }
      position += 1
    }
    let name = FormulaToken.canonical(String(text))
    append(.name(name), at: start, index: index)
  }

  /// A bracket; `|` closes after an operand within bars, and opens otherwise.
  private func bracket(_ scalar: Unicode.Scalar) -> FormulaToken.Kind? {
    switch scalar {
    case "(", "[", "{": .open(Character(scalar))
    case ")", "]", "}": .close(Character(scalar))
    case "|":
      tokens.last?.endsOperand == true && brackets.last?.0 == "|" ? .close("|") : .open("|")
    default: nil
    }
  }

  private mutating func read(_ bracket: FormulaToken.Kind, at start: Int) throws(FormulaError) {
    position += 1
    append(bracket, at: start)
    switch bracket {
    case .open(let character): brackets.append((character, start))
    case .close(let character):
      let partner: Character =
        switch character {
        case ")": "("
        case "]": "["
        case "}": "{"
        default: "|"
        }
      guard let (open, place) = brackets.popLast() else {
        throw FormulaError(message: "'\(character)' closes nothing", position: start)
      }
      if open != partner {
        throw FormulaError(
          message: "'\(character)' does not close the '\(open)' of character \(place + 1)",
          position: start)
      }
    default: break
    }
  }

  /// Completes `<=`, `>=`, `==` and `!=`.
  private mutating func relation(
    _ symbol: Character, at start: Int
  ) throws(FormulaError) -> Character {
    let isDouble = next == "="
    switch symbol {
    case "<" where isDouble, ">" where isDouble, "!" where isDouble, "=" where isDouble:
      position += 1
      return symbol == "<" ? "≤" : symbol == ">" ? "≥" : symbol == "!" ? "≠" : "="
    case "!": throw FormulaError(message: "'!' has no meaning in a formula", position: start)
    default: return symbol
    }
  }
}

extension FormulaToken {
  /// The Greek letters, each with its name in ASCII.
  static let greek: KeyValuePairs<String, String> = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω",
  ]

  /// A name with its Greek letter in place of the letter's name: `beta` is `β`.
  static func canonical(_ name: String) -> String {
    // The micro sign is not the letter μ.
    if name == "µ" { return "μ" }
    return greek.first { $0.key == name }?.value ?? name
  }
}

extension String {
  /// The text with ASCII minus signs.
  fileprivate var replacingMinus: String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0 == "−" ? "-" : $0 }))
  }
}
