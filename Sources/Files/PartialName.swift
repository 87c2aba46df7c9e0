import NNExp

/// The name of a file while it is being written: hidden, in the folder of the final file, and
/// unpredictable.
///
///     .nnexp-4f0c…-9a31….partial
///
/// The second half is a hash of the first, so that files of other programs do not have such a
/// name by chance.
enum PartialName {
  private static let (start, end) = (".nnexp-", ".partial")

  static func new() -> String {
    let random = UInt64.random(in: .min ... .max)
    return "\(start)\(digits(random))-\(digits(RandomStream.mixed(random)))\(end)"
  }

  static func isOne(_ name: String) -> Bool {
    guard name.hasPrefix(bytes: start), name.hasSuffix(bytes: end),
      name.utf8.count == start.utf8.count + 33 + end.utf8.count
    else { return false }
    let halves = name.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count)
    guard let random = UInt64(String(Substring(halves.prefix(16))), radix: 16) else { return false }
    return name.hasSameBytes(
      as: "\(start)\(digits(random))-\(digits(RandomStream.mixed(random)))\(end)")
  }

  private static func digits(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
