import Foundation
import TestSupport
import Testing

@testable import Datasets

/// All errors in array files, with their whole messages.
@Suite struct ArrayErrorTests {
  static let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1]

  /// Loads `file` as the inputs, with two valid labels. Returns the first line of the message
  /// without its location.
  func idx(_ file: [UInt8], _ name: String = "x.idx") throws -> String {
    let folder = try TestFolder([name: file, "t.idx": ArrayErrorTests.labels])
    let message = folder.errors("idx: {inputs: \(name), targets: t.idx}")
    let location = "test.yaml:1:15: error: '\(name)': "
    let tail = "\n    idx: {inputs: \(name), targets: t.idx}\n                  ^"
    guard message.hasPrefix(location), message.hasSuffix(tail) else { return message }
    return String(message.dropFirst(location.count).dropLast(tail.count))
  }

  func npy(header: String, _ data: [UInt8] = [], version: UInt8 = 1) -> String {
    let length = header.utf8.count
    let size: [UInt8] =
      version == 1
      ? [UInt8(length & 255), UInt8(length >> 8)] : [UInt8(length & 255), UInt8(length >> 8), 0, 0]
    return npy([0x93] + Array("NUMPY".utf8) + [version, 0] + size + Array(header.utf8) + data)
  }

  func npy(_ file: [UInt8]) -> String {
    errorText { try readNPY(file) }.replacing("error: ", with: "")
  }

  func header(_ descr: String, _ shape: String) -> String {
    "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(shape), }\n"
  }

  // MARK: IDX

  @Test func wrongIDXHeadersAreReported() throws {
    #expect(try idx([]) == "expected an IDX header of at least 4 bytes, found 0")
    #expect(try idx([0, 0, 8]) == "expected an IDX header of at least 4 bytes, found 3")
    #expect(
      try idx([0x89, 0x50, 8, 1])
        == "expected IDX, which begins with the bytes 00 00, found 89 50")
    #expect(
      try idx([0, 0, 7, 1, 0, 0, 0, 0])
        == "unknown IDX type 07; known: 08, 09, 0b, 0c, 0d, 0e")
    #expect(try idx([0, 0, 8, 0]) == "the array has no axes; the first is the samples'")
    #expect(try idx([0, 0, 8, 2, 0, 0, 0, 1, 0]) == "the header ends after 9 bytes of 12")
  }

  @Test func wrongIDXSizesAreReported() throws {
    let huge = [UInt8](repeating: 0xFF, count: 12)
    #expect(
      try idx([0, 0, 8, 3] + huge)
        == "the extents [4294967295, 4294967295, 4294967295] are larger than any file")
    #expect(
      try idx([0, 0, 8, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 4, 0, 1, 2])
        == "truncated: the extents [4294967295, 1024] need 4398046510092 bytes, found 14")
    #expect(
      try idx([0, 0, 8, 1, 0, 0, 0, 2, 5])
        == "truncated: the extents [2] need 10 bytes, found 9")
    #expect(
      try idx([0, 0, 8, 1, 0, 0, 0, 2, 5, 6, 7]) == "the extents [2] need 10 bytes, found 11")
  }

  /// Found by fuzzing: a 0 hid the overflow of the following extents.
  @Test func extentsThatOverflowBesideAZeroAreReported() throws {
    let huge = [UInt8](repeating: 0xFF, count: 12)
    #expect(
      try idx([0, 0, 8, 4, 0, 0, 0, 0] + huge)
        == "the extents [0, 4294967295, 4294967295, 4294967295] are larger than any file")
    #expect(
      npy(header: header("<f4", "(0, 4294967296, 4294967296)"))
        == "the shape [0, 4294967296, 4294967296] is larger than any file")
  }

  /// Such samples take no space in a file, regardless of their number; none is read.
  @Test func samplesWithoutNumbersAreReportedAsEmpty() throws {
    let folder = try TestFolder(["x.npy": hollow])
    let message = folder.errors("npy: {inputs: x.npy, targets: x.npy}")
    #expect(message.contains("'x.npy' is empty: its shape is [1099511627776, 0]"), "\(message)")
  }

  private var hollow: [UInt8] {
    let text = header("<f4", "(1099511627776, 0)")
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
  }

  @Test func differentCountsOfInputsAndTargetsAreReported() throws {
    let folder = try TestFolder([
      "x.idx": [0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7], "t.idx": ArrayErrorTests.labels,
      "none.idx": [0, 0, 8, 1, 0, 0, 0, 0],
    ])
    #expect(
      folder.errors("idx: {inputs: x.idx, targets: t.idx}") == """
        test.yaml:1:15: error: 'x.idx' holds 3 samples, but 't.idx' holds 2
            idx: {inputs: x.idx, targets: t.idx}
                          ^
        """)
    #expect(
      folder.errors("idx: {inputs: none.idx, targets: none.idx}") == """
        test.yaml:1:15: error: 'none.idx' is empty: its shape is [0]
            idx: {inputs: none.idx, targets: none.idx}
                          ^
        """)
  }

  @Test func damagedGzipDataAreReported() throws {
    let fixtures = try Fixtures<[ArrayFixture]>.read("idx")
    let packed = Array(fixtures.first { $0.name == "u1 [3, 2, 2].gz" }!.bytes)
    #expect(try idx(Array(packed.dropLast(9))) == "the compressed data end too early")
    #expect(
      try idx(Array(packed.prefix(10))) == "the compressed data end too early")
    var flipped = packed
    flipped[flipped.count - 6] ^= 1  // the checksum
    #expect(try idx(flipped) == "the compressed data are damaged: incorrect data check")
    // A decompression bomb of 39 bytes: the file cannot contain its extents.
    let folder = try TestFolder([:] as [String: [UInt8]])
    let bomb = try gzipped([0, 0, 8, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 4, 0, 1], in: folder)
    #expect(
      try idx(bomb)
        == "the extents [4294967295, 1024] need 4398046510092 bytes, more than \(bomb.count) "
        + "compressed bytes can contain")
    let long = try gzipped([0, 0, 8, 1, 0, 0, 0, 2, 5, 6, 7], in: folder)
    #expect(try idx(long) == "the extents [2] need 10 bytes, found more")
  }

  /// Compresses bytes with gzip.
  func gzipped(_ bytes: [UInt8], in folder: TestFolder) throws -> [UInt8] {
    try folder.write(bytes, to: "plain")
    let end = try runCommand("/usr/bin/env", ["gzip", "-nf", folder.path + "/plain"])
    try #require(end.code == 0, "\(end.errors)")
    return Array(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/plain.gz")))
  }

  // MARK: NPY

  @Test func wrongNPYHeadersAreReported() throws {
    #expect(
      npy(Array("hello, world".utf8))
        == "expected NPY, which begins with 93 NUMPY, found the bytes 68 65 6c 6c 6f 2c")
    #expect(npy([0x93] + Array("NUMPY".utf8) + [1, 0]) == "the header ends after 8 bytes")
    #expect(
      npy([0x93] + Array("NUMPY".utf8) + [4, 0, 0, 0, 0, 0])
        == "unknown NPY version 4.0; known: 1.0, 2.0, 3.0")
    #expect(
      npy([0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF] + Array("{}".utf8))
        == "the header has a length of 4294967295 bytes, but only 2 bytes follow")
    #expect(
      npy(header: "{}") == """
        the header is not NPY's: found a key missing of descr, fortran_order, shape at byte 2
        """)
    #expect(npy(header: "{'descr': ") == "the header is not NPY's: found its end at byte 10")
    #expect(
      npy(header: "{'descr': '<f8', 'descr': '<f8'}")
        == "the header is not NPY's: found a key that appears twice at byte 25")
    #expect(
      npy(header: "{'shape': (3, -1)}")
        == "the header is not NPY's: found '', not an extent, at byte 14")
    #expect(
      npy(header: "{'shape': (99999999999999999999,)}")
        == "the header is not NPY's: found '99999999999999999999', not an extent, at byte 31")
  }

  @Test func unsupportedNPYTypesAreReported() throws {
    #expect(
      npy(header: header("|O", "(2,)"), [0])
        == "the array holds Python objects ('|O'); save it with a number's dtype")
    #expect(
      npy(header: header("<U4", "(2,)"))
        == "unsupported dtype '<U4'; known: b1, i1 to i8, u1 to u8, f2, f4, f8 of either byte order"
    )
    #expect(
      npy(header: "{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (2,)}")
        == "structured dtypes are not supported; save each field as its own array")
  }

  @Test func wrongNPYSizesAreReported() throws {
    #expect(
      npy(header: header("<f8", "(1099511627776, 1048576, 1048576)"))
        == "the shape [1099511627776, 1048576, 1048576] is larger than any file")
    #expect(
      npy(header: header("<f8", "(1099511627776,)"), [1, 2])
        == "the shape [1099511627776] of '<f8' needs 8796093022208 bytes, "
        + "but 2 follow the header")
    #expect(
      npy(header: header("|u1", "(2,)"), [1, 2, 3])
        == "the shape [2] of '|u1' needs 2 bytes, but 3 follow the header")
    #expect(
      npy(header: header("|u1", "()"), [1])
        == "the array is a single number; its first axis must be the samples'")
  }

  @Test func aNumberThatIsNotFiniteIsReportedWithItsIndex() throws {
    let nan = (0..<8).map { UInt8(truncatingIfNeeded: Double.nan.bitPattern >> (8 * UInt64($0))) }
    let zero = [UInt8](repeating: 0, count: 8)
    let text = header("<f8", "(2, 2, 1)")
    let file =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + zero
      + zero + zero + nan
    let folder = try TestFolder(["x.npy": file])
    #expect(
      folder.errors("npy: {inputs: x.npy, targets: x.npy}") == """
        test.yaml:1:15: error: 'x.npy' holds nan at [1, 1, 0]
            npy: {inputs: x.npy, targets: x.npy}
                          ^
        """)
  }

  // MARK: NPZ

  @Test func wrongNPZArchivesAreReported() throws {
    let fixtures = try Fixtures<[ArrayFixture]>.read("npz")
    let good = Array(fixtures[0].bytes)
    let folder = try TestFolder(["a.npz": good])
    #expect(
      folder.errors("npz: {path: a.npz, inputs: input}") == """
        test.yaml:1:28: error: 'a.npz': no array 'input'; did you mean 'inputs'?
            npz: {path: a.npz, inputs: input}
                                       ^
        note: arrays: inputs, targets
        """)
    func errors(_ bytes: [UInt8]) throws -> String {
      try folder.write(bytes, to: "a.npz")
      return folder.errors("npz: a.npz")
        .replacing("test.yaml:1:6: error: 'a.npz': ", with: "")
        .replacing("\n    npz: a.npz\n         ^", with: "")
    }
    #expect(
      try errors(Array("{}  ".utf8))
        == "expected NPZ, a zip archive, which begins with PK, found the bytes 7b 7d 20 20")
    #expect(
      try errors(Array(good.dropLast(10)))
        == "the zip archive is truncated: its directory is missing")
    // The name is in the member's header and in the directory.
    var renamed = good
    for index in good.indices where good[index...].starts(with: "inputs.npy".utf8) {
      renamed[index] = 0xFF
    }
    #expect(
      try errors(renamed)
        == "the zip archive's member '\\xFFnputs.npy' has a name that is not UTF-8; give it another"
    )
    var flipped = good
    flipped[good.firstIndex(of: 0x93)! + 140] ^= 1
    #expect(try errors(flipped) == "'inputs.npy' is damaged: its checksum does not match")
  }
}
