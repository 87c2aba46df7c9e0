import NNExp

/// The texts and numbers that mean a missing cell.
struct MissingCells: Sendable {
  private let texts: Set<ByteText>

  /// The numbers that mean a missing cell, however they are written.
  let numbers: [Double]

  init(_ texts: [String]) {
    self.texts = Set(texts.map { ByteText($0.lowercased()) })
    numbers = texts.compactMap { text in
      let bytes = Array(text.utf8)
      return decimal(bytes.span, bytes.indices).value
    }
  }

  /// Whether a cell is one of the texts or numbers, in a format.
  func contains(_ text: String, as format: NumberFormat) -> Bool {
    contains(text)
      || !numbers.isEmpty && format.read(Array(text.utf8)).value.map(numbers.contains) ?? false
  }

  func contains(_ text: String) -> Bool {
    let bare = Substring(text).trimmed
    return bare.isEmpty || texts.contains(ByteText(bare.lowercased()))
  }
}

extension MissingCells {
  static let range = "a text, a number, or a list of these"

  static var domain: Options.Description.Domain {
    let cell = Options.Description.Domain.either([.text, .numbers(.finite)])
    return .either([cell, .list(cell)])
  }

  /// Reads an option with such cells; errors are recorded.
  static func texts(
    _ key: String, from options: inout Options, default fallback: [String], _ explanation: String
  ) -> [String] {
    func list(_ texts: [String]) -> ConfigValue {
      ConfigValue(.list(texts.map { ConfigValue(.string($0)) }))
    }
    guard
      let config = options.value(key, range, explanation, default: list(fallback).flow, of: domain)
    else {
      options.resolve(key, list(fallback))
      return fallback
    }
    let items = if case .list(let items) = config.content { items } else { [config] }
    let texts = items.compactMap { item -> String? in
      switch item.content {
      case .string(let text): text
      case .int(let value): item.text ?? String(value)
      case .double(let value): item.text ?? shortest(value)
      default: nil
      }
    }
    guard texts.count == items.count else {
      options.reject(key, "\(key) must be \(range), found \(config.kind)")
      return fallback
    }
    options.resolve(key, list(texts))
    return texts
  }
}
