/// An event file of TensorBoard: records with checksums, each an event with a time and a step.
///
///     offset  bytes
///     0       8      n, the length of the event, little-endian
///     8       4      the masked CRC-32C of these 8 bytes
///     12      n      the event, a message of Protocol Buffers
///     12+n    4      the masked CRC-32C of the event
///
/// Source: `record_writer.cc` and `event.proto` of TensorFlow.
public enum EventFile {
  /// The file in a run's folder. TensorBoard reads files whose name contains `tfevents`.
  public static let name = "events.out.tfevents.nnexp"

  /// The file with the parameters of a sweep, in the folders of the sweep and of its trials.
  public static let parametersName = "events.out.tfevents.nnexp-parameters"

  /// The beginning of the tags of images, which a run writes only at its end.
  static let imagePrefix = "confusion_"

  /// The record of an event.
  static func record(_ event: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(event.count), 8)
    return length + littleEndian(UInt64(CRC32C.masked(length)), 4) + event
      + littleEndian(UInt64(CRC32C.masked(event)), 4)
  }

  private static func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  /// The length of the part of a file that a run resumed after the epoch `last` keeps, and the
  /// epochs in it. The run writes all later events again.
  public static func kept(_ file: [UInt8], through last: Int) -> (length: Int, epochs: Set<Int>) {
    var start = 0
    var epochs: Set<Int> = []
    while let event = event(in: file, at: start) {
      let (step, tag) = stepAndTag(of: event)
      if step > last || tag?.hasPrefix(imagePrefix) == true { break }
      if tag != nil { epochs.insert(step) }
      start = event.endIndex + 4
    }
    return (start, epochs)
  }

  /// The event whose record begins at an offset; nil if no whole record does.
  private static func event(in file: [UInt8], at start: Int) -> ArraySlice<UInt8>? {
    guard file.count - start >= 16 else { return nil }
    let length = file[start..<start + 8]
    guard littleEndianNumber(file[start + 8..<start + 12]) == UInt64(CRC32C.masked(length)),
      let count = Int(exactly: littleEndianNumber(length)), count <= file.count - start - 16
    else { return nil }
    let event = file[start + 12..<start + 12 + count]
    let checksum = file[event.endIndex..<event.endIndex + 4]
    return littleEndianNumber(checksum) == UInt64(CRC32C.masked(event)) ? event : nil
  }

  /// The step of an event, and the tag of its first value; nil for an event without values.
  private static func stepAndTag(of event: ArraySlice<UInt8>) -> (step: Int, tag: String?) {
    var step = 0
    var tag: String?
    for case (let field, let value) in ProtocolBufferFields(event) {
      switch (field, value) {
      case (2, .number(let number)): step = Int(truncatingIfNeeded: number)
      case (5, .bytes(let summary)):
        guard let value = first(1, of: summary), let name = first(1, of: value) else { continue }
        tag = String(decoding: name, as: UTF8.self)
      default: break
      }
    }
    return (step, tag)
  }

  private static func first(_ field: Int, of message: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    for case (field, .bytes(let bytes)) in ProtocolBufferFields(message) { return bytes }
    return nil
  }
}
