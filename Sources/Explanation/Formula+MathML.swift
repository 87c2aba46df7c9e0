import Files

extension Formula {
  /// The formula as MathML Core, without the enclosing `math` element.
  public var mathML: String {
    switch self {
    case .row(let parts): return "<mrow>" + Formula.juxtaposed(parts) + "</mrow>"
    case .letter(let name): return Formula.identifier(name)
    case .number(let text): return "<mn>\(Escaping.xml(text))</mn>"
    case .sign(let sign): return "<mo>\(Escaping.xml(sign))</mo>"
    case .symbol(let symbol):
      return Formula.scripted(symbol.mathML, sub: nil, sup: symbol.decoration)
    case .fenced(let open, let inside, let close):
      return """
        <mrow><mo fence="true" form="prefix">\(Escaping.xml(open))</mo>\(inside.mathML)\
        <mo fence="true" form="postfix">\(Escaping.xml(close))</mo></mrow>
        """
    case .fraction(let over, let under):
      return "<mfrac>\(over.mathML)\(under.mathML)</mfrac>"
    case .root(let inside): return "<msqrt>\(inside.mathML)</msqrt>"
    case .accented(let accent, let inside):
      let mark = accent == .hat ? "^" : "¯"
      return "<mover accent=\"true\">\(inside.mathML)<mo stretchy=\"false\">\(mark)</mo></mover>"
    case .scripts(let base, let sub, let sup): return Formula.scripts(base, sub, sup)
    case .large(let name): return Formula.large(name)
    case .text(let text): return "<mtext>\(Escaping.xml(text))</mtext>"
    case .cases(let rows):
      return "<mrow><mo fence=\"true\" form=\"prefix\">{</mo>"
        + Formula.table(rows.map { $0.map(\.mathML) }, of: "cases") + "</mrow>"
    case .matrix(let rows):
      return "<mrow><mo fence=\"true\" form=\"prefix\">[</mo>"
        + Formula.table(rows.map { $0.map(Formula.entry) }, of: "matrix")
        + "<mo fence=\"true\" form=\"postfix\">]</mo></mrow>"
    }
  }

  /// The parts of a product, with a thin space if there is no sign between them. A function and
  /// its bracket are adjacent.
  private static func juxtaposed(_ parts: [Formula]) -> String {
    var text = ""
    for (index, part) in parts.enumerated() {
      if index > 0, Formula.needsSpace(parts[index - 1], part) {
        text += "<mspace width=\"0.17em\"/>"
      }
      text +=
        Formula.isUnary(index, in: parts)
        ? part.mathML.replacingPrefix("<mo>", with: "<mo form=\"prefix\">") : part.mathML
    }
    return text
  }

  private static func identifier(_ name: String) -> String {
    if name == "T" { return "<mi mathvariant=\"normal\">T</mi>" }
    if name == "∂" { return "<mi mathvariant=\"normal\">∂</mi>" }
    if name.isIndexedInput {
      return "<msup><mi>x</mi><mn>\(name.dropFirst())</mn></msup>"
    }
    return "<mi>\(Escaping.xml(name))</mi>"
  }

  private static func large(_ name: String) -> String {
    name.first?.isLetter == true
      ? "<mo movablelimits=\"false\" lspace=\"0\" rspace=\"0\">\(name)</mo>" : "<mo>\(name)</mo>"
  }

  private static func scripts(_ base: Formula, _ sub: Formula?, _ sup: Formula?) -> String {
    switch base {
    case .symbol(let symbol):
      if let sup, sup != .letter("T"), symbol.isDecorated {
        let inside = Formula.scripts(base, sub: sub, sup: nil)
        return scripted(Formula.fenced("(", inside, ")").mathML, sub: nil, sup: sup.mathML)
      }
      let parts = [symbol.decoration, sup?.mathML].compactMap { $0 }
      return scripted(
        symbol.mathML, sub: sub?.mathML,
        sup: parts.count > 1 ? "<mrow>" + parts.joined() + "</mrow>" : parts.first)
    case .large:
      switch (sub?.mathML, sup?.mathML) {
      case (let sub?, let sup?):
        return "<munderover>\(base.mathML)\(sub)\(sup)</munderover>"
      case (let sub?, nil): return "<munder>\(base.mathML)\(sub)</munder>"
      case (nil, let sup?): return "<mover>\(base.mathML)\(sup)</mover>"
      case (nil, nil): return base.mathML
      }
    default: return scripted(base.mathML, sub: sub?.mathML, sup: sup?.mathML)
    }
  }

  private static func scripted(_ base: String, sub: String?, sup: String?) -> String {
    switch (sub, sup) {
    case (let sub?, let sup?): "<msubsup>\(base)\(sub)\(sup)</msubsup>"
    case (let sub?, nil): "<msub>\(base)\(sub)</msub>"
    case (nil, let sup?): "<msup>\(base)\(sup)</msup>"
    case (nil, nil): base
    }
  }

  private static func table(_ rows: [[String]], of kind: String) -> String {
    "<mtable class=\"\(kind)\(rows[0].count > 6 ? " small" : "")\">"
      + rows.map { row in
        "<mtr>" + row.map { "<mtd>\($0)</mtd>" }.joined() + "</mtr>"
      }.joined() + "</mtable>"
  }

  /// A number with a minus sign (U+2212), and with an exponent as a power of ten: `1.5e-7` as
  /// 1.5·10⁻⁷.
  private static func entry(_ text: String) -> String {
    func number(_ text: some StringProtocol) -> String {
      text.hasPrefix("-")
        ? "<mrow><mo form=\"prefix\">−</mo><mn>\(text.dropFirst())</mn></mrow>"
        : "<mn>\(text)</mn>"
    }
    if text == "…" { return "<mo>…</mo>" }
    guard let e = text.firstIndex(of: "e") else { return number(text) }
    return """
      <mrow>\(number(text[..<e]))<mo>·</mo>\
      <msup><mn>10</mn>\(number(text[text.index(after: e)...]))</msup></mrow>
      """
  }
}

extension Formula.Symbol {
  /// The letter and its primes. Primes are not superscripts, because the character is raised
  /// already, and few fonts support raising it further.
  fileprivate var mathML: String {
    guard primes > 0 else { return bare.mathML }
    return """
      <mrow>\(bare.mathML)\
      <mo lspace="0.05em" rspace="0">\(String(repeating: "′", count: primes))</mo></mrow>
      """
  }

  /// The content of its superscript.
  fileprivate var decoration: String? {
    guard hasBrackets else { return index.map { "<mn>\($0)</mn>" } }
    return index.map {
      "<mrow><mo stretchy=\"false\">(</mo><mn>\($0)</mn><mo stretchy=\"false\">)</mo></mrow>"
    }
  }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
    hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
  }
}
