extension Formula {
  /// The formula on one line, with Unicode's super- and subscripts; matrices are in brackets,
  /// row by row.
  public var text: String {
    textBox.trimmedLines.joined(separator: "\n")
  }

  /// The formula as characters, on several lines if it contains matrices.
  var textBox: TextBox { textBox(isCompact: false) }

  private func textBox(isCompact: Bool) -> TextBox {
    switch self {
    case .row(let parts): return Formula.textRow(parts, isCompact)
    case .letter(let name):
      return TextBox(name.isIndexedInput ? "x" + superscript(name.dropFirst())! : name)
    case .number(let text), .text(let text): return TextBox(printable(text))
    case .sign(let sign): return TextBox(sign)
    case .symbol(let symbol): return TextBox(symbol.text(sub: "", sup: ""))
    case .fenced(let open, let inside, let close):
      return inside.textBox(isCompact: isCompact).fenced(open, close)
    case .fraction(let over, let under):
      return over.factorBox(isBelow: false) + "/" + under.factorBox(isBelow: true)
    case .root(let inside):
      let box = inside.textBox(isCompact: isCompact)
      return box.width == 1 ? "√" + box : "√" + box.fenced("(", ")")
    case .accented(let accent, let inside):
      return inside.textBox(isCompact: true) + (accent == .hat ? "\u{302}" : "\u{304}")
    case .scripts(let base, let sub, let sup): return Formula.textScripts(base, sub, sup)
    case .large(let name): return TextBox(name == "∑" ? "Σ" : name == "∏" ? "Π" : name)
    case .cases(let rows):
      let cases = rows.map { row in
        row.map { $0.textBox.lines[0] }.joined(separator: " for ")
      }
      return TextBox("{" + cases.joined(separator: "; ") + "}")
    case .matrix(let rows): return TextBox.matrix(rows)
    }
  }

  /// True if a product of the two, written without a sign, needs a space.
  static func needsSpace(_ a: Formula, _ b: Formula) -> Bool {
    switch (a, b) {
    case (.sign, _), (_, .sign), (.letter("∂"), _): false
    case (.large(let name), .fenced("(", _, _)): name.count == 1
    case (.number, .matrix), (.large, _): true
    case (.number, _): false
    case (.letter, .fenced(let open, _, _)), (.symbol, .fenced(let open, _, _)): open == "|"
    case (.scripts(let base, _, _), .fenced(let open, _, _)):
      if case .fenced = base { true } else { open == "|" }
    case (.letter, .scripts(.fenced, _, _)): false
    case (.letter(let a), .letter(let b)): a.count > 1 || b.count > 1
    default: true
    }
  }

  private static func textRow(_ parts: [Formula], _ isCompact: Bool) -> TextBox {
    var box = TextBox("")
    for (index, part) in parts.enumerated() {
      let next = part.textBox(isCompact: isCompact)
      if case .sign(let sign) = part {
        if isCompact || sign == "/" || sign == "!" || isUnary(index, in: parts) {
          box = box + next
        } else if ",;".contains(sign) {
          box = box + next + " "
        } else {
          box = box + " " + next + " "
        }
        continue
      }
      if index > 0, needsSpace(parts[index - 1], part) { box = box + " " }
      box = box + (isLooseFraction(index, in: parts) ? next.fenced("(", ")") : next)
    }
    return box
  }

  /// True for a fraction within a product, which needs brackets: `(1/n) Σ`. Fractions of ∂ do
  /// not need them.
  private static func isLooseFraction(_ index: Int, in parts: [Formula]) -> Bool {
    func isFactor(_ index: Int) -> Bool {
      guard parts.indices.contains(index) else { return false }
      if case .sign(let sign) = parts[index] { return "·⊗".contains(sign) }
      return true
    }
    guard case .fraction(let over, _) = parts[index], over.parts.first != .letter("∂") else {
      return false
    }
    return isFactor(index - 1) || isFactor(index + 1)
  }

  /// True for a minus or plus sign without a left operand.
  static func isUnary(_ index: Int, in parts: [Formula]) -> Bool {
    guard parts[index] == .sign("−") || parts[index] == .sign("+") else { return false }
    guard index > 0 else { return true }
    if case .sign = parts[index - 1] { return true }
    return false
  }

  /// The formula as a numerator or denominator, in brackets if the slash would be ambiguous.
  private func factorBox(isBelow: Bool) -> TextBox {
    let box = textBox(isCompact: false)
    let isLoose: Bool =
      switch self {
      case .row(let parts):
        parts.first != .letter("∂")
          && (isBelow && parts.count > 1
            || parts.contains { if case .sign = $0 { true } else { false } })
      case .fraction: true
      default: false
      }
    return isLoose ? box.fenced("(", ")") : box
  }

  private static func textScripts(_ base: Formula, _ sub: Formula?, _ sup: Formula?) -> TextBox {
    if case .large = base, let sub, sup == nil {
      // A range has the same spaces as elsewhere.
      let range = sub.textBox(isCompact: true).lines[0]
      return base.textBox + (subscripted(range) ?? "_{" + sub.textBox.lines[0] + "}")
    }
    let below = sub.map(subText) ?? ""
    let above = sup.map(supText) ?? ""
    if case .symbol(let symbol) = base {
      if let sup, sup != .letter("T"), symbol.isDecorated {
        return TextBox("(" + symbol.text(sub: below, sup: "") + ")" + above)
      }
      return TextBox(symbol.text(sub: below, sup: above))
    }
    let box = base.textBox(isCompact: false)
    guard box.isTall else { return box + (below + above) }
    // On the level of the first line.
    let scripts = TextBox(
      [below + above] + Array(repeating: "", count: box.lines.count - 1),
      base: box.base)
    return box + scripts
  }

  private static func supText(_ sup: Formula) -> String {
    let text = sup.textBox(isCompact: true).lines[0]
    if let raised = superscript(text) { return raised }
    return text.count == 1 ? "^" + text : "^(" + sup.textBox.lines[0] + ")"
  }

  private static func subText(_ sub: Formula) -> String {
    let text = sub.textBox(isCompact: true).lines[0]
    if let lowered = subscripted(text) { return lowered }
    if case .symbol = sub { return "_" + text }
    return text.count == 1 ? "_" + text : "_{" + text + "}"
  }
}

extension Formula.Symbol {
  fileprivate func text(sub: String, sup: String) -> String {
    let number = number.map { superscript($0)! } ?? ""
    // Parts without subscript characters are written last.
    return bare.text + String(repeating: "′", count: primes)
      + (sub.hasPrefix("_") ? number + sup + sub : sub + number + sup)
  }
}

/// The text in superscript characters; nil if there is no character for a part of it.
private func superscript(_ text: some StringProtocol) -> String? {
  mapped(text, by: raisedCharacters)
}

private func subscripted(_ text: some StringProtocol) -> String? {
  mapped(text, by: loweredCharacters)
}

private func mapped(_ text: some StringProtocol, by table: [Character: Character]) -> String? {
  let characters = text.compactMap { table[$0] }
  return characters.count == text.count ? String(characters) : nil
}

private let raisedCharacters = Dictionary(
  uniqueKeysWithValues: zip(
    "0123456789+−=()abcdefghijklmnoprstuvwxyzTβ′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵝ′"))

private let loweredCharacters = Dictionary(
  uniqueKeysWithValues: zip(
    "0123456789+−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"))

/// The text with characters escaped that control a terminal.
func printable(_ text: String) -> String {
  var shown = ""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: shown += "\u{FFFD}"
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return shown
}
