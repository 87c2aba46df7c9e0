/// What a file is called while it is written: hidden, beside its place, and under a name
/// that nobody can foresee.
///
///     .nnexp-4f0c…-9a31….partial
///
/// The second half is a hash of the first, so that a file which nnexp did not make does
/// not have such a name by chance.
enum PartialName {
  private static let (start, end) = (".nnexp-", ".partial")

  static func new() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    let random = String(repeating: "0", count: 16 - digits.utf8.count) + digits
    return "\(start)\(random)-\(check(random))\(end)"
  }

  static func isOne(_ name: String) -> Bool {
    guard name.hasPrefix(bytes: start), name.hasSuffix(bytes: end),
      name.utf8.count == start.utf8.count + 33 + end.utf8.count
    else { return false }
    let halves = name.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count)
    let random = Substring(halves.prefix(16))
    return Substring(halves.dropFirst(16)).hasSameBytes(as: "-\(check(random))")
  }

  private static func check(_ random: some StringProtocol) -> Substring {
    SHA256.hex(of: Array("nnexp \(random)".utf8)).prefix(16)
  }
}
