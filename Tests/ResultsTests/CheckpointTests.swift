import Foundation
import NNExp
import TestSupport
import Testing

@testable import Files
@testable import Results

private let small = Checkpoint(
  info: ["epoch": 3, "step": 12, "loss": 0.1],
  tensors: [
    .init("hidden.weight", shape: [2, 2], values: [1, -2, 0.5, .infinity] as [Float]),
    .init("sgd.momentum", values: [0.1, -.nan] as [Double]),
    .init(name: "nothing", dtype: .uint8, shape: [0, 5], bytes: []),
    .init(name: "one", dtype: .int64, shape: [], bytes: [1, 2, 3, 4, 5, 6, 7, 8]),
  ])

private let file = "results/xor/run-0001/checkpoints/state.nnx"

// MARK: The format

@Test func aCheckpointDescribesItsTensors() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try Checkpoint(
    info: ["epoch": 1], tensors: [.init("w", shape: [2], values: [1, -2] as [Float])]
  ).save(in: run)
  let header = """
    {
      "info": {
        "epoch": 1
      },
      "tensors": [
        {
          "name": "w",
          "dtype": "float32",
          "shape": [2],
          "offset": 0,
          "bytes": 8
        }
      ]
    }
    """
  let padding = String(repeating: " ", count: 176 - header.utf8.count)
  var expected: [UInt8] = [0x89, 0x4E, 0x4E, 0x58, 0x0D, 0x0A, 0x1A, 0x0A]
  expected += [1, 0, 0, 0, 176, 0, 0, 0] + Array((header + padding).utf8)
  expected += [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]
  expected += checksum(of: expected)
  #expect(scratch.bytes(file) == expected)
  #expect(expected.count == 192 + 8 + 4)
}

@Test func aSavedCheckpointReadsBack() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  for checkpoint in [small, Checkpoint(info: [:], tensors: []), Checkpoint(info: nil, tensors: [])]
  {
    try checkpoint.save(in: run)
    #expect(try Checkpoint(from: "checkpoints/state.nnx", in: run) == checkpoint)
  }
}

@Test func numbersKeepEveryBit() throws {
  let doubles: [Double] = [0, -0.0, .nan, -.nan, .leastNonzeroMagnitude, .infinity, .pi]
  let floats: [Float] = [0, -0.0, .nan, .leastNonzeroMagnitude, -.infinity, .pi]
  let a = Checkpoint.Stored("a", values: doubles)
  #expect(a.values(as: Double.self)?.map(\.bitPattern) == doubles.map(\.bitPattern))
  #expect(a.values(as: Float.self) == nil)
  let b = Checkpoint.Stored("b", shape: [2, 3], values: floats)
  #expect(b.values(as: Float.self)?.map(\.bitPattern) == floats.map(\.bitPattern))
  #expect(b.shape == [2, 3])
}

@Test func tensorsAreRestoredIfTypeAndShapeAgree() throws {
  func withTensor<S: Scalar>(_ values: [S], _ shape: Shape, _ body: (Tensor<S>) throws -> Void)
    rethrows -> [S]
  {
    var values = values
    try values.withUnsafeMutableBufferPointer {
      try body(Tensor(start: $0.baseAddress!, count: $0.count, shape: shape))
    }
    return values
  }
  var saved: Checkpoint.Stored?
  _ = withTensor([1, 2, 3, 4, 5, 6] as [Float], [2, 3]) { saved = .init("dense.weight", $0) }
  let stored = try #require(saved)
  #expect(stored == .init("dense.weight", shape: [2, 3], values: [1, 2, 3, 4, 5, 6] as [Float]))
  let restored = try withTensor([Float](repeating: 0, count: 6), [2, 3]) { try stored.copy(to: $0) }
  #expect(restored == [1, 2, 3, 4, 5, 6])
  let shape = thrown {
    try withTensor([Float](repeating: 0, count: 6), [3, 2]) { try stored.copy(to: $0) }
  }
  #expect(
    shape
      == "2 error: 'dense.weight' is float32 [2, 3] in the checkpoint, float32 [3, 2] in the model")
  let type = thrown {
    try withTensor([Double](repeating: 0, count: 6), [2, 3]) { try stored.copy(to: $0) }
  }
  #expect(
    type
      == "2 error: 'dense.weight' is float32 [2, 3] in the checkpoint, float64 [2, 3] in the model")
}

// MARK: Damage

