import Glibc
import NNExp

func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The path without links, from the root on; nil where there is nothing, or it is not
/// UTF-8.
func realPath(_ path: String) -> String? {
  guard let real = realpath(path, nil) else { return nil }
  defer { free(real) }
  return validName(real)
}

/// `/a` of `/a/b`; `.` of `b`.
func parent(of path: String) -> String {
  guard let slash = path.lastIndex(ofByte: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// `Maxout` of `../plugins/Maxout.swift`.
func stem(of path: String) -> String {
  let file = path.split(atByte: "/").last ?? "plugin"
  guard let dot = file.lastIndex(ofByte: "."), dot > file.startIndex else { return String(file) }
  return String(file[..<dot])
}

/// `swift` of `Maxout.swift`; empty without one.
func suffix(of path: String) -> String {
  let file = path.split(atByte: "/").last ?? ""
  guard let dot = file.lastIndex(ofByte: "."), dot > file.startIndex else { return "" }
  return String(file[file.utf8.index(after: dot)...])
}

/// The names in a folder that are UTF-8, hidden files left out, sorted; nothing where
/// it cannot be read.
func fileNames(in folder: String) -> [String] { names(in: folder).valid }

/// As above. Throws if a name is not UTF-8.
func requiredFileNames(in folder: String) throws -> [String] {
  let (valid, invalid) = names(in: folder)
  if let first = invalid.first {
    throw Diagnostic(
      "'\(folder)' holds '\(first)', a name that is not UTF-8; rename it")
  }
  return valid
}

private func names(in folder: String) -> (valid: [String], invalid: [String]) {
  guard let listing = opendir(folder) else { return ([], []) }
  defer { closedir(listing) }
  var valid: [String] = []
  var invalid: [String] = []
  while let entry = readdir(listing) {
    if entry.pointee.d_name.0 == CChar(bitPattern: UInt8(ascii: ".")) { continue }
    if let name = validName(of: entry) {
      valid.append(name)
    } else {
      invalid.append(shown(nameOf: entry))
    }
  }
  return (valid.sorted { $0.precedes(byBytes: $1) }, invalid)
}

/// When a file was last written, in nanoseconds.
func modified(_ path: String) -> Int? {
  var status = stat()
  guard stat(path, &status) == 0 else { return nil }
  return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
}

/// What the system says of `errno`.
var systemReason: String { String(cString: strerror(errno)) }
