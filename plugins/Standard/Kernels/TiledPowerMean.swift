import NNExp

/// (Σ|xᵢ|ᵖ)^(1/p) over windows that do not overlap: computes whole rows at a time for p = 1, 2,
/// 3, 4, and whole planes for any other p.
///
/// The equations are those of ``PowerMean``, which also computes windows whose powers are
/// extremely large or small. Here, the rows of a window are added first, then its columns.
struct TiledPowerMean<S: KernelScalar> {
  private let p: Double
  private let normalizes: Bool
  /// The rows of a window.
  private let height: Int
  private let width: Int
  /// The numbers in a row of x, those of them within windows, and the numbers in a row of y.
  private let columns: Int
  private let used: Int
  private let windows: Int
  /// The numbers in a plane of x, and the rows in a plane of y.
  private let plane: Int
  private let windowRows: Int
  /// Scratch memory: three rows of x, a plane of x, and a plane of y.
  private let sums: UnsafeMutablePointer<S>
  private let first: UnsafeMutablePointer<S>
  private let second: UnsafeMutablePointer<S>
  private let powers: UnsafeMutablePointer<S>
  private let roots: UnsafeMutablePointer<S>

  /// The size of `room` in numbers; `Int.max` if it overflows.
  static func room(x: Planes, y: Planes) -> Int {
    [x.columns, x.columns, x.columns, x.count, y.count].reduce(0) {
      let (sum, overflow) = $0.addingReportingOverflow($1)
      return overflow ? .max : sum
    }
  }

  init(
    p: Double, normalizes: Bool, height: Int, width: Int, x: Planes, y: Planes, room: Tensor<S>
  ) {
    (self.p, self.normalizes) = (p, normalizes)
    (self.height, self.width) = (height, width)
    (columns, used, windows) = (x.columns, y.columns &* width, y.columns)
    (plane, windowRows) = (x.count, y.rows)
    sums = room.start
    first = sums + columns
    second = first + columns
    powers = second + columns
    roots = powers + x.count
  }

  private var general: PowerMean<S> { PowerMean(p: S(p), normalizes: normalizes) }
  private var divisor: S { normalizes ? S(height &* width) : 1 }
  private var tiles: PoolingGeometry {
    PoolingGeometry(
      height: height, width: width, columns: columns, plane: plane, windows: windows,
      windowRows: windowRows)
  }
  private var isGeneral: Bool { p != 1 && p != 2 && p != 3 && p != 4 }

