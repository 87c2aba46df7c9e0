import NNExp
import Testing

@testable import Tracking

@Suite struct EventFileTests {
  /// RFC 3720, appendix B.4: the checksum of 32 zeros, of 32 ones, and of 0 to 31.
  @Test func `checksums are those of the standard`() {
    func unmasked(_ bytes: [UInt8]) -> UInt32 {
      let rotated = CRC32C.masked(bytes) &- 0xA282_EAD8
      return rotated << 15 | rotated >> 17
    }
    #expect(unmasked([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(unmasked([UInt8](repeating: 255, count: 32)) == 0x62A8_AB43)
    #expect(unmasked(Array(0..<32)) == 0x46DD_794E)
  }

  /// A file with the rows of the epochs 1 to 5 and an image, as a complete run leaves it.
  private func file() -> (bytes: [UInt8], ends: [Int]) {
    var bytes = Event.version(time: 1)
    var ends = [bytes.count]
    for epoch in 1...5 {
      var event = Event(epoch: epoch, time: Double(epoch))
      event.add("train_loss", 1 / Double(epoch))
      event.add("hidden.weight", histogramOf: [1, 2, .nan, 4])
      bytes += event.record
      ends.append(bytes.count)
    }
    var event = Event(epoch: 5, time: 6)
    event.add("confusion_test", 1)
    return (bytes + event.record, ends)
  }

  @Test func `a resumed run keeps the events of the epochs before it`() {
    let (bytes, ends) = file()
    for last in 0...6 {
      let kept = EventFile.kept(bytes, through: last)
      #expect(kept.length == ends[min(last, 5)], "\(last)")
      #expect(kept.epochs == Set(1...5).filter { $0 <= last })
    }
    #expect(EventFile.kept(bytes, through: -1).length == 0)
  }

  @Test func `a file that was cut or damaged keeps its whole records`() {
    let (bytes, ends) = file()
    for length in 0...bytes.count {
      let kept = EventFile.kept(Array(bytes[..<length]), through: 9)
      #expect(kept.length == ends.last { $0 <= length } ?? 0)
    }
    for index in stride(from: 0, to: bytes.count, by: 11) {
      var damaged = bytes
      damaged[index] ^= 0x10
      let kept = EventFile.kept(damaged, through: 9).length
      #expect(kept == ends.last { $0 <= index } ?? 0, "\(index)")
    }
  }

  @Test func `a record that declares a huge length is not read`() {
    let length: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
    let checksum = CRC32C.masked(length)
    let bytes = length + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
    let kept = EventFile.kept(bytes + [UInt8](repeating: 0, count: 20), through: 9)
    #expect(kept.length == 0)
  }

  @Test func `the fields of a message are read as they were written`() {
    var message = ProtocolBuffer()
    message.varint(1, .max)
    message.double(2, -0.5)
    message.text(19, "β")
    var fields = ProtocolBufferFields(message.bytes[...])
    guard case (1, .number(.max))? = fields.next(),
      case (2, .number(let bits))? = fields.next(), Double(bitPattern: bits) == -0.5,
      case (19, .bytes(let text))? = fields.next(), String(decoding: text, as: UTF8.self) == "β"
    else {
      Issue.record("\(message.bytes)")
      return
    }
    #expect(fields.next() == nil)
  }
}