@Test func everyFlippedByteIsDetected() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try small.save(in: run)
  let good = scratch.bytes(file)
  for offset in good.indices {
    var bad = good
    bad[offset] ^= 1 << UInt8(offset % 8)
    scratch.put(bad, in: file)
    #expect(
      thrown { try Checkpoint(from: "checkpoints/state.nnx", in: run) }.hasPrefix("3 error: "),
      "byte \(offset)")
  }
}

@Test func everyTruncationIsDetected() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try small.save(in: run)
  let good = scratch.bytes(file)
  for count in good.indices {
    scratch.put(Array(good[..<count]), in: file)
    #expect(
      thrown { try Checkpoint(from: "checkpoints/state.nnx", in: run) }.hasPrefix(
        "3 error: '\(run.path)/checkpoints/state.nnx' is damaged: "), "\(count) bytes")
  }
  scratch.put(good + [0], in: file)
  #expect(
    thrown(replacing: scratch.path) { try Checkpoint(from: "checkpoints/state.nnx", in: run) }
      == "3 error: '$/\(file)' is damaged: \(good.count + 1) bytes, but its header specifies \(good.count)"
  )
}

private func checksum(of bytes: [UInt8]) -> [UInt8] {
  var crc = CRC32()
  crc.update(bytes)
  return littleEndian(crc.value)
}

