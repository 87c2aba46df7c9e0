import NNExp
import TestSupport
import Testing

@testable import Datasets

/// Damaged files give `Diagnostics` or are read; they never cause a trap.
@Suite struct HostileFilesTests {
  static func seeds() throws -> [(name: String, section: String, bytes: [UInt8])] {
    let idx = try Fixtures<[ArrayFixture]>.read("idx")
    let npy = try Fixtures<[ArrayFixture]>.read("npy")
    let npz = try Fixtures<[ArrayFixture]>.read("npz")
    func bytes(_ fixtures: [ArrayFixture], _ name: String) -> [UInt8] {
      Array(fixtures.first { $0.name == name }!.bytes)
    }
    return [
      ("idx", "idx: {inputs: a, targets: a}", bytes(idx, ">i2 [3, 2, 2]")),
      ("idx.gz", "idx: {inputs: a, targets: a}", bytes(idx, ">i2 [3, 2, 2].gz in two members")),
      ("npy", "npy: {inputs: a, targets: a}", bytes(npy, ">f4 F [3, 2, 2]")),
      ("npz", "npz: a", bytes(npz, "stored")),
      ("npz", "npz: a", bytes(npz, "deflated")),
      (
        "csv", "csv: a\nsplit: {column: s}\nscale: standardize",
        Array("\u{FEFF}x,\"y\"\"y\",s,t\r\n1.5,a,train,\"l\nm\"\r\n-2e3,\"b\",test,n\r\n".utf8)
      ),
    ]
  }

  func check(_ folder: TestFolder, _ section: String, _ bytes: [UInt8], _ trace: String) throws {
    try folder.write(bytes, to: "a")
    do {
      let data = try folder.load(section, as: Float.self)
      #expect(data.train.inputs.count == data.train.count * data.inputShape.count, "\(trace)")
      #expect(data.train.inputs.allSatisfy { $0.isFinite }, "\(trace)")
    } catch let diagnostics as Diagnostics {
      #expect(!diagnostics.isEmpty, "\(trace)")
      #expect(diagnostics.failure == .input, "\(trace): \(diagnostics)")
    }
  }

  /// Several ports, one of them of indices, and targets that may be missing.
  @Test func damagedFilesOfSeveralPortsAreReadOrReported() throws {
    let folder = try TestFolder([:] as [String: [UInt8]])
    let npy = ArrayWriter.npy([0, 1, 2], [3])
    for (section, bytes) in [
      (
        "csv: {path: a, inputs: {w: [a, b], x: x}, targets: {t: t, s: s}}\nindices: {w: auto}",
        Array("a,b,x,t,s\n1,2,.5,,no\n0,3,.5,2,\n".utf8)
      ),
      ("npy: {inputs: {w: a, x: a}, targets: a}\nindices: {w: 3}", npy),
      (
        "npz: {path: a, inputs: {w: w, x: x}, targets: x}\nindices: {w: auto}",
        ArrayWriter.npz([("w", npy), ("x", npy)])
      ),
    ] {
      for i in bytes.indices {
        for damaged in [Array(bytes.prefix(i)), bytes[..<i] + [0x7F] + bytes[(i + 1)...]] {
          try folder.write(damaged, to: "a")
          do {
            let data = try folder.load(
              section, as: Float.self, incomplete: ["target", "t", "s"])
            #expect(data.train.inputs.allSatisfy { $0.isFinite }, "\(section), byte \(i)")
            guard case .indices(let count) = data.inputs[0].kind else { continue }
            #expect(
              data.train.indices.allSatisfy { 0..<Int32(count) ~= $0 }, "\(section), byte \(i)")
          } catch let diagnostics as Diagnostics {
            #expect(diagnostics.failure == .input, "\(section), byte \(i): \(diagnostics)")
          }
        }
      }
    }
  }

  @Test func filesCutAtEveryByteAreReadOrReported() throws {
    let folder = try TestFolder([:] as [String: [UInt8]])
    for (name, section, bytes) in try HostileFilesTests.seeds() {
      for count in 0..<bytes.count {
        try check(folder, section, Array(bytes.prefix(count)), "\(name) cut at \(count)")
      }
    }
  }

  @Test func filesWithAnyByteChangedAreReadOrReported() throws {
    let folder = try TestFolder([:] as [String: [UInt8]])
    for (name, section, bytes) in try HostileFilesTests.seeds() {
      for i in bytes.indices {
        for value: UInt8 in [0, 0x22, 0x7F, 0xFF] where bytes[i] != value {
          var damaged = bytes
          damaged[i] = value
          try check(folder, section, damaged, "\(name), byte \(i) is \(value)")
        }
      }
    }
  }

  @Test(arguments: 0..<20)
  func randomlyDamagedFilesAreReadOrReported(seed: Int) throws {
    let folder = try TestFolder([:] as [String: [UInt8]])
    let random = RandomStream(seed: UInt64(seed), purpose: "damage")
    var position = 0
    func draw(_ limit: Int) -> Int {
      position += 1
      return random.integer(below: limit, at: position)
    }
    for (name, section, bytes) in try HostileFilesTests.seeds() {
      for trial in 0..<40 {
        var damaged = bytes
        for _ in 0...draw(4) {
          let i = draw(damaged.count)
          switch draw(4) {
          case 0: damaged[i] = UInt8(draw(256))
          case 1: damaged.remove(at: i)
          case 2: damaged.insert(UInt8(draw(256)), at: i)
          default: damaged[i] ^= 1 << UInt8(draw(8))
          }
          if damaged.isEmpty { damaged = [0] }
        }
        try check(folder, section, damaged, "\(name), seed \(seed), trial \(trial)")
      }
    }
  }

  @Test func inflationStopsAtItsLimit() throws {
    // 4 MiB of zeros in 4 KiB, with a recorded size of ten bytes.
    let folder = try TestFolder([:] as [String: [UInt8]])
    let bomb = try ArrayErrorTests().gzipped(
      [0, 0, 8, 1, 0, 0, 0, 2] + [UInt8](repeating: 0, count: 1 << 22), in: folder)
    #expect(bomb.count < 1 << 13)
    #expect(try inflate(bomb, .gzip, limit: 11).count == 11)
  }
}
