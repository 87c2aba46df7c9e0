import Glibc
import NNExp

/// The terminal at standard output.
enum Terminal {
  static let isPresent = isatty(1) == 1

  /// Its width in characters; 80 if it is unknown or there is no terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether output may hold colors: on a terminal, unless `NO_COLOR` is set; everywhere if
  /// `CLICOLOR_FORCE` is.
  ///
  /// - Source: no-color.org and bixense.com/clicolors, as of 2024: empty values count as unset
  static let isColored: Bool = {
    func isSet(_ name: String) -> Bool { getenv(name).map { $0[0] != 0 } ?? false }
    if isSet("NO_COLOR") { return false }
    if let force = getenv("CLICOLOR_FORCE"), force[0] != 0, strcmp(force, "0") != 0 { return true }
    guard isPresent else { return false }
    return getenv("TERM").map { strcmp($0, "dumb") != 0 } ?? true
  }()
}
