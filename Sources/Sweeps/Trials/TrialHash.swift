import Files
import Results

/// The identifier of a trial and the name of its folder: the first 32 digits of a hash of
/// everything that determines its results. Other texts, such as paths, are not accepted.
public struct TrialHash: Hashable, Sendable, CustomStringConvertible {
  public static let digits = 32

  public let description: String

  /// Nil unless the text is 32 lowercase hexadecimal digits.
  public init?(_ text: String) {
    guard isHash(text, digits: TrialHash.digits) else { return nil }
    description = text
  }

  /// - Parameters:
  ///   - configuration: the SHA-256 of the experiment with every default.
  ///   - files: the hashes of its data files and plugins, in the order in which it reads them.
  init(configuration: String, files: [FileHash]) {
    let text = ([configuration] + files.map(\.sha256)).joined(separator: "\n")
    let hash = files.isEmpty ? configuration : SHA256.hex(of: Array(text.utf8))
    description = String(hash.prefix(TrialHash.digits))
  }

  /// The byte of a sweep's `.locks` that is locked for the trial.
  var lockPosition: Int { Int(description.prefix(15), radix: 16) ?? 0 }
}

extension RecordReader {
  func trialHash(_ key: String) throws -> TrialHash {
    try member(key).trialHash()
  }

  func trialHash() throws -> TrialHash {
    try value(expecting: "\(TrialHash.digits) hexadecimal digits") {
      $0.string.flatMap(TrialHash.init)
    }
  }
}