/// A file with this header and payload, and a correct checksum.
private func forged(_ header: String, _ payload: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
  let length = header.utf8.count
  var bytes: [UInt8] = [0x89, 0x4E, 0x4E, 0x58, 0x0D, 0x0A, 0x1A, 0x0A, version, 0, 0, 0]
  bytes +=
    (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + payload
  return bytes + checksum(of: bytes)
}

private func tensor(_ rest: String) -> String { #"{"info":{},"tensors":[{\#(rest)}]}"# }

@Test(
  arguments: [
    (forged("{}"), "is damaged: its header has no info or no tensors"),
    (forged("[1"), "is damaged: its header has expected ',' or ']', found the end of the text"),
    (forged(tensor(#""name":"w""#)), "is damaged: its header has an incomplete tensor"),
    (
      forged(tensor(#""name":"w","dtype":"float16","shape":[1],"offset":0,"bytes":2"#), [0, 0]),
      "is damaged: its header has an incomplete tensor"
    ),
    (
      forged(tensor(#""name":"w","dtype":"uint8","shape":[1.5],"offset":0,"bytes":1"#), [0]),
      "is damaged: its header has a wrong size for 'w'"
    ),
    (
      forged(tensor(#""name":"w","dtype":"uint8","shape":[-1],"offset":0,"bytes":-1"#)),
      "is damaged: its header has a wrong size for 'w'"
    ),
    (
      forged(tensor(#""name":"w","dtype":"uint8","shape":[-1,-1],"offset":0,"bytes":1"#), [0]),
      "is damaged: its header has a wrong size for 'w'"
    ),
    (
      forged(
        tensor(
          #""name":"w","dtype":"float64","shape":[4611686018427387904,4],"offset":0,"bytes":0"#)),
      "is damaged: its header has a wrong size for 'w'"
    ),
    (
      forged(tensor(#""name":"w","dtype":"uint8","shape":[1],"offset":1,"bytes":1"#), [0]),
      "is damaged: its header has a wrong offset for 'w'"
    ),
    (
      forged(
        tensor(
          #""name":"w","dtype":"uint8","shape":[1099511627776],"offset":0,"bytes":1099511627776"#)),
      "is damaged: 129 bytes, but its header specifies 1099511627905"
    ),
    (
      forged(
        tensor(
          #""name":"w","dtype":"uint8","shape":[9223372036854775807],"offset":0,"bytes":9223372036854775807"#
        )), "is damaged: 141 bytes, but its header specifies too many"
    ),
    (
      forged(
        #"{"info":{},"tensors":[{"name":"w","dtype":"uint8","shape":[0],"offset":0,"bytes":0},{"name":"w","dtype":"uint8","shape":[0],"offset":0,"bytes":0}]}"#
      ), "is damaged: its header has two tensors 'w'"
    ),
    (
      forged(#"{"info":{},"tensors":[]}"#, version: 2),
      "is of version 2; this nnexp reads version 1"
    ),
    (
      Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 60),
      "is damaged: it does not begin like a checkpoint"
    ),
    (
      [0x89, 0x4E, 0x4E, 0x58, 0x0D, 0x0A, 0x1A, 0x0A, 1, 0, 0, 0, 255, 255, 255, 255]
        + [UInt8](repeating: 0, count: 48),
      "is damaged: a header of 4294967295 bytes does not fit its 64"
    ),
    ([], "is damaged: it ends after 0 bytes"),
  ] as [([UInt8], String)])
func forgedCheckpointsAreRefused(_ bytes: [UInt8], _ fact: String) throws {
  let scratch = Scratch()
  let run = try scratch.run()
  scratch.put(bytes, in: file)
  #expect(
    thrown(replacing: scratch.path) { try Checkpoint(from: "checkpoints/state.nnx", in: run) }
      == "3 error: '$/\(file)' \(fact)")
}

@Test func aCheckpointLargerThanTheMemoryIsRefused() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  // A correct size, but of a sparse file: no file system stores that much.
  let size = 1 << 40
  let head = forged(
    tensor(#""name":"w","dtype":"uint8","shape":[\#(size)],"offset":0,"bytes":\#(size)"#)
  ).dropLast(4)
  scratch.put(Array(head), in: file)
  let handle = try #require(FileHandle(forWritingAtPath: scratch.path + "/" + file))
  try handle.truncate(atOffset: UInt64(head.count + size + 4))
  #expect(
    thrown(replacing: scratch.path) {
      try Checkpoint(from: "checkpoints/state.nnx", in: run, memory: 1 << 30)
    }
      == "3 error: '$/\(file)' holds 1099511627776 bytes of tensors, and the memory has room for 1073741824"
  )
  #expect(physicalMemory() > 1 << 28)
}

// MARK: Generations

private func numbered(_ epoch: Int) -> Checkpoint {
  Checkpoint(info: ["epoch": .int(epoch)], tensors: [.init("w", values: [Double(epoch)])])
}

private func checkpoints(_ scratch: Scratch) -> [String] {
  scratch.tree().filter { $0.contains("checkpoints/") }
    .map { String($0.dropFirst("results/xor/run-0001/checkpoints/".count).prefix { $0 != " " }) }
}

@Test func theLastTwoAndTheBestAreKept() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  #expect(try run.checkpoint(.state) == nil)
  #expect(try run.checkpoint(.best) == nil)
  try run.save(numbered(1), as: .state)
  #expect(checkpoints(scratch) == ["", "state.nnx"])
  try run.save(numbered(2), as: .state)
  try run.save(numbered(3), as: .state)
  try run.save(numbered(2), as: .best)
  try run.save(numbered(3), as: .best)
  #expect(checkpoints(scratch) == ["", "best.nnx", "state.nnx", "state.previous.nnx"])
  #expect(try run.checkpoint(.state)?.checkpoint == numbered(3))
  #expect(try run.checkpoint(.state)?.warning == nil)
  #expect(try run.checkpoint(.best)?.checkpoint == numbered(3))
  #expect(try Checkpoint(from: "checkpoints/state.previous.nnx", in: run) == numbered(2))
}

@Test func aDamagedCheckpointIsReplacedByTheOneBefore() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try run.save(numbered(1), as: .state)
  try run.save(numbered(2), as: .state)
  scratch.put("scratched", in: file)
  let found = try #require(try run.checkpoint(.state))
  #expect(found.checkpoint == numbered(1))
  #expect(
    found.warning?.description.replacingOccurrences(of: scratch.path, with: "$") == """
      warning: '$/\(file)' is damaged: it ends after 9 bytes
      note: the one before, '$/results/xor/run-0001/checkpoints/state.previous.nnx', is used
      """)
  scratch.put("", in: "results/xor/run-0001/checkpoints/state.previous.nnx")
  #expect(
    thrown(replacing: scratch.path) { try run.checkpoint(.state) == nil } == """
      3 error: '$/\(file)' is damaged: it ends after 9 bytes
      note: '$/results/xor/run-0001/checkpoints/state.previous.nnx' is damaged: it ends after 0 bytes
      """)
}

@Test func aDamagedCheckpointWithoutAnEarlierOneIsReported() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  scratch.put("scratched", in: file)
  scratch.put("scratched", in: "results/xor/run-0001/checkpoints/best.nnx")
  #expect(
    thrown(replacing: scratch.path) { try run.checkpoint(.state) == nil } == """
      3 error: '$/\(file)' is damaged: it ends after 9 bytes
      note: there is no earlier one
      """)
  #expect(
    thrown(replacing: scratch.path) { try run.checkpoint(.best) == nil }
      == "3 error: '$/results/xor/run-0001/checkpoints/best.nnx' is damaged: it ends after 9 bytes")
}

extension Checkpoint {
  fileprivate func save(in run: RunDirectory) throws { try run.save(self, as: .state) }
}
