import Foundation
import Testing

@testable import Datasets

/// Array files that NumPy wrote are read exactly.
@Suite struct ArrayFilesTests {
  func values(_ elements: NDArray) throws -> [Double] {
    var sample = [Double](repeating: 0, count: elements.width)
    return try (0..<elements.count).flatMap { row in
      try elements.decode(row, into: &sample)
      return sample
    }
  }

  @Test func npyFilesReadBackToTheBit() throws {
    for fixture in try Fixtures<[ArrayFixture]>.read("npy") {
      let elements = try readNPY(Array(fixture.bytes))
      #expect(elements.axes == fixture.shape, "\(fixture.name)")
      #expect(try values(elements) == fixture.values, "\(fixture.name)")
    }
  }

  @Test func idxFilesReadBackToTheBit() throws {
    for fixture in try Fixtures<[ArrayFixture]>.read("idx") {
      let elements = try readIDX(Array(fixture.bytes))
      #expect(elements.axes == fixture.shape, "\(fixture.name)")
      #expect(try values(elements) == fixture.values, "\(fixture.name)")
    }
  }

  @Test func npzFilesReadBackToTheBit() throws {
    for fixture in try Fixtures<[ArrayFixture]>.read("npz") {
      let folder = try TestFolder(["a.npz": Array(fixture.bytes)])
      let data = try folder.load("npz: a.npz\ntarget_kind: classes")
      #expect(data.train.inputs == fixture.values, "\(fixture.name)")
      #expect(data.train.targets == fixture.targets, "\(fixture.name)")
      #expect(data.files.count == 1)
    }
  }

  /// Zip64: NumPy's local headers always have the extra field; a directory entry has it if
  /// its sizes are 2³²−1.
  @Test func sizesInAZip64DirectoryAreRead() throws {
    let name = Array("a.npy".utf8)
    let body: [UInt8] = [1, 2, 3]
    func little(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
    let crc: UInt64 = 0x55BC_801D  // of 01 02 03, by Python's zlib.crc32
    var zip: [UInt8] = [0x50, 0x4B, 3, 4] + little(45, 2) + little(0, 8) + little(crc, 4)
    zip += little(0xFFFF_FFFF, 4) + little(0xFFFF_FFFF, 4) + little(5, 2) + little(0, 2)
    zip += name + body
    let directory = UInt64(zip.count)
    zip += [0x50, 0x4B, 1, 2] + little(45, 2) + little(45, 2) + little(0, 8) + little(crc, 4)
    zip += little(0xFFFF_FFFF, 4) + little(0xFFFF_FFFF, 4) + little(5, 2) + little(28, 2)
    zip += little(0, 10) + little(0xFFFF_FFFF, 4) + name
    zip += little(1, 2) + little(24, 2) + little(3, 8) + little(3, 8) + little(0, 8)
    let wide = UInt64(zip.count)
    zip += [0x50, 0x4B, 6, 6] + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8)
    zip += little(1, 8) + little(1, 8) + little(wide - directory, 8) + little(directory, 8)
    zip += [0x50, 0x4B, 6, 7] + little(0, 4) + little(wide, 8) + little(1, 4)
    zip += [0x50, 0x4B, 5, 6] + little(0, 4) + little(0xFFFF, 2) + little(0xFFFF, 2)
    zip += little(0xFFFF_FFFF, 4) + little(0xFFFF_FFFF, 4) + little(0, 2)
    let archive = try ZipArchive(zip)
    #expect(archive.names == ["a.npy"])
    #expect(try archive.contents(of: "a.npy") == body)
  }

  @Test func imagesKeepTheirShape() throws {
    let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<12)
    let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 3, 1]
    let folder = try TestFolder(["x.idx": images, "t.idx": labels])
    let source = "idx: {inputs: x.idx, targets: t.idx}\n"

    let data = try folder.load(source + "classes: 4", as: Float.self)
    #expect(data.inputShape == [2, 3])
    #expect(data.target == .classes(4))
    #expect(data.train.inputs == (0..<12).map(Float.init))
    #expect(data.train.targets == [3, 1])
    #expect(data.classNames == ["0", "1", "2", "3"])
    #expect(data.inputNames == (0..<6).map { "input_\($0)" })
    #expect(data.files.map { $0.path } == [folder.path + "/x.idx", folder.path + "/t.idx"])

    #expect(try folder.load(source + "shape: [1, 2, 3]").inputShape == [1, 2, 3])
    #expect(try folder.load(source).target == .values([1]))
    #expect(try folder.load(source + "limit: 1").train.count == 1)
    #expect(
      folder.errors(source + "shape: [4, 2]") == """
        test.yaml:2:8: error: shape [4, 2] does not fit the 6 inputs of a sample
            shape: [4, 2]
                   ^
        """)
  }

  @Test func moreAxesThanAShapeHoldsNeedADeclaredShape() throws {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 2, 1), }\n"
    let npy: [UInt8] =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
      + [5, 6]
    let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 1, 3]
    let folder = try TestFolder(["x.npy": npy, "t.idx": labels])
    try folder.write(
      [0x93] + Array("NUMPY".utf8) + [1, 0, 58, 0]
        + Array("{'descr':'|u1','fortran_order':False,'shape':(1,)}        ".utf8) + [1],
      to: "t.npy")
    let source = "npy: {inputs: x.npy, targets: t.npy}\n"
    #expect(
      folder.errors(source) == """
        test.yaml:1:15: error: the inputs of a sample have the shape [1, 1, 1, 2, 1], more than 4 \
        axes; give their 'shape'
            npy: {inputs: x.npy, targets: t.npy}
                          ^
        """)
    #expect(try folder.load(source + "shape: [2]").train.inputs == [5, 6])
  }
}
