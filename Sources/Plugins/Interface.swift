import Files
import Platform
import NNExp

/// The files that plugins compile against: the module NNExp of this `nnexp`, and the compiler
/// that built it.
///
/// For an installed `nnexp` in `PREFIX/bin`, they are in `PREFIX/lib/nnexp`; for one in a build
/// folder, in that folder's `Modules`.
struct Interface: Sendable {
  /// The folder with `NNExp.swiftmodule`.
  let modules: String

  /// The maps of the C modules that NNExp imports.
  let moduleMaps: [String]

  /// The folder with `nnexp_plugin.h`.
  let headers: String

  /// The compiler that built NNExp, and the only one whose plugins are compatible: `Swift
  /// version 6.3.1 (swift-6.3.1-RELEASE)`.
  let compiler: String

  /// The first 64 bits of the SHA-256 of `NNExp.swiftmodule`.
  let hash: String

  /// The stamp of a compatible plugin.
  var stamp: Stamp { Stamp(language: .swift, compiler: compiler, interface: hash) }

  /// The interface of the running executable, which is searched once.
  static func ofThisProcess() throws -> Interface { try found.get() }

  private static let found = Result { try Interface(of: Path.real(executablePath) ?? "nnexp") }

  init(of executable: String) throws {
    let folder = Path.folder(of: executable)
    let installed = Path.folder(of: folder) + "/lib/nnexp"
    if Path.isThere(installed + "/NNExp.swiftmodule") {
      modules = installed
      headers = Path.folder(of: folder) + "/include"
      moduleMaps = Interface.moduleMaps(in: installed)
    } else {
      modules = folder + "/Modules"
      guard Path.isThere(modules + "/NNExp.swiftmodule"),
        let root = Interface.package(above: folder)
      else {
        throw Diagnostic(
          "'\(executable)' has no interface files next to it that plugins compile against",
          notes: [.init("'make install' puts it into PREFIX/lib/nnexp")], failure: .environment)
      }
      headers = root + "/Sources/CPlugins/include"
      moduleMaps = Interface.moduleMaps(in: root + "/Sources")
      // A build that stopped after the modules leaves an older nnexp.
      if let module = Path.modified(modules + "/NNExp.swiftmodule"),
        let program = Path.modified(executable), module > program
      {
        throw Diagnostic(
          "'\(executable)' is older than the NNExp that plugins would compile against",
          notes: [.init("build nnexp again")], failure: .environment)
      }
    }
    let module = try readRegularFile(modules + "/NNExp.swiftmodule")
    hash = String(SHA256.hex(of: module).prefix(16))
    compiler = Interface.compiler(of: module) ?? "an unknown compiler"
  }

  /// The C modules that NNExp imports. Programs that import NNExp need their module maps.
  private static let cModules = ["COpenBLAS", "CKernels"]

  private static func moduleMaps(in folder: String) -> [String] {
    cModules.flatMap { ["\(folder)/\($0)", "\(folder)/\($0)/include"] }
      .map { $0 + "/module.modulemap" }.filter(Path.isThere)
  }

  /// The root of the package that contains this build folder.
  private static func package(above folder: String) -> String? {
    var level = folder
    for _ in 0..<6 where level != "/" {
      if Path.isThere(level + "/Sources/NNExp/Contract/Layer.swift") { return level }
      level = Path.folder(of: level)
    }
    return nil
  }

  /// The text `Swift version …` that the compiler writes into the header of each module.
  private static func compiler(of module: [UInt8]) -> String? {
    let mark = Array("Swift version ".utf8)
    let header = module.prefix(1 << 14)
    guard
      let start = header.indices.first(where: { header[$0...].starts(with: mark) }),
      let end = header[start...].firstIndex(where: { $0 == UInt8(ascii: ")") })
    else { return nil }
    return String(decoding: header[start...end], as: UTF8.self)
  }
}
