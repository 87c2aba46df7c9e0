import NNExp

/// The target of a plugin's build, stored as plain text in its section `.nnexp`.
///
/// It is read from the file before any of the plugin's code can be executed.
struct Stamp: Sendable, Equatable {
  enum Language: String, Sendable {
    case swift
    case c
  }

  /// The name of the section in the shared object.
  static let section = ".nnexp"

  let language: Language

  /// The compiler, which for Swift must be the host's compiler; empty for C.
  let compiler: String

  /// For Swift, the hash of the module NNExp; for C, the version of the header.
  let interface: String

  /// The text in the section: `nnexp plugin, swift, Swift version 6.3.1 (…), 0123456789abcdef`.
  var text: String { "nnexp plugin, \(language.rawValue), \(compiler), \(interface)" }

  init(language: Language, compiler: String, interface: String) {
    self.language = language
    self.compiler = compiler
    self.interface = interface
  }

  /// Parses the bytes of the section: the text, padded with zeros.
  init?(_ bytes: some Sequence<UInt8>) {
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    let parts = text.split(separator: ", ", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "nnexp plugin",
      let language = Language(rawValue: String(parts[1]))
    else { return nil }
    self.init(language: language, compiler: String(parts[2]), interface: String(parts[3]))
  }

  /// The reason why a plugin with this stamp is not compatible with a host; nil if it is
  /// compatible.
  func mismatch(with host: Stamp) -> String? {
    switch language {
    case .c:
      let version = String(cHeaderVersion)
      return interface == version
        ? nil
        : "it was built with version \(interface) of nnexp_plugin.h, and this nnexp accepts \(version)"
    case .swift:
      if self == host { return nil }
      let theirs = compiler == host.compiler ? "interface \(interface)" : compiler
      let ours = compiler == host.compiler ? "interface \(host.interface)" : host.compiler
      return "it was built for \(theirs), and this nnexp is \(ours)"
    }
  }
}