  func forward(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x.start, pass.y.start)
    if isGeneral {
      for plane in 0..<(pass.x.count / plane) {
        scaledNorms(x + plane &* self.plane, to: y + plane &* windowRows &* windows)
      }
      return
    }
    S.lpPoolSums(
      x, Int(p), over: divisor, of: tiles, into: y, rows: pass.y.count / windows, room: sums)
    lpPoolRoots(pass.y, of: x)
  }

  func backward(_ pass: BackwardPass<S>) {
    let rows = pass.y.count / windows
    var row = 0
    while row < rows {
      if !isGeneral {
        row = S.addLpPoolVJP(
          pass.x.start, Int(p), over: divisor, of: tiles, pass.y.start, pass.dy.start,
          to: pass.dx.start, rows: row..<rows, room: sums)
        if row == rows { return }
      }
      let start = start(ofRow: row)
      let (x, dx) = (pass.x.start + start, pass.dx.start + start)
      let (y, dy) = (pass.y.start + row &* windows, pass.dy.start + row &* windows)
      let rowsAtOnce = isGeneral ? windowRows : 1
      if isGeneral, isEven(y, count: rowsAtOnce &* windows), computeQuotients(x, y) {
        for r in 0..<rowsAtOnce {
          let (offset, window) = (r &* height &* columns, r &* windows)
          addRow(x + offset, y + window, dy + window, to: dx + offset, powers + offset)
        }
      } else {
        var rule = general
        for i in 0..<(rowsAtOnce &* windows) {
          let patch = patch(row: i / windows, column: i % windows)
          rule.addGradient(of: dy[i], y[i], x, patch, to: dx)
        }
      }
      row &+= rowsAtOnce
    }
  }

  // MARK: Geometry

  /// The offset of row `row` of windows, counted over all planes.
  private func start(ofRow row: Int) -> Int {
    let (plane, inside) = row.quotientAndRemainder(dividingBy: windowRows)
    return plane &* self.plane &+ inside &* height &* columns
  }

  /// The entries of a window, relative to the start of its row of windows.
  private func patch(row: Int, column: Int) -> Patch {
    Patch(
      Window.Span(first: row &* height, count: height, countWithPadding: height),
      Window.Span(first: column &* width, count: width, countWithPadding: width),
      rowStep: columns, columnStep: 1, width: columns)
  }

  /// Computes f of each window's number for each of the window's columns.
  @inline(__always)
  private func spread(
    _ y: UnsafeMutablePointer<S>, to row: UnsafeMutablePointer<S>, _ f: (S) -> S
  ) {
    if width == 2 {
      for c in 0..<windows {
        let value = f(y[c])
        row[2 &* c] = value
        row[2 &* c &+ 1] = value
      }
    } else {
      for c in 0..<windows {
        let value = f(y[c])
        for v in 0..<width { row[c &* width &+ v] = value }
      }
    }
  }

  /// Adds the columns in `sums` to one sum per window.
  private func addColumns(to y: UnsafeMutablePointer<S>) {
    if width == 2 {
      for c in 0..<windows { y[c] = sums[2 &* c] + sums[2 &* c &+ 1] }
    } else {
      for c in 0..<windows {
        var sum = sums[c &* width]
        for v in 1..<max(1, width) { sum += sums[c &* width &+ v] }
        y[c] = sum
      }
    }
    if normalizes {
      let n = S(height &* width)
      for c in 0..<windows { y[c] /= n }
    }
  }

  // MARK: Forward for p = 1, 2, 3, 4

  /// True if no power in a sum has lost digits.
  @inline(__always)
  private func isSafe(_ s: S) -> Bool {
    p == 1 ? s < .infinity || !normalizes : s.isComfortable
  }

  /// Replaces the sums in `y` by their roots.
  private func lpPoolRoots(_ y: Tensor<S>, of x: UnsafeMutablePointer<S>) {
    inBlocks(of: y.count) { (block, room: Tensor<S>) in
      let root = room.start
      let s = y.start + block.lowerBound
      let count = block.count
      if !S.lpPoolRoots(s, Int(p), into: root, count: count) {
        for i in 0..<count where !isSafe(s[i]) {
          let (row, c) = (block.lowerBound &+ i).quotientAndRemainder(dividingBy: windows)
          root[i] = general.value(x + start(ofRow: row), patch(row: 0, column: c))
        }
      }
      s.update(from: root, count: count)
    }
  }

  // MARK: Forward for any p

  /// Computes y = m·(Σ(|xᵢ|/m)ᵖ)^(1/p), m = max|xᵢ|, for the windows of a plane.
  private func scaledNorms(_ x: UnsafeMutablePointer<S>, to y: UnsafeMutablePointer<S>) {
    for r in 0..<windowRows {
      let (offset, m) = (r &* height &* columns, y + r &* windows)
      computeMaxima(x + offset, to: m)
      spread(m, to: first) { isScale($0) ? $0 : 1 }
      for u in 0..<height {
        let (x, ratio) = (x + offset + u &* columns, powers + offset + u &* columns)
        for i in 0..<used { ratio[i] = abs(x[i]) / first[i] }
        for i in used..<columns { ratio[i] = 0 }
      }
    }
    S.power(powers, p, into: powers, count: windowRows &* height &* columns)
    for r in 0..<windowRows {
      for u in 0..<height {
        let power = powers + (r &* height &+ u) &* columns
        for i in 0..<used { sums[i] = u == 0 ? power[i] : sums[i] + power[i] }
      }
      addColumns(to: roots + r &* windows)
    }
    let count = windowRows &* windows
    S.power(roots, 1 / p, into: roots, count: count)
    for i in 0..<count { y[i] = isScale(y[i]) ? y[i] * roots[i] : y[i] }
  }

  /// Computes max|xᵢ| of every window of a row; NaN if there is one.
  private func computeMaxima(_ x: UnsafeMutablePointer<S>, to y: UnsafeMutablePointer<S>) {
    // Comparisons with NaN are false: NaNs are recorded separately and added at the end.
    let nans = first
    for i in 0..<used {
      sums[i] = 0
      nans[i] = 0
    }
    for u in 0..<height {
      let x = x + u &* columns
      for i in 0..<used {
        let size = abs(x[i])
        sums[i] = size > sums[i] ? size : sums[i]
        nans[i] = size == size ? nans[i] : size
      }
    }
    for i in 0..<used { sums[i] += nans[i] }
    for c in 0..<windows {
      var m = sums[c &* width]
      for v in 1..<max(1, width) {
        let next = sums[c &* width &+ v]
        m = next > m || next.isNaN ? next : m
      }
      y[c] = m
    }
  }

  /// True if m is neither 0, infinite nor NaN.
  @inline(__always)
  private func isScale(_ m: S) -> Bool { m > 0 && m < .infinity }

  // MARK: Backward

  /// True if the reciprocals of these norms lose no digits. 0 is permitted, because if y is 0,
  /// every entry is 0.
  private func isEven(_ y: UnsafeMutablePointer<S>, count: Int) -> Bool {
    let highest = 1 / S.leastNormalMagnitude
    var extremes = 0
    for i in 0..<count {
      extremes &+= y[i] == 0 || (y[i].isComfortable && y[i] <= highest) ? 0 : 1
    }
    return extremes == 0
  }

  /// Stores (|x|/y)^(p−1) of a plane in `powers`. Returns false if a quotient underflows.
  private func computeQuotients(
    _ x: UnsafeMutablePointer<S>, _ y: UnsafeMutablePointer<S>
  ) -> Bool {
    var denormals = 0
    for r in 0..<windowRows {
      spread(y + r &* windows, to: first) { $0 == 0 ? 0 : 1 / $0 }
      for u in 0..<height {
        let offset = (r &* height &+ u) &* columns
        let (x, quotient) = (x + offset, powers + offset)
        for i in 0..<used {
          quotient[i] = abs(x[i]) * first[i]
          denormals &+= quotient[i] < .leastNormalMagnitude && x[i] != 0 ? 1 : 0
        }
        for i in used..<columns { quotient[i] = 0 }
      }
    }
    guard denormals == 0 else { return false }
    S.power(powers, p - 1, into: powers, count: windowRows &* height &* columns)
    return true
  }

  /// Adds the gradient of a row of windows; `powers` contains the powers of its quotients.
  private func addRow(
    _ x: UnsafeMutablePointer<S>, _ y: UnsafeMutablePointer<S>, _ dy: UnsafeMutablePointer<S>,
    to dx: UnsafeMutablePointer<S>, _ powers: UnsafeMutablePointer<S>
  ) {
    let n = S(height &* width)
    let (inverse, share) = (first, second)
    spread(y, to: inverse) { $0 == 0 ? 0 : 1 / $0 }
    spread(dy, to: share) { normalizes ? $0 / n : $0 }
    for u in 0..<height {
      let offset = u &* columns
      let (x, dx, power) = (x + offset, dx + offset, powers + offset)
      for i in 0..<used {
        dx[i] += x[i] == 0 ? 0 : share[i] * (x[i] < 0 ? -power[i] : power[i])
      }
    }
  }
}
