/// `timing.csv`, the only CSV file with clock times: `epoch,seconds,samples_per_second`, one
/// row per recorded epoch.
public final class TimingWriter {
  public static let file = "timing.csv"

  private static let columns = ["epoch", "seconds", "samples_per_second"]

  private let csv: CSVWriter

  public init(in run: RunDirectory) throws {
    csv = try CSVWriter(TimingWriter.file, columns: TimingWriter.columns, in: run)
  }

  /// See `CSVWriter.init(continuing:)`.
  public init(continuing length: Int, checksum: Int, in run: RunDirectory) throws {
    csv = try CSVWriter(
      continuing: TimingWriter.file, columns: TimingWriter.columns, length: length,
      checksum: checksum, in: run)
  }

  public var length: Int { csv.length }
  public var checksum: Int { csv.checksum }

  public func cut() throws { try csv.cut() }

  /// Appends a row for an epoch that took `seconds` for `samples`. The rate is an integer; it
  /// is empty if the clock did not advance.
  public func append(epoch: Int, seconds: Double, samples: Int) throws {
    let rate = Double(samples) / seconds
    try csv.append([
      .int(epoch), .number(seconds), rate.isFinite ? .number(rate.rounded()) : .empty,
    ])
  }

  public func synchronize() throws { try csv.synchronize() }

  public func flush() throws { try csv.flush() }
}
