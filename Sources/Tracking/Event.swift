public import Charts

/// An event of TensorBoard: values of one epoch.
///
/// The values are in the fields that every version of TensorBoard reads: `simple_value`, `histo`
/// and `image`. Source: `event.proto` and `summary.proto` of TensorFlow.
public struct Event {
  /// The clock time in seconds since 1970.
  let time: Double
  public let epoch: Int
  private var values: [ProtocolBuffer] = []

  public init(epoch: Int, time: Double) {
    self.epoch = epoch
    self.time = time
  }

  /// True if no value was added.
  public var isEmpty: Bool { values.isEmpty }

  public mutating func add(_ tag: String, _ value: Double) {
    add(tag) { $0.float(2, Float(value)) }
  }

  /// Adds the distribution of numbers in 30 intervals of equal width. Numbers that are not finite
  /// are left out.
  public mutating func add(_ tag: String, histogramOf numbers: [Double]) {
    let finite = numbers.filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max() else { return }
    let bins = 30
    let width = (most - least) / Double(bins)
    var counts = [Double](repeating: 0, count: bins)
    for number in finite {
      let bin = width > 0 ? Int(((number - least) / width).rounded(.down)) : 0
      counts[max(0, min(bin, bins - 1))] += 1
    }
    let bounds = (1...bins).map { $0 == bins ? most : least + Double($0) * width }
    add(tag) { value in
      value.message(5) { histogram in
        histogram.double(1, least)
        histogram.double(2, most)
        histogram.double(3, Double(finite.count))
        histogram.double(4, finite.reduce(0, +))
        histogram.double(5, finite.reduce(0) { $0 + $1 * $1 })
        histogram.doubles(6, bounds)
        histogram.doubles(7, counts)
      }
    }
  }

  public mutating func add(_ tag: String, _ image: PixelImage) {
    add(tag) { value in
      value.message(4) { message in
        message.varint(1, UInt64(image.rows))
        message.varint(2, UInt64(image.columns))
        message.varint(3, 3)
        message.bytes(4, image.png)
      }
    }
  }

  /// Adds a value of a plugin of TensorBoard, which is in the value's metadata.
  mutating func add(_ tag: String, plugin: String, _ content: [UInt8]) {
    add(tag) { value in
      value.message(9) { metadata in
        metadata.message(1) { data in
          data.text(1, plugin)
          data.bytes(2, content)
        }
      }
      // A tensor of no numbers; the reader expects a value.
      value.message(8) { $0.varint(1, 1) }
    }
  }

  private mutating func add(_ tag: String, _ build: (inout ProtocolBuffer) -> Void) {
    var value = ProtocolBuffer()
    value.text(1, tag)
    build(&value)
    values.append(value)
  }

  /// The event's record in a file.
  public var record: [UInt8] {
    var event = ProtocolBuffer()
    event.double(1, time)
    event.varint(2, UInt64(epoch))
    event.message(5) { summary in
      for value in values { summary.bytes(1, value.bytes) }
    }
    return EventFile.record(event.bytes)
  }

  /// The first record of every event file.
  public static func version(time: Double) -> [UInt8] {
    var event = ProtocolBuffer()
    event.double(1, time)
    event.text(3, "brain.Event:2")
    return EventFile.record(event.bytes)
  }
}
