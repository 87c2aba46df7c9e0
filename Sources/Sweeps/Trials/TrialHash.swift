import Files
import Results

/// Names a trial and its folder: the first 32 digits of a hash of everything that decides
/// its results. Nothing but a hash, such as a path, can be one.
public struct TrialHash: Hashable, Sendable, CustomStringConvertible {
  public static let digits = 32

  public let description: String

  /// nil unless the text is 32 lower-case hexadecimal digits.
  public init?(_ text: String) {
    guard isHash(text, digits: TrialHash.digits) else { return nil }
    description = text
  }

  /// - Parameters:
  ///   - configuration: the SHA-256 of the experiment with every default.
  ///   - files: those of its data files and plugins, in the order in which it reads them.
  init(configuration: String, files: [FileHash]) {
    let text = ([configuration] + files.map(\.sha256)).joined(separator: "\n")
    let hash = files.isEmpty ? configuration : SHA256.hex(of: Array(text.utf8))
    description = String(hash.prefix(TrialHash.digits))
  }

  /// The byte of a sweep's `.locks` that stands for the trial.
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
