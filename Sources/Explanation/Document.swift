/// A text with formulas, independent of its format (plain text, Markdown or HTML).
struct Document {
  enum Inline {
    case text(String)
    /// A name in the notation of an experiment file.
    case code(String)
    case math(Formula)
  }

  enum Block {
    /// A heading with an anchor, which is a single word.
    case heading(Int, [Inline], anchor: String)
    case paragraph([Inline])
    case table(header: [[Inline]], rows: [[[Inline]]])
    case derivation(Derivation)
    /// Preformatted lines.
    case verbatim(String)
    case graph(GraphDrawing)
  }

  /// An equation in several steps: a = b = c ≈ d.
  struct Derivation {
    struct Step {
      var relation = "="
      var right: Formula
      /// The numeric value, shown next to the analytic one.
      var beside: Formula?
      var note = ""
    }

    let left: Formula
    var steps: [Step]
  }

  let title: String
  var blocks: [Block] = []
}

extension Document.Inline: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  init(stringLiteral value: String) { self = .text(value) }
}
