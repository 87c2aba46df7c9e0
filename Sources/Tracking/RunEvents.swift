import Files
import NNExp
import Platform
public import Results

/// The events of a recorded run: the rows of metrics.csv, the weights of its checkpoints, and its
/// confusion matrices.
public struct RunEvents {
  private let directory: RunDirectory

  public init(_ directory: RunDirectory) { self.directory = directory }

  /// The bytes of the event file of a run.
  public func file() throws -> [UInt8] {
    let times = try RunTimes(directory)
    var bytes = Event.version(time: times.start)
    let weights = try checkpoints()
    for event in try rows() {
      var event = event
      for (tag, numbers) in weights[event.epoch] ?? [] { event.add(tag, histogramOf: numbers) }
      if !event.isEmpty { bytes += event.record }
    }
    return bytes + (try images()?.record ?? [])
  }

  /// An event per row of metrics.csv, with every measured value.
  public func rows() throws -> [Event] {
    let file = "metrics.csv"
    let bytes = try directory.readIfThere(file) ?? []
    if bytes.isEmpty { return [] }
    let table = try CSVTable(bytes, path: directory.folder.path(of: file), isGrowing: true)
    guard let index = table.index(of: MetricColumn.epoch.name) else { return [] }
    let times = try RunTimes(directory)
    return table.rows.compactMap { row in
      guard let epoch = row[index].flatMap({ Int(exactly: $0) }) else { return nil }
      var event = Event(epoch: epoch, time: times[epoch])
      for (column, value) in zip(table.columns, row) {
        guard let value, column != MetricColumn.epoch.name, column != MetricColumn.step.name else {
          continue
        }
        event.add(column, value)
      }
      return event
    }
  }

  /// The weights of the run by epoch and name.
  private func checkpoints() throws -> [Int: [(tag: String, numbers: [Double])]] {
    var weights: [Int: [(tag: String, numbers: [Double])]] = [:]
    for generation in [Checkpoint.Generation.last, .best] {
      guard let checkpoint = try directory.checkpoint(generation)?.checkpoint,
        let epoch = checkpoint.info["epoch"]?.int
      else { continue }
      weights[epoch] = checkpoint.tensors.map { tensor in
        let numbers: [Double]? =
          tensor.dtype == .float32
          ? tensor.values(as: Float.self)?.map(Double.init) : tensor.values(as: Double.self)
        return (tensor.name, numbers ?? [])
      }
    }
    return weights
  }

  /// The confusion matrices of the delivered weights; nil if there are none.
  ///
  /// - Parameter epoch: the step of the event; nil for the epoch of the newest row.
  public func images(epoch: Int? = nil) throws -> Event? {
    let times = try RunTimes(directory)
    let last = try epoch ?? rows().last?.epoch ?? 0
    var event = Event(epoch: last, time: times[last])
    for file in try directory.folder.entriesInUTF8().sorted()
    where file.hasPrefix(EventFile.imagePrefix) && file.hasSuffix(".csv") {
      let bytes = try directory.read(file)
      guard let drawn = try ConfusionImage(bytes, path: directory.folder.path(of: file)) else {
        continue
      }
      event.add(String(file.dropLast(4)), drawn.image)
    }
    return event.isEmpty ? nil : event
  }
}

/// The clock times of a run's rows in seconds since 1970, from the run's start and the durations in
/// timing.csv.
public struct RunTimes {
  public let start: Double
  private var ends: [Int: Double] = [:]
  /// The time of the newest row.
  public private(set) var end: Double

  public init(_ directory: RunDirectory) throws {
    // A run that continues another one has rows before it has a record.
    let isRecorded = try directory.readIfThere(RunRecord.file) != nil
    let started = isRecorded ? RunTimes.seconds(try RunRecord(of: directory).started) : nil
    start = started ?? secondsSince1970()
    end = start
    let file = TimingWriter.file
    guard let bytes = try directory.readIfThere(file), !bytes.isEmpty else { return }
    let table = try CSVTable(bytes, path: directory.folder.path(of: file), isGrowing: true)
    guard let epoch = table.index(of: "epoch"), let seconds = table.index(of: "seconds") else {
      return
    }
    for row in table.rows {
      end += row[seconds] ?? 0
      if let epoch = row[epoch].flatMap({ Int(exactly: $0) }) { ends[epoch] = end }
    }
  }

  /// The time at which an epoch ended.
  public subscript(epoch: Int) -> Double { ends[epoch] ?? end }

  /// The seconds since 1970 of a time such as `2025-11-21T04:18:09Z`.
  static func seconds(_ text: String) -> Double? {
    let numbers = text.split { !("0"..."9").contains($0) }.compactMap { Int32($0) }
    guard numbers.count == 6 else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    return Double(timegm(&parts))
  }
}

/// The clock time in seconds since 1970.
public func secondsSince1970() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
