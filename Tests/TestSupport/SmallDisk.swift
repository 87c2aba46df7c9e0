import Foundation

/// A small file system mounted at a folder until it is released; nil if none can be mounted.
package final class SmallDisk: Sendable {
  private let path: String

  package init?(at path: String, kilobytes: Int) {
    self.path = path
    mkdir(path, 0o755)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") == 0 else { return nil }
  }

  // A test's files may still be open.
  deinit { umount2(path, Int32(MNT_DETACH)) }

  package static let isAvailable: Bool = {
    let scratch = Scratch()
    return SmallDisk(at: scratch.path + "/disk", kilobytes: 64) != nil
  }()
}
