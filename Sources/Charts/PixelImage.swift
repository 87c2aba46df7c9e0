import Files

/// An image of pixels, such as a sample of the data or the weights of a filter.
public struct PixelImage: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// The gray levels, row by row, or red, green and blue of each pixel.
  private let bytes: [UInt8]
  private let isColored: Bool

  /// The maximum number of rows and columns; larger images keep every n-th pixel.
  private static let mostPixels = 128

  /// Draws planes of numbers: one as gray levels, three as red, green and blue.
  ///
  /// - Parameters:
  ///   - values: plane by plane, row by row; what is not finite is black.
  ///   - domain: the values of black and white; nil takes the lowest and the highest.
  /// - Returns: nil unless there are one or three planes with pixels.
  public init?(
    _ values: [Double], planes: Int, rows: Int, columns: Int, domain: ClosedRange<Double>? = nil
  ) {
    guard planes == 1 || planes == 3, rows > 0, columns > 0,
      values.count == planes * rows * columns
    else { return nil }
    let finite = values.filter(\.isFinite)
    let low = domain?.lowerBound ?? finite.min() ?? 0
    let high = domain?.upperBound ?? finite.max() ?? 1
    let step = (max(rows, columns) + Self.mostPixels - 1) / Self.mostPixels
    let chosenRows = Array(stride(from: 0, to: rows, by: step))
    let chosenColumns = Array(stride(from: 0, to: columns, by: step))
    var bytes: [UInt8] = []
    for row in chosenRows {
      for column in chosenColumns {
        for plane in 0..<planes {
          let value = values[(plane * rows + row) * columns + column]
          let share = high > low ? (value - low) / (high - low) : 0.5
          bytes.append(value.isFinite ? UInt8((min(max(share, 0), 1) * 255).rounded()) : 0)
        }
      }
    }
    (self.rows, self.columns) = (chosenRows.count, chosenColumns.count)
    (self.bytes, isColored) = (bytes, planes == 3)
  }

  /// The image as a PNG file, without compression: images of this kind are small.
  public var png: [UInt8] {
    var lines: [UInt8] = []
    let width = columns * (isColored ? 3 : 1)
    for row in 0..<rows { lines += [0] + bytes[row * width..<(row + 1) * width] }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += Self.chunk(
      "IHDR", Self.bigEndian(columns) + Self.bigEndian(rows) + [8, isColored ? 2 : 0, 0, 0, 0])
    file += Self.chunk("IDAT", Self.stored(lines))
    return file + Self.chunk("IEND", [])
  }

  /// The image for the attribute `src` of a page.
  public var dataURI: String { "data:image/png;base64," + Self.base64(png) }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    var checksum = CRC32()
    checksum.update(body)
    return bigEndian(data.count) + body + bigEndian(Int(checksum.value))
  }

  /// A zlib stream of stored blocks.
  private static func stored(_ data: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let count = min(65_535, data.count - start)
      let isLast = start + count == data.count
      let (low, high) = (UInt8(count & 0xFF), UInt8(count >> 8))
      stream += [isLast ? 1 : 0, low, high, ~low, ~high] + data[start..<start + count]
      start += count
    } while start < data.count
    var (a, b): (Int, Int) = (1, 0)
    for byte in data {
      a = (a + Int(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return stream + bigEndian(b << 16 | a)
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for index in 0..<4 {
        text.append(
          index <= part.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
