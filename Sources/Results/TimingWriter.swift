/// `timing.csv`, the one CSV file with a clock in it: `epoch,seconds,
/// samples_per_second`, a row an epoch.
public final class TimingWriter {
  public static let file = "timing.csv"

  private let csv: CSVWriter

  public init(in run: RunDirectory) throws {
    csv = try CSVWriter(
      TimingWriter.file, columns: ["epoch", "seconds", "samples_per_second"], in: run)
  }

  /// Appends an epoch that took `seconds` for `samples`. The rate is a whole
  /// number, and empty where the clock saw no time pass.
  public func append(epoch: Int, seconds: Double, samples: Int) throws {
    let rate = Double(samples) / seconds
    try csv.append([
      .int(epoch), .number(seconds), rate.isFinite ? .number(rate.rounded()) : .empty,
    ])
  }

  public func flush() throws { try csv.flush() }
}
