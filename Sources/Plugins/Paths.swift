import Glibc
import NNExp

func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The path without links, from the root on; nil where there is nothing.
func realPath(_ path: String) -> String? {
  guard let real = realpath(path, nil) else { return nil }
  defer { free(real) }
  return String(cString: real)
}

/// `/a` of `/a/b`; `.` of `b`.
func parent(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// `Maxout` of `../plugins/Maxout.swift`.
func stem(of path: String) -> String {
  let file = path.split(separator: "/").last ?? "plugin"
  guard let dot = file.lastIndex(of: "."), dot > file.startIndex else { return String(file) }
  return String(file[..<dot])
}

/// `swift` of `Maxout.swift`; empty without one.
func suffix(of path: String) -> String {
  let file = path.split(separator: "/").last ?? ""
  guard let dot = file.lastIndex(of: "."), dot > file.startIndex else { return "" }
  return String(file[file.index(after: dot)...])
}

/// What lies in a folder, hidden files left out, sorted; nothing where it cannot
/// be read.
func fileNames(in folder: String) -> [String] {
  guard let listing = opendir(folder) else { return [] }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted()
}

/// When a file was last written, in nanoseconds.
func modified(_ path: String) -> Int? {
  var status = stat()
  guard stat(path, &status) == 0 else { return nil }
  return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
}

/// What the system says of `errno`.
var systemReason: String { String(cString: strerror(errno)) }
