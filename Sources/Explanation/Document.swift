/// A text with formulas, to be written as plain text, Markdown or HTML.
struct Document {
  enum Inline {
    case text(String)
    /// A name as it stands in a file.
    case code(String)
    case math(Formula)
  }

  enum Block {
    /// The anchor is a word.
    case heading(Int, [Inline], anchor: String)
    case paragraph([Inline])
    case table(header: [[Inline]], rows: [[[Inline]]])
    case derivation(Derivation)
    /// Lines as they stand.
    case verbatim(String)
    case graph(GraphDrawing)
  }

  /// An equation that goes on: a = b = c ≈ d.
  struct Derivation {
    struct Step {
      var relation = "="
      var right: Formula
      /// The numeric value, beside the analytic one.
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
