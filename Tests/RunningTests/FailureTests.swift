import Foundation
import Results
import Testing

/// FAULTS 37: one file operation fails, alone or with all that follow, for each
/// that a run makes: it says so by its path, or does without; then it goes on.
@Suite struct FailureTests {
  @Test(arguments: [ENOSPC, EIO], [false, true])
  func anyOperationFails(code: Int32, forGood: Bool) throws {
    let bench = try Bench()
    try bench.run("whole")
    let reason = String(cString: strerror(code))
    var index = 0
    var failures = 0
    while true {
      let name = "failed \(index)"
      let fault = Fault(at: index, code: code, kills: forGood)
      let told = thrown(replacing: bench.path) { try bench.run(everything, name, fault.fileSystem) }
      if fault.operations <= index { break }
      let place = "\(reason) of \(fault.failed)"
      if told == "ends with 0" {
        #expect(!forGood || fault.operations == index + 1, "\(place)")
      } else {
        failures += 1
        #expect(told.hasPrefix("3 error: cannot "), "\(place): \(told)")
        #expect(told.contains(/'[$\/]/) && told.contains(reason), "\(place): \(told)")
        #expect(
          !bench.tree(name).keys.contains { $0.hasSuffix(".partial") } || forGood, "\(place)")
      }
      // Space was freed, the cable is back.
      if bench.bytes(name + "/run.json") != nil {
        #expect(try bench.resume(name) == 0, "\(place)")
      } else {
        #expect(try bench.run(everything, name) == 0, "\(place)")
      }
      #expect(bench.differences("whole", name) == [], "\(place)")
      try? FileManager.default.removeItem(atPath: bench.folder(name))
      index += isThorough ? 1 : 7
    }
    #expect(failures >= (isThorough ? 100 : 10))
    print("operations that failed\(forGood ? " for good" : ""): \(failures) ended a run, none lost")
  }

  /// The same of a resumption.
  @Test(arguments: [false, true])
  func anyOperationOfAResumptionFails(forGood: Bool) throws {
    let bench = try Bench()
    try bench.run("whole")
    try bench.kill("half", after: 0.5)
    var index = 0
    while true {
      let name = "again \(index)"
      try FileManager.default.copyItem(
        atPath: bench.folder("half"), toPath: bench.folder(name))
      let fault = Fault(at: index, code: ENOSPC, kills: forGood)
      let told = thrown(replacing: bench.path) { try bench.resume(name, fault.fileSystem) }
      if fault.operations <= index { break }
      #expect(
        told == "ends with 0" || told.hasPrefix("3 error: cannot "), "\(fault.failed): \(told)")
      #expect(try bench.resume(name) == 0, "\(fault.failed)")
      #expect(bench.differences("whole", name) == [], "\(fault.failed)")
      try? FileManager.default.removeItem(atPath: bench.folder(name))
      index += isThorough ? 1 : 13
    }
    #expect(index > 50)
    print(
      "operations of a resumption: \(index), every \(isThorough ? "" : "13th ")one failed, none lost"
    )
  }
}
