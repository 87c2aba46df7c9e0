import NNExp

/// Variants of an example for a layer or a loss: options at the ends of their ranges and at
/// random, and other shapes.
///
/// Declarations that the type refuses are left out. All others must satisfy the same claims
/// in a few draws.
struct Variants<Value: Sendable> {
  let type: ComponentType<Value>
  let example: Example
  let settings: ConformanceSettings

  /// Checks a value of the type; nil if it refuses the shapes of the example, or if they are
  /// too large.
  let prove: (Value, Example, ConformanceSettings) -> Conformance?

  func check(_ recorder: inout Conformance.Recorder, trying: (String) -> Void) {
    let name = example.target == nil ? "other options and shapes" : "other options"
    var (served, refused) = (0, 0)
    for (number, variant) in variants.enumerated() {
      let text = variant.text(of: type.name)
      trying(text)
      guard let value = try? type.value(variant.options),
        let table = prove(value, variant, settings.shortened(to: 6, number))
      else {
        refused += 1
        continue
      }
      served += 1
      if let claim = table.claims.first(where: { $0.verdict == .fails }) {
        recorder.claim(name, "\(text): \(claim.name): \(claim.detail)")
        return
      }
    }
    if served + refused == 0 { return }
    recorder.claim(name, nil, proof: "\(served) accepted, \(refused) refused")
  }

  /// The variants: one changed option, then random options, then other shapes.
  private var variants: [Example] {
    let random = RandomStream(
      seed: UInt64(bitPattern: Int64(settings.seed)), purpose: "variants of a type")
    let options = type.options.filter { $0.isVaried && $0.keys.isEmpty }
    let ends = options.flatMap { option in
      self.ends(of: option).map { example.with(options: example.options.with(option.key, $0)) }
    }
    let shapes = self.shapes.map { example.with(inputs: $0) }
    let mixed = (0..<(options.isEmpty ? 0 : 6)).map { k in
      let random = random.stream(k)
      var config = example.options
      for (i, option) in options.enumerated() where random.uniform(at: 2 * i) < 0.7 {
        config = config.with(option.key, value(of: option, random.uniform(at: 2 * i + 1)))
      }
      let inputs = k % 2 == 0 || shapes.isEmpty ? example.inputs : shapes[k % shapes.count].inputs
      return example.with(options: config).with(inputs: inputs)
    }
    return ends + mixed + shapes
  }

  // MARK: Options

  /// The value of the example, or the default.
  private func usual(_ option: Options.Description) -> Double? {
    if case .map(let entries) = example.options.content,
      let entry = entries.first(where: { $0.key == option.key })
    {
      return entry.value.number
    }
    return option.fallback.flatMap(Double.init)
  }

  /// The ends of an option's range, or numbers close to ends that the range excludes.
  private func ends(of option: Options.Description) -> [ConfigValue] {
    let usual = usual(option) ?? 1
    switch option.domain {
    case .numbers(let range):
      var ends: [Double] = []
      if range.lower.isFinite {
        ends.append(
          range.includesLower ? range.lower : range.lower + 1e-3 * abs(usual - range.lower))
      }
      if range.upper.isFinite {
        ends.append(
          range.includesUpper ? range.upper : range.upper - 1e-3 * abs(range.upper - usual))
      } else if range.includesUpper {
        ends.append(.infinity)
      } else {
        ends.append(range.lower.isFinite ? range.lower + 10 * abs(usual - range.lower) : 10 * usual)
      }
      return ends.filter(range.contains).map { ConfigValue(.double($0)) }
    case .integers(let range):
      let ends =
        [range.lowerBound, range.lowerBound.addingReportingOverflow(1).partialValue]
        + (range.upperBound <= 64 ? [range.upperBound] : [])
      return ends.filter { range.contains($0) && abs($0) <= 64 }.map { ConfigValue(.int($0)) }
    case .words(let words): return words.map { ConfigValue(.string($0)) }
    case .truth: return [false, true]
    default: return []
    }
  }

  /// A random value; numbers are within a factor of 4 of the usual value.
  private func value(of option: Options.Description, _ u: Double) -> ConfigValue {
    let usual = usual(option) ?? 1
    switch option.domain {
    case .numbers(let range):
      let origin = range.lower.isFinite ? range.lower : 0
      let size = usual == origin ? 1 : usual - origin
      let drawn = origin + size * Double.exp((2 * u - 1) * Double.log(4))
      return ConfigValue(.double(range.contains(drawn) ? drawn : usual))
    case .integers(let range):
      let drawn = Int(u * 6) + max(range.lowerBound, 0)
      return ConfigValue(.int(range.contains(drawn) ? drawn : Int(usual)))
    case .words(let words): return ConfigValue(.string(words[Int(u * Double(words.count))]))
    case .truth: return ConfigValue(.bool(u < 0.5))
    default: return ConfigValue(.null)
    }
  }

  // MARK: Shapes

  /// The same change for all inputs: widths of 1 to 33 for features, other extents for
  /// images.
  private var shapes: [[Port]] {
    // The target determines the shape of a loss's output.
    if example.target != nil { return [] }
    let changes: [(Shape) -> Shape] =
      example.inputs.contains { $0.shape.rank > 1 }
      ? [
        { Shape(Array(repeating: 1, count: $0.rank)) },
        { shape in Shape((0..<shape.rank).map { shape[$0] + 1 }) },
        { shape in Shape((0..<shape.rank).map { $0 == shape.rank - 1 ? 8 : shape[$0] }) },
        { shape in Shape((0..<shape.rank).map { $0 == 0 ? 5 : shape[$0] }) },
      ] : [1, 2, 3, 8, 17, 33].map { width in { _ in [width] } }
    return changes.map { change in
      example.inputs.map { $0.isIndices ? $0 : Port($0.name, change($0.shape), kind: $0.kind) }
    }.filter { $0 != example.inputs }
  }
}

extension ConfigValue {
  /// The mapping with another value for a key.
  fileprivate func with(_ key: String, _ value: ConfigValue) -> ConfigValue {
    var entries: [Entry] = []
    if case .map(let own) = content { entries = own }
    return ConfigValue(.map(entries.filter { $0.key != key } + [.init(key: key, value: value)]))
  }
}

extension Options.Description {
  /// Whether values of the option can be chosen without knowing its meaning.
  fileprivate var isVaried: Bool {
    switch domain {
    case .numbers, .integers, .words, .truth: true
    default: false
    }
  }
}
