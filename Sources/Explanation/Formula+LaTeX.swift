extension Formula {
  /// The formula as LaTeX, for `$…$`.
  public var latex: String {
    switch self {
    case .row(let parts):
      var text = ""
      for part in parts {
        let next = part.latex
        // A command needs a space before a letter.
        if let last = text.last, last.isLetter, next.first?.isLetter == true { text += " " }
        text += Formula.isSpaced(part) ? " \(next) " : next
      }
      return text.trimmed
    case .letter(let name):
      if let command = FormulaCommand.names[name] { return "\\" + command }
      if FormulaCommand.functions.contains(name) { return "\\" + name }
      return name.count == 1 || name.isIndexedInput
        ? name : "\\operatorname{\(Formula.escapedForLaTeX(name))}"
    case .number(let text): return text
    case .sign(let sign):
      if sign == "−" { return "-" }
      return FormulaCommand.names[sign].map { "\\" + $0 } ?? sign
    case .symbol(let symbol): return symbol.latex(sup: nil)
    case .fenced(let open, let inside, let close):
      func bracket(_ text: String) -> String {
        FormulaCommand.names[text].map { "\\" + $0 + " " } ?? text
      }
      return inside.isTall
        ? "\\left\(bracket(open))\(inside.latex)\\right\(bracket(close))"
        : "\(bracket(open))\(inside.latex)\(bracket(close))"
    case .fraction(let over, let under): return "\\frac{\(over.latex)}{\(under.latex)}"
    case .root(let inside): return "\\sqrt{\(inside.latex)}"
    case .accented(let accent, let inside): return "\\\(accent.rawValue){\(inside.latex)}"
    case .scripts(let base, let sub, let sup):
      let subText = sub.map { "_{\($0.latex)}" } ?? ""
      if case .symbol(let symbol) = base {
        if let sup, sup != .letter("T"), symbol.isDecorated {
          return "\\left(\(symbol.latex(sup: nil))\(subText)\\right)^{\(sup.latex)}"
        }
        return symbol.latex(sup: sup?.latex) + subText
      }
      return base.latex + subText + (sup.map { "^{\($0.latex)}" } ?? "")
    case .large(let name):
      switch name {
      case "∑": return "\\sum"
      case "∏": return "\\prod"
      case "max", "min": return "\\" + name
      default: return "\\operatorname*{\(name)}"
      }
    case .text(let text): return "\\text{\(Formula.escapedForLaTeX(text))}"
    case .cases(let rows):
      return "\\begin{cases}"
        + rows.map { $0.map(\.latex).joined(separator: " & ") }.joined(separator: " \\\\ ")
        + "\\end{cases}"
    case .matrix(let rows):
      return "\\begin{bmatrix}"
        + rows.map { $0.map(Formula.latexNumber).joined(separator: " & ") }
        .joined(separator: " \\\\ ") + "\\end{bmatrix}"
    }
  }

  /// True for operators and relations, which have spaces on both sides.
  static func isSpaced(_ formula: Formula) -> Bool {
    if case .sign(let sign) = formula { return !",;:!/".contains(sign) }
    return false
  }

  /// True if it is higher than a line.
  var isTall: Bool {
    switch self {
    case .row(let parts): parts.contains(where: \.isTall)
    case .fenced(_, let inside, _), .accented(_, let inside), .root(let inside): inside.isTall
    case .scripts(let base, _, _): base.isTall
    case .fraction, .large, .cases: true
    case .matrix(let rows): rows.count > 1
    case .letter, .number, .sign, .symbol, .text: false
    }
  }

  /// A number with an exponent as a power of ten: `1.5e-07` as 1.5·10⁻⁷.
  private static func latexNumber(_ text: String) -> String {
    guard let e = text.firstIndex(of: "e") else {
      return text.allSatisfy { !$0.isLetter } ? text : "\\text{\(text)}"
    }
    return "\(text[..<e])\\cdot 10^{\(text[text.index(after: e)...])}"
  }

  private static func escapedForLaTeX(_ text: String) -> String {
    var escaped = ""
    for scalar in printable(text).unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\textbackslash "
      case "^", "~": escaped += "\\\(scalar){}"
      case "_", "#", "%", "&", "$", "{", "}": escaped += "\\\(scalar)"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension Formula.Symbol {
  /// True if it already has a superscript.
  var isDecorated: Bool { primes > 0 || index != nil }

  /// The letter with its primes and number, followed by `sup`.
  fileprivate func latex(sup: String?) -> String {
    var script = String(repeating: "\\prime", count: primes)
    if let number { script += number }
    if let sup { script += (script.hasSuffix("prime") ? " " : "") + sup }
    let base = bare.latex
    return script.isEmpty ? base : base + "^{\(script)}"
  }
}

extension String {
  /// True for the names of inputs: x1, x2, ….
  var isIndexedInput: Bool { count > 1 && first == "x" && dropFirst().allSatisfy(\.isNumber) }

  /// The text without spaces at its ends.
  var trimmed: String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
