internal import CZlib
import NNExp

/// The format around deflated bytes.
enum Wrapping: Int32 {
  /// No header: a member of a zip archive.
  case none = -15
  /// The gzip format with its checksum, which zlib verifies; several members can follow each
  /// other.
  case gzip = 31
}

/// The largest ratio of the unpacked size to the compressed size in the deflate format.
/// - Source: zlib's technical notes, "Maximum Compression Factor".
let mostInflation = 1032

/// Unpacks deflated bytes and stops after `limit` bytes. The memory grows with the unpacked
/// bytes, not with `limit`.
func inflate(_ bytes: [UInt8], from start: Int = 0, _ wrapping: Wrapping, limit: Int) throws
  -> [UInt8]
{
  var stream = z_stream()
  guard
    inflateInit2_(
      &stream, wrapping.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  else { throw Diagnostic("no memory to decompress", failure: .environment) }
  defer { inflateEnd(&stream) }

  var output: [UInt8] = []
  var position = start
  var isAtEnd = false
  while !isAtEnd, output.count < limit {
    let room = min(limit - output.count, max(4096, min(output.count, 1 << 26)))
    let given = min(bytes.count - position, Int(UInt32.max))
    var status: Int32 = Z_OK
    let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      bytes.withUnsafeBufferPointer { input in
        // zlib only reads the input, but its C type lacks the const.
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + position })
        stream.avail_in = UInt32(given)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(room)
        status = CZlib.inflate(&stream, Z_NO_FLUSH)
      }
      count = room - Int(stream.avail_out)
    }
    output += piece
    let taken = given - Int(stream.avail_in)
    position += taken
    switch status {
    case Z_STREAM_END:
      if wrapping == .gzip, position < bytes.count {
        inflateReset(&stream)
      } else {
        isAtEnd = true
      }
    case Z_OK where taken > 0 || !piece.isEmpty:
      continue
    case Z_OK, Z_BUF_ERROR:
      throw Diagnostic("the compressed data end too early")
    case Z_MEM_ERROR:
      throw Diagnostic("no memory to decompress", failure: .environment)
    default:
      let reason = stream.msg.map { String(cString: $0) } ?? "error \(status)"
      throw Diagnostic("the compressed data are damaged: \(reason)")
    }
  }
  return output
}
