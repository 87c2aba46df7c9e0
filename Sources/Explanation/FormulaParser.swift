import NNExp

extension Formula {
  /// Parses the subset of LaTeX that `NNExp.Equations` describes.
  ///
  /// - Throws: a `Diagnostic` for anything else.
  public init(parsing source: String) throws {
    var parser = FormulaParser(source)
    self = try parser.whole()
  }
}

/// The commands for a single sign or letter.
enum FormulaCommand {
  static let letters: [String: String] = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Pi": "Π", "Sigma": "Σ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "partial": "∂", "infty": "∞",
    "prime": "′",
  ]

  static let signs: [String: String] = [
    "otimes": "⊗", "cdot": "·", "circ": "∘", "times": "×", "star": "⋆", "in": "∈", "ni": "∋",
    "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "to": "→", "cdots": "⋯", "dots": "…",
    "pm": "±",
  ]

  /// The names that are upright.
  static let functions: Set<String> = ["ln", "exp", "tanh", "sin", "cos", "erf"]

  /// The names whose subscript is written below.
  static let large: [String: String] = ["sum": "∑", "prod": "∏", "max": "max", "min": "min"]

  static let fences: [String: String] = ["lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉"]

  static let names = Dictionary(
    uniqueKeysWithValues: (letters.map { ($1, $0) } + signs.map { ($1, $0) }
      + fences.map { ($1, $0) }))
}

/// A parser of one formula, from left to right.
private struct FormulaParser {
  private enum Token: Equatable {
    case character(Character)
    case command(String)
    case end
  }

  private let source: String
  private let characters: [Character]
  private var position = 0
  private var depth = 0

  init(_ source: String) {
    self.source = source
    characters = Array(source)
  }

  mutating func whole() throws -> Formula {
    let formula = try row(until: [])
    guard peek() == .end else { throw syntaxError("unexpected '\(characters[position])'") }
    return formula
  }

  private func syntaxError(_ fact: String) -> Diagnostic {
    Diagnostic("the formula '\(source)' cannot be read: \(fact) at character \(position + 1)")
  }

  // MARK: Tokens

  private mutating func peek() -> Token {
    while position < characters.count, characters[position] == " " || characters[position] == "\n" {
      position += 1
    }
    guard position < characters.count else { return .end }
    guard characters[position] == "\\" else { return .character(characters[position]) }
    let name = characters[(position + 1)...].prefix { $0.isASCII && $0.isLetter }
    if !name.isEmpty { return .command(String(name)) }
    let next = position + 1 < characters.count ? String(characters[position + 1]) : ""
    return .command(next)
  }

  private mutating func next() -> Token {
    let token = peek()
    switch token {
    case .character: position += 1
    case .command(let name): position += 1 + name.count
    case .end: break
    }
    return token
  }

  private mutating func expect(_ character: Character) throws {
    guard next() == .character(character) else { throw syntaxError("'\(character)' is missing") }
  }

  // MARK: Rows and groups

  /// Parses everything up to one of the closing tokens, which is not consumed.
  private mutating func row(until closers: [Token]) throws -> Formula {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 32 else { throw syntaxError("brackets nested deeper than 32") }
    var parts: [Formula] = []
    while true {
      let token = peek()
      if token == .end || closers.contains(token) { break }
      if token == .command("left") || token == .command("right") {
        _ = next()
        continue
      }
      parts.append(try scripted(atom()))
    }
    return parts.count == 1 ? parts[0] : .row(parts)
  }

  /// Parses `{…}`, or a single atom.
  private mutating func group() throws -> Formula {
    guard peek() == .character("{") else { return try atom() }
    _ = next()
    let inside = try row(until: [.character("}")])
    try expect("}")
    return inside
  }

  /// Returns the text in `{…}` unchanged.
  private mutating func words() throws -> String {
    try expect("{")
    guard let end = characters[position...].firstIndex(of: "}") else {
      throw syntaxError("'}' is missing")
    }
    defer { position = end + 1 }
    return String(characters[position..<end])
  }

