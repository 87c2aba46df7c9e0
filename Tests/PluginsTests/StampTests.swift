import Testing

@testable import Plugins

@Suite struct StampTests {
  private let host = Stamp(language: .swift, compiler: "Swift version 6.3.1 (x)", interface: "aa")

  @Test func aStampReadsBack() {
    #expect(Stamp(Array(host.text.utf8) + [0, 0, 0]) == host)
    #expect(Stamp(Array("nnexp plugin, c, , 2".utf8))?.language == .c)
    for text in ["", "nnexp plugin", "nnexp plugin, rust, , 1", "x, c, , 2", "\u{0}"] {
      #expect(Stamp(Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test func aMismatchNamesWhatDiffers() {
    #expect(host.mismatch(with: host) == nil)
    let older = Stamp(language: .swift, compiler: "Swift version 6.2 (y)", interface: "bb")
    #expect(
      older.mismatch(with: host)
        == "it was built for Swift version 6.2 (y), and this nnexp is Swift version 6.3.1 (x)")
    let other = Stamp(language: .swift, compiler: host.compiler, interface: "bb")
    #expect(
      other.mismatch(with: host) == "it was built for interface bb, and this nnexp is interface aa")
    let c = Stamp(language: .c, compiler: "", interface: "9")
    #expect(
      c.mismatch(with: host)
        == "it was built with version 9 of nnexp_plugin.h, and this nnexp accepts 2")
  }
}
