import Foundation
import Results
import TestSupport
import Testing

/// Fault 37: each file operation of a run fails, by itself or with all later ones. The run
/// names the path or continues without it, and can then be resumed.
@Suite struct FileFailureTests {
  @Test(arguments: [ENOSPC, EIO], [false, true])
  func aRunSurvivesTheFailureOfAnyFileOperation(errorNumber: Int32, forGood: Bool) throws {
    let runs = RunsFolder()
    try runs.run("whole")
    let reason = String(cString: strerror(errorNumber))
    var index = 0
    var failures = 0
    while true {
      let name = "failed \(index)"
      let fault = FileFault(at: index, code: errorNumber, kills: forGood)
      var code: Int32?
      let error = thrown(replacing: runs.path) {
        code = try runs.run(everything, name, fault.fileSystemWithoutFlushes)
      }
      if fault.operations <= index { break }
      let place = "\(reason) of \(fault.failed)"
      if code == 0 {
        #expect(!forGood || fault.operations == index + 1, "\(place)")
      } else {
        failures += 1
        #expect(error.hasPrefix("3 error: cannot "), "\(place): \(error)")
        #expect(error.contains(/'[$\/]/) && error.contains(reason), "\(place): \(error)")
        #expect(
          !runs.tree(name).keys.contains { $0.hasSuffix(".partial") } || forGood, "\(place)")
      }
      // The cause was removed: there is space again.
      if runs.bytes(name + "/run.json") != nil {
        #expect(try runs.resume(name) == 0, "\(place)")
      } else {
        #expect(try runs.run(everything, name) == 0, "\(place)")
      }
      #expect(runs.differences("whole", name) == [], "\(place)")
      try? FileManager.default.removeItem(atPath: runs.folder(name))
      index += isThorough ? 1 : 7
    }
    #expect(failures >= (isThorough ? 100 : 10))
    print("operations that failed\(forGood ? " for good" : ""): \(failures) ended a run, none lost")
  }

  /// The same for a resumption.
  @Test(arguments: [false, true])
  func aResumptionSurvivesTheFailureOfAnyFileOperation(forGood: Bool) throws {
    let runs = RunsFolder()
    try runs.run("whole")
    try runs.kill("half", after: 0.5)
    var index = 0
    while true {
      let name = "again \(index)"
      try FileManager.default.copyItem(
        atPath: runs.folder("half"), toPath: runs.folder(name))
      let fault = FileFault(at: index, code: ENOSPC, kills: forGood)
      var code: Int32?
      let error = thrown(replacing: runs.path) {
        code = try runs.resume(name, fault.fileSystemWithoutFlushes)
      }
      if fault.operations <= index { break }
      #expect(
        code == 0 || error.hasPrefix("3 error: cannot "), "\(fault.failed): \(error)")
      #expect(try runs.resume(name) == 0, "\(fault.failed)")
      #expect(runs.differences("whole", name) == [], "\(fault.failed)")
      try? FileManager.default.removeItem(atPath: runs.folder(name))
      index += isThorough ? 1 : 13
    }
    #expect(index > 50)
    print(
      "operations of a resumption: \(index), every \(isThorough ? "" : "13th ")one failed, none lost"
    )
  }
}
