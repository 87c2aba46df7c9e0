import NNExp

extension RunDirectory {
  /// The maximum length of an experiment's name, in bytes.
  public static let longestName = 100

  /// Checks an experiment's name, which is used in paths, shells, jobs and URLs:
  /// `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 100 bytes.
  ///
  /// Throws a diagnostic with the fact and the remedy; the caller adds the location.
  public static func validate(name: String) throws {
    if name.isEmpty {
      throw Diagnostic("the name is empty; write one such as 'xor'")
    }
    guard let fault = NameFault(in: name) else { return }
    throw Diagnostic("the name \(fault.fact(of: name)); \(fault.remedy)")
  }

  /// Checks the name that a file without `name:` gives its experiment: `xor` for `xor.yaml`.
  ///
  /// Throws a diagnostic with the fact, and the line that sets a name.
  public static func validate(fileName: String) throws {
    guard !fileName.isEmpty, let fault = NameFault(in: fileName) else { return }
    throw Diagnostic(
      "the file name \(fault.fact(of: fileName)), so it cannot name the results; add the line "
        + "'name: \(possibleName(for: fileName))'")
  }

  /// A valid name similar to a text: `my-net` for `my net`.
  public static func possibleName(for text: String) -> String {
    var name: [UInt8] = []
    for byte in text.utf8 {
      if isNameByte(byte) && (!name.isEmpty || isAlphanumeric(byte)) {
        name.append(byte)
      } else if !name.isEmpty, name.last != UInt8(ascii: "-") {
        name.append(UInt8(ascii: "-"))
      }
    }
    name = Array(name.prefix(longestName))
    while let last = name.last, !isAlphanumeric(last) { name.removeLast() }
    return name.isEmpty ? "experiment" : String(decoding: name, as: UTF8.self)
  }
}

/// The reason why a text that is not empty is not a valid name.
private enum NameFault {
  case length(Int)
  /// The first character is only permitted at later positions.
  case start(Unicode.Scalar)
  /// A character that is not permitted, and its position, counted from 1.
  case character(Unicode.Scalar, position: Int)

  /// The first fault; nil if the text is a valid name.
  init?(in text: String) {
    if text.utf8.count > RunDirectory.longestName {
      self = .length(text.utf8.count)
      return
    }
    for (index, scalar) in text.unicodeScalars.enumerated() {
      guard let byte = UInt8(exactly: scalar.value), isNameByte(byte) else {
        self = .character(scalar, position: index + 1)
        return
      }
      if index == 0, !isAlphanumeric(byte) {
        self = .start(scalar)
        return
      }
    }
    return nil
  }

  func fact(of text: String) -> String {
    switch self {
    case .length(let count):
      return "has \(count) bytes, more than \(RunDirectory.longestName)"
    case .start(let scalar): return "'\(text)' starts with '\(scalar)'"
    case .character(let scalar, let position):
      let isVisible = scalar.isASCII && scalar.properties.generalCategory != .control
      let code = String(scalar.value, radix: 16, uppercase: true)
      let character =
        isVisible
        ? "'\(scalar)'" : "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
      return "'\(text)' has \(character) at position \(position)"
    }
  }

  var remedy: String {
    switch self {
    case .length: "shorten it"
    case .start: "start it with a letter or a digit"
    case .character("/", _):
      "it names a single folder under results; use --output for another location"
    case .character: "use letters, digits, '.', '-' and '_'"
    }
  }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
}

private func isNameByte(_ byte: UInt8) -> Bool {
  isAlphanumeric(byte) || ".-_".utf8.contains(byte)
}