  private mutating func scripted(_ base: Formula) throws -> Formula {
    var sub: Formula?
    var sup: Formula?
    while true {
      switch peek() {
      case .character("_") where sub == nil:
        _ = next()
        sub = try group()
      case .character("'") where sup == nil:
        _ = next()
        sup = .letter("′")
      case .character("^") where sup == nil:
        _ = next()
        sup = try group()
      default:
        return sub == nil && sup == nil ? base : .scripts(base, sub: sub, sup: sup)
      }
    }
  }

  // MARK: Atoms

  private mutating func atom() throws -> Formula {
    switch next() {
    case .end: throw syntaxError("something is missing")
    case .command(let name): return try command(name)
    case .character(let character):
      switch character {
      case "(", "[", "|": return try fenced(character)
      case "{":
        let inside = try row(until: [.character("}")])
        try expect("}")
        return inside
      case "0"..."9": return number(from: character)
      case "-": return .sign("−")
      case "+", "=", "<", ">", ",", ";", ":", "/", "!": return .sign(String(character))
      case _ where character.isLetter:
        // x1, x2, …: the inputs of a node that has several.
        if character == "x", position < characters.count, ("1"..."9").contains(characters[position])
        {
          var digits = ""
          while position < characters.count, ("0"..."9").contains(characters[position]) {
            digits.append(characters[position])
            position += 1
          }
          return .letter("x" + digits)
        }
        return .letter(String(character))
      default:
        position -= 1
        throw syntaxError("unexpected '\(character)'")
      }
    }
  }

  private mutating func number(from first: Character) -> Formula {
    var text = String(first)
    while position < characters.count,
      ("0"..."9").contains(characters[position])
        || (characters[position] == "." && position + 1 < characters.count
          && ("0"..."9").contains(characters[position + 1]))
    {
      text.append(characters[position])
      position += 1
    }
    return .number(text)
  }

  private mutating func fenced(_ open: Character) throws -> Formula {
    let closers: [Token] =
      open == "|" ? [.character("|")] : [.character(")"), .character("]")]
    let inside = try row(until: closers)
    guard case .character(let close) = next() else { throw syntaxError("'\(open)' is not closed") }
    return .fenced(String(open), inside, String(close))
  }

  private mutating func command(_ name: String) throws -> Formula {
    if let letter = FormulaCommand.letters[name] { return .letter(letter) }
    if let sign = FormulaCommand.signs[name] { return .sign(sign) }
    if let large = FormulaCommand.large[name] { return .large(large) }
    if FormulaCommand.functions.contains(name) { return .letter(name) }
    switch name {
    case "frac":
      let over = try group()
      return .fraction(over, try group())
    case "sqrt": return .root(try group())
    case "hat": return .accented(.hat, try group())
    case "bar": return .accented(.bar, try group())
    case "operatorname":
      guard peek() == .character("*") else { return .letter(try words()) }
      _ = next()
      return .large(try words())
    case "text": return .text(try words())
    case "lfloor", "lceil":
      let close = name == "lfloor" ? "rfloor" : "rceil"
      let inside = try row(until: [.command(close)])
      guard next() == .command(close) else { throw syntaxError("'\\\(name)' is not closed") }
      return .fenced(FormulaCommand.fences[name]!, inside, FormulaCommand.fences[close]!)
    case "begin": return try cases()
    default: throw syntaxError("unknown command '\\\(name)'")
    }
  }

  private mutating func cases() throws -> Formula {
    guard try words() == "cases" else { throw syntaxError("only 'cases' can begin") }
    var rows: [[Formula]] = [[]]
    while true {
      rows[rows.count - 1].append(
        try row(until: [.character("&"), .command("\\"), .command("end")]))
      switch next() {
      case .character("&"): continue
      case .command("\\"): rows.append([])
      case .command("end"):
        guard try words() == "cases" else { throw syntaxError("'cases' is not ended") }
        return .cases(rows)
      default: throw syntaxError("'cases' is not ended")
      }
    }
  }
}
