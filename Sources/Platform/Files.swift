// Files and locks, whose calls differ between Linux and macOS.

extension stat {
  /// The time of the last write.
  @inlinable public var modified: timespec {
    #if canImport(Darwin)
      st_mtimespec
    #else
      st_mtim
    #endif
  }
}

#if canImport(Darwin)
  /// The flag of `open` for a folder that is only passed to other calls.
  public let openForPath: Int32 = O_RDONLY

  /// F_OFD_SETLK and F_OFD_GETLK, whose names Swift does not import.
  public let setFileLock: Int32 = 90
  public let getFileLock: Int32 = 92

  /// The file with the locks of all processes; macOS has none.
  public let lockList = "/dev/null"

  /// The path of an open file; nil if it has none.
  public func descriptorPath(_ descriptor: Int32) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard fcntl(descriptor, F_GETPATH, &bytes) == 0 else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
#else
  /// O_PATH, whose name Swift does not import: the folder may lack permission to read.
  public let openForPath: Int32 = 0o10000000

  /// F_OFD_SETLK: the lock belongs to the open file, not to the process, so that closing another
  /// descriptor of the file does not release it.
  public let setFileLock: Int32 = 37
  /// F_OFD_GETLK, which only examines.
  public let getFileLock: Int32 = 36

  /// The file with the locks of all processes.
  public let lockList = "/proc/locks"

  /// The path of an open file.
  public func descriptorPath(_ descriptor: Int32) -> String? { "/proc/self/fd/\(descriptor)" }
#endif

/// Reports writes to the files of a folder. Many editors replace a file instead of writing to it.
public final class FolderWatch {
  /// The descriptor that `poll` reports as readable after a write.
  public let descriptor: Int32

  #if canImport(Darwin)
    private let folder: Int32

    /// Nil if the folder cannot be watched; `errno` is the reason.
    public init?(_ path: String) {
      folder = open(path, O_EVTONLY | O_CLOEXEC)
      descriptor = folder < 0 ? -1 : kqueue()
      guard descriptor >= 0 else { return nil }
      var event = kevent(
        ident: UInt(folder), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR),
        fflags: UInt32(NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_RENAME), data: 0, udata: nil)
      guard kevent(descriptor, &event, 1, nil, 0, nil) == 0 else { return nil }
    }

    deinit {
      if descriptor >= 0 { close(descriptor) }
      if folder >= 0 { close(folder) }
    }

    /// Removes the reports up to now.
    public func clear() {
      var event = kevent()
      var now = timespec()
      while kevent(descriptor, nil, 0, &event, 1, &now) > 0 {}
    }
  #else
    /// Nil if the folder cannot be watched; `errno` is the reason.
    public init?(_ path: String) {
      descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
      let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO)
      guard descriptor >= 0, inotify_add_watch(descriptor, path, events) >= 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Removes the reports up to now.
    public func clear() {
      var buffer = [UInt8](repeating: 0, count: 4096)
      while read(descriptor, &buffer, buffer.count) > 0 {}
    }
  #endif
}

/// The name of the processor; nil if the system does not report it.
///
/// - Parameter read: returns the beginning of a file.
public func processorName(read: (String) -> [UInt8]?) -> String? {
  #if canImport(Darwin)
    var size = 0
    guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0 else { return nil }
    var name = [CChar](repeating: 0, count: size)
    guard sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0) == 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  #else
    // The kernel writes this file core by core.
    guard let start = read("/proc/cpuinfo") else { return nil }
    var rest = start[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      if line.starts(with: "model name".utf8), let colon = line.firstIndex(of: UInt8(ascii: ":")) {
        var name = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
        while name.last == 0x20 || name.last == 0x09 { name.removeLast() }
        return String(decoding: name, as: UTF8.self)
      }
      rest = rest[(end + 1)...]
    }
    return nil
  #endif
}
