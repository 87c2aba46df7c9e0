import NNExp

/// The keys that formulas have in common.
enum FormulaOptions {
  /// `constants: {p: 2.5}`.
  static func constants(from options: inout Options) -> [(name: String, value: Double)] {
    let range = "a mapping from names to numbers"
    guard
      let found = options.value(
        "constants", range, "numbers of the formula: {p: 2.5}", of: .mapping(.numbers(.finite)))
    else { return [] }
    options.resolve("constants", found)
    guard case .map(let entries) = found.content else {
      options.reject("constants", "constants must be \(range), found \(found.kind)")
      return []
    }
    return entries.compactMap { entry in
      guard let value = entry.value.number else {
        options.reject(
          "constants",
          Diagnostic(
            "the constant '\(entry.key)' must be a number, found \(entry.value.kind)",
            at: entry.value.location))
        return nil
      }
      return (entry.key, value)
    }
  }

  /// `parameters: {β: 1, a: {initial: 1, shape: channels, range: [0, .inf]}}`.
  static func parameters(from options: inout Options) -> [Formula.Parameter] {
    var parameters: [Formula.Parameter] = []
    for entry in options.declaredParameters() {
      if let number = entry.value.number {
        parameters.append(
          Formula.Parameter(name: entry.key, initial: number, extent: .scalar, range: nil))
        continue
      }
      if case .string = entry.value.content {
        // Shared with another node, whose initial number applies.
        parameters.append(
          Formula.Parameter(name: entry.key, initial: 0, extent: .scalar, range: nil))
        continue
      }
      guard case .map = entry.value.content else {
        options.reject(
          "parameters",
          Diagnostic(
            "the parameter '\(entry.key)' must be its initial number or {initial: …, shape: …, "
              + "range: […]}, found \(entry.value.kind)", at: entry.value.location))
        continue
      }
      var reader = options.reader(at: entry.value.location)
      let declared = reader.component(entry.key, from: entry.value) { inner in
        parameter(named: entry.key, from: &inner)
      }
      options.adopt(reader, under: "parameters")
      if let declared { parameters.append(declared) }
    }
    return parameters
  }

  private static func parameter(
    named name: String, from options: inout Options
  ) -> Formula.Parameter {
    let initial = options.double("initial", "the number that training starts from")
    let extent = options.choice(
      "shape", default: Formula.Parameter.Extent.scalar,
      "scalar: one number; features: one per number of a sample; channels: one per channel")
    var range: Interval?
    if let found = options.value(
      "range", "two numbers, the lower first", "the limits of the number", of: .anything)
    {
      options.resolve("range", found)
      if case .list(let ends) = found.content, ends.count == 2,
        let lower = ends[0].number, let upper = ends[1].number, lower < upper
      {
        range = Interval(from: lower, to: upper, includesLower: false, includesUpper: false)
      } else {
        options.reject("range", "range must be two numbers, the lower first, found \(found.kind)")
      }
    }
    if let range, !range.contains(initial) {
      options.reject("initial", "initial must be inside the range, found \(shortest(initial))")
    }
    return Formula.Parameter(name: name, initial: initial, extent: extent, range: range)
  }

  /// Reports names that are given twice, and those that no formula can contain.
  static func checkNames(
    inputs: [String], _ parameters: [String], _ constants: [String], _ options: inout Options
  ) {
    var taken: Set<String> = []
    for (key, names) in [("inputs", inputs), ("parameters", parameters), ("constants", constants)] {
      for name in names {
        let canonical = FormulaToken.canonical(name)
        let tokens = try? FormulaToken.tokens(of: name)
        if tokens?.count != 2 || tokens?[0].kind != .name(canonical) || tokens?[0].index != nil {
          options.reject(
            key, "'\(name)' cannot be a name in a formula: letters, then letters, digits and '_'")
        } else if !taken.insert(canonical).inserted {
          options.reject(key, "the name '\(name)' is given twice")
        }
      }
    }
  }

  /// Makes a formula; an error is located at its character.
  static func formula(
    _ key: String, _ text: String, _ options: Options,
    make: (String) throws(FormulaError) -> Formula
  ) throws -> Formula {
    // After an error in another option, the formula would only repeat it.
    guard options.diagnostics.isEmpty, !options.isDescribing else {
      return try Formula("x", inputs: ["x"])
    }
    do {
      return try make(text)
    } catch {
      throw located(error, in: text, at: options.location(of: key))
    }
  }

  /// The error at its character, if the text is in one line of the file.
  private static func located(
    _ error: FormulaError, in text: String, at location: SourceLocation?
  ) -> Diagnostic {
    let shown = text.unicodeScalars.count > 60 ? "" : " in \"\(text)\""
    guard let location else {
      return Diagnostic("\(error.message), at character \(error.position + 1)\(shown)")
    }
    let index = location.line - location.source.firstLine
    if location.source.lines.indices.contains(index) {
      let line = Array(location.source.lines[index].unicodeScalars)
      let scalars = Array(text.unicodeScalars)
      for quote in [0, 1] {
        let first = location.column - 1 + quote
        guard first + scalars.count <= line.count, first >= 0,
          Array(line[first..<first + scalars.count]) == scalars
        else { continue }
        return Diagnostic(
          error.message,
          at: SourceLocation(
            source: location.source, line: location.line,
            column: first + 1 + min(error.position, scalars.count)))
      }
    }
    return Diagnostic("\(error.message), at character \(error.position + 1)\(shown)", at: location)
  }
}
