import NNExp

/// (Σ|xᵢ|ᵖ)^(1/p) over windows that do not overlap, for p = 1, 2, 3, 4: whole rows at a time.
///
/// The equations are those of ``PowerMean``, which also computes windows whose powers are
/// extremely large or small. Here, the rows of a window are added first, then its columns.
struct TiledPowerMean<S: KernelScalar> {
  private let p: Double
  private let normalizes: Bool
  private let tiles: PoolingGeometry
  /// Scratch memory: two rows of x.
  private let room: UnsafeMutablePointer<S>

  /// The size of `room` in numbers; `Int.max` if it overflows.
  static func room(x: Planes) -> Int {
    let (sum, overflow) = x.columns.addingReportingOverflow(x.columns)
    return overflow ? .max : sum
  }

  init(
    p: Double, normalizes: Bool, height: Int, width: Int, x: Planes, y: Planes, room: Tensor<S>
  ) {
    (self.p, self.normalizes, self.room) = (p, normalizes, room.start)
    tiles = PoolingGeometry(
      height: height, width: width, columns: x.columns, plane: x.count, windows: y.columns,
      windowRows: y.rows)
  }

  private var general: PowerMean<S> { PowerMean(p: S(p), normalizes: normalizes) }
  private var divisor: S { normalizes ? S(tiles.height &* tiles.width) : 1 }

  func forward(_ pass: ForwardPass<S>) {
    S.lpPoolSums(
      pass.x.start, Int(p), over: divisor, of: tiles, into: pass.y.start,
      rows: pass.y.count / tiles.windows, room: room)
    lpPoolRoots(pass.y, of: pass.x.start)
  }

  func backward(_ pass: BackwardPass<S>) {
    let rows = pass.y.count / tiles.windows
    var row = 0
    while row < rows {
      row = S.addLpPoolVJP(
        pass.x.start, Int(p), over: divisor, of: tiles, pass.y.start, pass.dy.start,
        to: pass.dx.start, rows: row..<rows, room: room)
      if row == rows { return }
      let start = start(ofRow: row)
      var rule = general
      for c in 0..<tiles.windows {
        let i = row &* tiles.windows &+ c
        rule.addGradient(
          of: pass.dy[i], pass.y[i], pass.x.start + start, patch(column: c),
          to: pass.dx.start + start)
      }
      row &+= 1
    }
  }

  /// The offset of row `row` of windows, counted over all planes.
  private func start(ofRow row: Int) -> Int {
    let (plane, inside) = row.quotientAndRemainder(dividingBy: tiles.windowRows)
    return plane &* tiles.plane &+ inside &* tiles.height &* tiles.columns
  }

  /// The entries of a window, relative to the start of its row of windows.
  private func patch(column: Int) -> Patch {
    Patch(
      Window.Span(first: 0, count: tiles.height, countWithPadding: tiles.height),
      Window.Span(
        first: column &* tiles.width, count: tiles.width, countWithPadding: tiles.width),
      rowStep: tiles.columns, columnStep: 1, width: tiles.columns)
  }

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
          let (row, c) = (block.lowerBound &+ i).quotientAndRemainder(dividingBy: tiles.windows)
          root[i] = general.value(x + start(ofRow: row), patch(column: c))
        }
      }
      s.update(from: root, count: count)
    }
  }
}
