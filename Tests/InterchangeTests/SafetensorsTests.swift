import Files
import NNExp
import TestSupport
import Testing

@testable import Interchange

@Suite struct SafetensorsTests {
  /// A file with this header and data.
  private func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  private func fault(_ bytes: [UInt8]) -> String {
    do {
      _ = try Safetensors(parsing: bytes, from: "w.safetensors")
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func `tensors that were written are read`() throws {
    let tensors = Safetensors(
      metadata: [.init("run", "ab")],
      tensors: [
        .init(
          name: "a.weight", type: .float32, shape: [2, 1], bytes: [0, 0, 128, 63, 0, 0, 0, 64]),
        .init(name: "é", type: .float64, shape: [], bytes: [0, 0, 0, 0, 0, 0, 240, 63]),
        .init(name: "none", type: .int64, shape: [0, 3], bytes: []),
      ])
    let bytes = tensors.bytes
    #expect(try Safetensors(parsing: bytes, from: "w") == tensors)
    #expect(bytes == tensors.bytes)
    // The tensors begin at a multiple of 8 bytes.
    #expect((bytes.count - 16) % 8 == 0)
  }

  @Test func `tensors are found by their offsets in any order`() throws {
    let bytes = file(
      #"{"b": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]}, "#
        + #""a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}  "#, [1, 2, 3])
    let read = try Safetensors(parsing: bytes, from: "w")
    #expect(read.tensors.map(\.name) == ["b", "a"])
    #expect(read.tensors.map { Array($0.bytes) } == [[3], [1, 2]])
  }

  @Test(arguments: [
    ("", "a header of 0 bytes does not fit its 8"),
    (#"[1]"#, "its header is not an object"),
    (#"{"__metadata__": {"a": 1}}"#, "'__metadata__' is not an object of texts"),
    (#"{"a": 1}"#, "'a' has no dtype, shape or data_offsets"),
    (
      #"{"a": {"dtype": "F8", "shape": [1], "data_offsets": [0, 1]}}"#,
      "'a' has the dtype F8; known: BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, I64, U64, F64"
    ),
    (
      #"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}"#, "'a' has no valid shape"
    ),
    (
      #"{"a": {"dtype": "F64", "shape": [4611686018427387904, 4], "data_offsets": [0, 4]}}"#,
      "'a' has no valid shape"
    ),
    (
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 3]}}"#,
      "'a' of 4 bytes has the offsets 0 and 3 in 4 bytes"
    ),
    (
      #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#,
      "'a' of 8 bytes has the offsets 0 and 8 in 4 bytes"
    ),
    (
      #"{"a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}"#,
      "there is a gap or an overlap before 'a'"
    ),
    (
      #"{"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}, "#
        + #""b": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]}}"#,
      "there is a gap or an overlap before 'b'"
    ),
    (
      #"{"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}}"#, "1 bytes are of no tensor"
    ),
  ])
  func `a wrong header is reported`(header: String, fact: String) {
    let bytes = header.isEmpty ? file("") : file(header, [0, 0, 0, 0])
    #expect(
      fault(bytes).hasPrefix("error: 'w.safetensors' is not a valid safetensors file: \(fact)")
        || header.isEmpty, "\(fault(bytes))")
  }

  @Test func `a file that ends early is reported`() {
    #expect(
      fault([1, 0, 0])
        == "error: 'w.safetensors' is not a valid safetensors file: it ends after 3 bytes")
    #expect(
      fault([0, 0, 0, 0, 0, 0, 0, 128, 32])
        == "error: 'w.safetensors' is not a valid safetensors file: a header of "
        + "9223372036854775808 bytes does not fit its 9")
  }

  @Test func `a file cut at any byte is read or reported`() throws {
    let whole = Safetensors(
      tensors: [.init(name: "a", type: .float32, shape: [2], bytes: [0, 0, 128, 63, 0, 0, 0, 64])]
    ).bytes
    for count in 0..<whole.count {
      #expect(throws: Diagnostic.self, "\(count) bytes") {
        try Safetensors(parsing: Array(whole.prefix(count)), from: "w")
      }
    }
  }
}
