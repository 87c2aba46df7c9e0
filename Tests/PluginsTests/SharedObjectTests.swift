import Foundation
import NNExp
import TestSupport
import Testing

@testable import Plugins

/// Files that are not plugins cause errors, never traps.
@Suite struct SharedObjectTests {
  private let sound = (zlib.flatMap { try? Data(contentsOf: $0) }).map(Array.init) ?? []

  private func fact(_ bytes: [UInt8]) -> String {
    do {
      _ = try SharedObject(bytes)
      return "accepted"
    } catch let fact as Diagnostic { return fact.message } catch { return "\(error)" }
  }

  @Test func aSharedObjectIsRead() throws {
    try #require(!sound.isEmpty)
    let object = try SharedObject(sound)
    #expect(object.stamp == nil)
    #expect(object.symbols.contains("inflate"))
    #expect(!object.symbols.contains("malloc"))
  }

  @Test func otherFilesAreRefused() {
    #expect(fact([]) == "it is not a shared object")
    #expect(fact(Array("#!/bin/sh\n".utf8)) == "it is not a shared object")
    var foreign = sound
    (foreign[18], foreign[19]) = (243, 0)
    #expect(fact(foreign).hasPrefix("it is built for RISC-V, and this is "))
    var program = sound
    program[16] = 1
    #expect(fact(program) == "it is not a shared object")
  }

  @Test func damagedFilesAreReportedWithoutATrap() {
    for length in stride(from: 0, to: sound.count, by: 997) {
      #expect(fact(Array(sound[..<length])) != "accepted")
    }
    var random = SeededGenerator(seed: 42)
    for _ in 0..<2000 {
      var bytes = sound
      // Only the header and the section table are read.
      let table = max(64, bytes.count - 64 * 40)
      for _ in 0..<3 {
        let position =
          random.next() % 2 == 0
          ? Int(random.next() % 64) : Int.random(in: table..<bytes.count, using: &random)
        bytes[position] = UInt8(truncatingIfNeeded: random.next())
      }
      let fact = fact(bytes)
      #expect(fact == "accepted" || fact.hasPrefix("it is "), "\(fact)")
    }
  }
}
