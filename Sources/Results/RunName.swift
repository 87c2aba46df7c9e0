import NNExp

extension RunDirectory {
  /// The longest name of an experiment, in bytes of UTF-8.
  public static let longestName = 100

  /// Checks that an experiment's name can name a folder, and none but its own:
  /// 1 to 100 bytes, no `/`, no leading `.` (so neither `.` nor `..`), no
  /// control characters.
  ///
  /// Throws the fact; whoever read the name adds its place.
  public static func validate(name: String) throws {
    if name.isEmpty {
      throw Diagnostic("the name is empty; write one such as 'xor'")
    }
    if name.utf8.count > longestName {
      throw Diagnostic(
        "the name has \(name.utf8.count) bytes; it may have at most \(longestName)")
    }
    for (index, scalar) in name.unicodeScalars.enumerated()
    where scalar.properties.generalCategory == .control {
      let code = String(scalar.value, radix: 16, uppercase: true)
      let padding = String(repeating: "0", count: max(0, 4 - code.count))
      throw Diagnostic(
        "the name has the control character U+\(padding)\(code) at position \(index + 1); "
          + "use letters, digits, '-' and '_'")
    }
    if name.contains("/") {
      throw Diagnostic(
        "the name '\(name)' has a '/', but it names a single folder under results; "
          + "use --output for another place")
    }
    if name.hasPrefix(".") {
      throw Diagnostic("the name '\(name)' starts with a '.'; start it with a letter or a digit")
    }
  }
}
