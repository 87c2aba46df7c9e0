import Foundation
import TestSupport
import Testing

/// The object files of the release build.
private enum ReleaseObjects {
  static let folder = Repository.root.appendingPathComponent(".build/release")
  static let objdump = "/usr/bin/objdump"

  /// True if the release build exists, for a processor whose relocations the test knows.
  static var canBeRead: Bool {
    #if arch(x86_64)
      Tool.hasRelease && FileManager.default.isExecutableFile(atPath: objdump)
    #else
      false
    #endif
  }
}

/// The release build's passes call no function of the C library's mathematics, one number at a
/// time: the kernels compute them on vectors.
@Suite(.enabled(if: ReleaseObjects.canBeRead)) struct PassMathTests {
  private static let mathematics: Set<String> = {
    let names = [
      "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "pow", "cbrt", "hypot",
      "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "atan2", "erf", "erfc",
      "tgamma", "lgamma", "fma", "fmod", "floor", "ceil", "rint", "round", "trunc", "nearbyint",
    ]
    return Set(names + names.map { $0 + "f" })
  }()

  /// The functions of a module's object files, each with the functions that it refers to.
  private static func references(in module: String) throws -> [String: Set<String>] {
    let listing = try runCommand(
      "/bin/bash",
      [
        "-c",
        "\(ReleaseObjects.objdump) -dr --no-show-raw-insn \(module).build/*.o"
          + " | grep -E '^[0-9a-f]+ <|R_X86_64_(PLT32|PC32|GOTPCREL)'",
      ], in: ReleaseObjects.folder)
    var references: [String: Set<String>] = [:]
    var function = ""
    for line in listing.output.split(separator: "\n") {
      if line.hasSuffix(">:"), let start = line.firstIndex(of: "<") {
        function = String(line[line.index(after: start)...].dropLast(2))
      } else if let last = line.split(whereSeparator: \.isWhitespace).last {
        // name-0x4
        let name = last.prefix { $0 != "-" && $0 != "+" }
        references[function, default: []].insert(String(name))
      }
    }
    return references
  }

  @Test func `no pass of a layer, loss or optimizer calls the C library's mathematics`() throws {
    let references = try PassMathTests.references(in: "Standard")
    let contexts = ["11ForwardPass", "12BackwardPass", "8LossPass", "13OptimizerStep"]
    var open = references.keys.filter { name in contexts.contains { name.contains($0) } }
    #expect(open.count > 100)
    var callers = Dictionary(uniqueKeysWithValues: open.map { ($0, "") })
    while let function = open.popLast() {
      for name in references[function] ?? [] {
        if PassMathTests.mathematics.contains(name) {
          Issue.record("\(function), called by '\(callers[function] ?? "")', calls \(name)")
        } else if callers[name] == nil, references[name] != nil {
          callers[name] = function
          open.append(name)
        }
      }
    }
  }

  /// Vector functions are compiled for each instruction set; none is left to the C library.
  @Test func `no kernel calls the C library's mathematics`() throws {
    let references = try PassMathTests.references(in: "CKernels")
    #expect(references.count > 50)
    for (function, names) in references {
      let called = names.intersection(PassMathTests.mathematics)
      #expect(called.isEmpty, "\(function) calls \(called)")
    }
  }
}
