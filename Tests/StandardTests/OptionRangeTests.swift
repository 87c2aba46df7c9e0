import NNExp
import TestSupport
import Testing

/// Each option of each shipped type accepts the ends of its range and nothing beyond them.
@Suite struct OptionRangeTests {
  typealias Domain = Options.Description.Domain

  /// A type of any kind.
  private struct AnyType {
    let title: String
    let options: [Options.Description]
    let make: (inout Options) throws -> Void
  }

  private static func types<Value>(_ registry: ComponentRegistry<Value>) -> [AnyType] {
    registry.all.map { type in
      AnyType(title: "\(registry.kind) \(type.name)", options: type.options) {
        _ = try type.make(&$0)
      }
    }
  }

  private static var all: [AnyType] {
    let registry = standardRegistry
    return types(registry.layers) + types(registry.losses) + types(registry.metrics)
      + types(registry.optimizers) + types(registry.schedules) + types(registry.initializers)
      + types(registry.generators)
  }

  /// Values at the ends of a domain, and values just beyond them.
  private static func candidates(_ domain: Domain) -> [ConfigValue] {
    switch domain {
    case .numbers(let range):
      let ends = [range.lower, range.upper].filter(\.isFinite)
      return (ends + ends.map(\.nextUp) + ends.map(\.nextDown) + [.infinity, -.infinity, .nan])
        .map { ConfigValue(.double($0)) }
    case .integers(let range):
      // The ends of a range without a limit are not those of the type.
      let ends = [range.lowerBound, range.upperBound].filter { $0.magnitude < 1 << 62 }
      return (ends + ends.map { $0 - 1 } + ends.map { $0 + 1 }).map { ConfigValue(.int($0)) }
        + [ConfigValue(.double(1.5))]
    case .words(let words): return (words + ["no_such_word"]).map { ConfigValue(.string($0)) }
    case .truth: return [true, 1]
    case .either(let domains): return domains.flatMap(candidates)
    case .list(let element, let count):
      let values = candidates(element)
      let counts = [count.lowerBound - 1, count.lowerBound, count.upperBound]
      return values.map { ConfigValue(.list([$0])) }
        + counts.filter { (0...64).contains($0) }.flatMap { n in
          values.prefix(4).map { ConfigValue(.list(Array(repeating: $0, count: n))) }
        }
    case .text, .null, .mapping, .keys, .component, .anything: return []
    }
  }

  /// Whether a value is in a domain; nil if the domain does not express it.
  private static func contains(_ domain: Domain, _ value: ConfigValue) -> Bool? {
    switch (domain, value.content) {
    case (.numbers(let range), _): value.number.map(range.contains) ?? false
    case (.integers(let range), _): value.integer.map(range.contains) ?? false
    case (.words(let words), .string(let word)): words.contains(word)
    case (.words, _): false
    case (.truth, .bool): true
    case (.truth, _), (.null, _): false
    case (.either(let domains), _):
      domains.contains { contains($0, value) == nil }
        ? nil : domains.contains { contains($0, value) == true }
    case (.list(let element, let count), .list(let values)):
      count.contains(values.count) && values.allSatisfy { contains(element, $0) == true }
    case (.list, _): false
    case (.text, _), (.mapping, _), (.keys, _), (.component, _), (.anything, _): nil
    }
  }

  @Test func `each range is that of the description`() {
    var tried = 0
    for type in Self.all {
      for option in type.options {
        // The other keys have no effect if a window covers the whole image.
        guard let domain = option.domain, option.key != "global" else { continue }
        for value in Self.candidates(domain) {
          guard let isInside = Self.contains(domain, value) else { continue }
          // A formula reads the options of windows only if it has windows.
          let others: [(String, ConfigValue)] =
            type.title == "layer formula" ? [("y", "max(x)"), ("window", 2)] : []
          var options = Options(
            ConfigValue.map(others.filter { $0.0 != option.key } + [(option.key, value)]))
          var messages: [String] = []
          do { try type.make(&options) } catch let error as Diagnostic {
            messages.append(error.message)
          } catch {}
          messages += options.diagnostics.list.map(\.message)
          let isRefused = messages.contains { $0.hasPrefix("\(option.key) must be ") }
          #expect(
            isRefused == !isInside,
            "\(type.title), \(option.key): \(value.flow) of \(option.range): \(messages)")
          tried += 1
        }
      }
    }
    #expect(tried > 1000, "\(tried)")
  }
}
