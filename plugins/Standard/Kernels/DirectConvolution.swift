import NNExp

/// A convolution that does not store its windows as a matrix. If there are not too many weights for the
/// number of positions, and the window's rows are a multiple of their stride.
///
/// The input is copied once for each column v of the window, with rows as long as those of the
/// output, and with the rows of each phase p after the other, which are a stride s apart:
/// C[i, p, v; r, c] = x[i, r·s + p, c·stride + v·dilation]. In each copy, the numbers that are
/// multiplied by one weight are adjacent, from position to position and from row to row. With
/// q = (i, p), and u counting the rows of the window in a phase:
///
///     y[o; n]          = b[o] + Σ w[o, q, u, v] · C[q, v; n + u·D]
///     ∂w[o, q, u, v]  += Σ ∂y[o; n] · C[q, v; n + u·D]
///     ∂C[q, v; n]      = Σ w[o, q, u, v] · ∂y[o; n − u·D], then added back to ∂x
///
/// with n = (r, c) and D = dilation · the output's columns. Large images are computed in bands of rows,
/// whose copies stay in the L2 cache.
///
/// - Source: Cho, Brand 2017, "MEC: memory-efficient convolution for deep neural network", for
///   the copies.
struct DirectConvolution<S: KernelScalar> {
  private let sizes: ConvolutionSizes
  private let bands: RowBands
  /// The weights in the order of the forward pass, which the backward pass uses for the sum of
  /// ∂Wᵀ; and the weights in the order for ∂C.
  private let weights: UnsafeMutablePointer<S>
  private let transposed: UnsafeMutablePointer<S>
  /// C of several samples, one group at a time; later ∂C.
  private let copies: UnsafeMutablePointer<S>
  /// ∂y of one group of a sample, with zeros before and after for the rows u outside it.
  private let slopes: Tensor<S>
  private let border: UnsafeMutablePointer<S>

  /// - Parameter scratch: the tensors that `scratch(for:)` plans.
  init(_ sizes: ConvolutionSizes, scratch: Tensors<S>) {
    self.sizes = sizes
    bands = sizes.bands
    weights = scratch[0].start
    transposed = scratch[1].start
    copies = scratch[2].start
    slopes = scratch[3]
    border = scratch[4].start
  }

  /// True if it is faster than a matrix product, as measured with AVX-512 and AVX2 for 1 to 256
  /// channels on 4×4 to 100×100.
  static func suits(_ sizes: ConvolutionSizes) -> Bool {
    let rows = sizes.rows
    return (rows.stride == 1 || rows.dilation == 1 && rows.size % rows.stride == 0)
      && !sizes.isPointwise && sizes.weights / 512 <= sizes.positions
  }

  static var scratchCount: Int { 5 }

  static func scratch(for sizes: ConvolutionSizes) -> [Plan.Scratch] {
    let bands = sizes.bands
    // A band reads or computes at most so many rows.
    let rows = bands.rows + bands.overlap
    let copies = sizes.lines.times(rows.times(sizes.y.columns)).times(samplesAtOnce(sizes))
    let slopes = sizes.units.times((rows + bands.overlap).times(sizes.y.columns))
    let border = sizes.inputs.times(rows.times(sizes.rows.stride)).times(sizes.paddedColumns)
    return [
      .temporary(sizes.weights), .temporary(sizes.weights), .temporary(copies), .temporary(slopes),
      .temporary(sizes.hasBorder ? max(border, sizes.bandBorder) : 0),
    ]
  }

  /// The number of samples whose products are added before the lanes of the registers are:
  /// about 512 positions, so that their copies fit into the L1 cache.
  private static func samplesAtOnce(_ sizes: ConvolutionSizes) -> Int {
    max(1, min(8, 512 / sizes.positions))
  }

  func forward(
    _ x: UnsafePointer<S>, weight: UnsafePointer<S>, bias: UnsafePointer<S>?,
    into y: UnsafeMutablePointer<S>, samples: Int
  ) {
    for g in 0..<sizes.groups {
      S.pack(
        sizes.factors, phases(weight + g &* sizes.weights, room: transposed), into: weights)
      for s in 0..<samples {
        let part = s &* sizes.groups &+ g
        var bands = bands
        while let band = bands.next() {
          copy(x + part &* sizes.inputPart, band, to: copies)
          S.convolutionForward(
            weights, rows: sizes.units, copies, as: sizes.copies(band),
            from: bias.map { $0 + g &* sizes.units },
            into: y + (part &* sizes.outputPart &+ band.lowerBound &* sizes.y.columns))
        }
      }
    }
  }

  func backward(
    _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, weight: UnsafePointer<S>,
    to dw: UnsafeMutablePointer<S>?, bias db: UnsafeMutablePointer<S>?,
    dx: UnsafeMutablePointer<S>?, stores: Bool, samples allSamples: Int
  ) {
    let sums = weights
    if dx != nil { slopes.fill(0) }
    for g in 0..<sizes.groups {
      if dx != nil {
        S.pack(
          sizes.transposedFactors, phases(weight + g &* sizes.weights, room: sums), into: transposed
        )
      }
      sums.update(repeating: 0, count: sizes.weights)
      let step = sizes.groups &* sizes.outputPart
      let slope = dy + g &* sizes.outputPart
      if let db {
        S.addRowSums(
          slope, rows: sizes.units, columns: sizes.positions, step: step, samples: allSamples,
          to: db + g &* sizes.units)
      }
      var first = 0
      while first < allSamples {
        let samples = min(DirectConvolution.samplesAtOnce(sizes), allSamples &- first)
        if dw != nil {
          var bands = bands
          while let band = bands.next() {
            let copyStep = sizes.lines &* (band.count &+ bands.overlap) &* sizes.y.columns
            for s in 0..<samples {
              let part = (first &+ s) &* sizes.groups &+ g
              copy(x + part &* sizes.inputPart, band, to: copies + s &* copyStep)
            }
            S.addConvolutionWeightGradient(
              slope + (first &* step &+ band.lowerBound &* sizes.y.columns), rows: sizes.units,
              step: step, copies, as: sizes.copies(band), step: copyStep, samples: samples, to: sums
            )
          }
        }
        if let dx {
          for s in first..<(first &+ samples) {
            let part = s &* sizes.groups &+ g
            addInputGradient(
              slope + s &* step, to: dx + part &* sizes.inputPart, stores: stores)
          }
        }
        first &+= samples
      }
      if let dw { addPhases(sums, to: dw + g &* sizes.weights) }
    }
  }

  /// Computes C of the rows that a band of one group of a sample reads.
  private func copy(
    _ x: UnsafePointer<S>, _ band: Range<Int>, to copies: UnsafeMutablePointer<S>
  ) {
    let stride = sizes.rows.stride
    let end = band.upperBound &+ bands.overlap
    guard sizes.hasBorder else { return S.im2col(sizes.wholeColumnWindows, x, into: copies) }
    let rows = band.lowerBound &* stride..<end &* stride
    sizes.copy(x, rows: rows, into: border)
    S.im2col(sizes.columnWindows(rows.count), border, into: copies)
  }

  /// Adds the contribution of ∂y of one group of a sample to ∂x.
  private func addInputGradient(
    _ dy: UnsafePointer<S>, to dx: UnsafeMutablePointer<S>, stores: Bool
  ) {
    let columns = sizes.y.columns
    var lines = bands.ofCopies
    while let band = lines.next() {
      // ∂y of a row of C and of the rows above it.
      let height = band.count &+ bands.overlap
      let top = band.lowerBound &- bands.overlap
      let (from, end) = (max(0, top), min(sizes.y.rows, band.upperBound))
      for o in 0..<sizes.units {
        let plane = slopes.start + o &* height &* columns
        if !bands.isWhole { plane.update(repeating: 0, count: height &* columns) }
        (plane + (from &- top) &* columns).update(
          from: dy + (o &* sizes.positions &+ from &* columns), count: (end &- from) &* columns)
      }
      S.convolutionForward(
        transposed, rows: sizes.lines, slopes.start + bands.overlap &* columns,
        as: sizes.slopes(band, isWhole: bands.isWhole), from: nil, into: copies)
      guard sizes.hasBorder else {
        if stores { dx.update(repeating: 0, count: sizes.inputPart) }
        return S.col2im(sizes.wholeColumnWindows, copies, to: dx)
      }
      let stride = sizes.rows.stride
      // The rows after the last window belong to the last band.
      let isLast = band.upperBound == sizes.copyRows
      let rows =
        band.lowerBound &* stride..<(isLast ? sizes.paddedRows : band.upperBound &* stride)
      border.update(repeating: 0, count: sizes.inputs &* rows.count &* sizes.paddedColumns)
      S.col2im(sizes.columnWindows(rows.count), copies, to: border)
      sizes.add(border, rows: rows, to: dx, stores: stores)
    }
  }
}

// The weights of a unit in the order (i, p, u, v), where row u·s + p of the window is row u of phase p.
extension DirectConvolution {
  /// The weights with the rows of each phase after the other.
  private func phases(
    _ weight: UnsafePointer<S>, room: UnsafeMutablePointer<S>
  ) -> UnsafePointer<S> {
    guard sizes.rows.stride > 1 else { return weight }
    let columns = sizes.columns.size
    for o in 0..<sizes.units {
      for row in 0..<(sizes.inputs &* sizes.rows.size) {
        (room + (o &* sizes.depth &+ sizes.rowInPhases(row) &* columns)).update(
          from: weight + (o &* sizes.depth &+ row &* columns), count: columns)
      }
    }
    return UnsafePointer(room)
  }

  /// Adds the transposed sums, which are in that order, to ∂w.
  private func addPhases(_ sums: UnsafePointer<S>, to dw: UnsafeMutablePointer<S>) {
    let (units, columns) = (sizes.units, sizes.columns.size)
    for o in 0..<units {
      for row in 0..<(sizes.inputs &* sizes.rows.size) {
        let from = sums + (sizes.rowInPhases(row) &* columns &* units &+ o)
        let to = dw + (o &* sizes.depth &+ row &* columns)
        for v in 0..<columns { to[v] += from[v &* units] }
      }
    }
  }
}

/// The rows of the output in bands that are computed one after the other.
private struct RowBands {
  let rows: Int
  /// The rows that a band reads after its last.
  let overlap: Int
  private var first = 0
  private let end: Int

  init(rows: Int, of end: Int, overlap: Int) {
    (self.rows, self.end, self.overlap) = (rows, end, overlap)
  }

  /// True if there is one band.
  var isWhole: Bool { rows == end }

  /// The rows of the copies, `overlap` more than those of the output.
  var ofCopies: RowBands {
    RowBands(
      rows: isWhole ? end &+ overlap : rows, of: end &+ overlap, overlap: overlap)
  }

  mutating func next() -> Range<Int>? {
    guard first < end else { return nil }
    let last = min(end, first &+ rows)
    defer { first = last }
    return first..<last
  }
}

extension ConvolutionSizes {
  /// The rows of the window in a phase.
  private var rowsInPhase: Int { rows.size / rows.stride }

  /// The distance between two rows of the window in a copy, in rows.
  private var rowStep: Int { rows.dilation &* y.columns }

  /// The rows of a copy: those of the output and those that its last windows reach.
  fileprivate var copyRows: Int { y.rows + (rowsInPhase - 1) * rows.dilation }

  /// The number of copied channels.
  fileprivate var lines: Int { inputs.times(rows.stride).times(columns.size) }

  /// Bands of at least 1,024 positions whose copies have about 512 KB of float32; one band if all have
  /// at most 1 MB.
  fileprivate var bands: RowBands {
    let overlap = copyRows - y.rows
    let row = lines.times(y.columns)
    let isSmall = row.times(copyRows) <= 1 << 18
    let most = max((1 << 17) / row - overlap, 2 * overlap, 1023 / y.columns + 1)
    return RowBands(rows: isSmall ? y.rows : min(most, y.rows), of: y.rows, overlap: overlap)
  }

  /// True if a band's rows are copied before their columns are.
  fileprivate var hasBorder: Bool { isBordered || !bands.isWhole }

  /// The numbers of the last band's border, to which the rows after the last window belong.
  fileprivate var bandBorder: Int {
    let rows = bands.isWhole ? paddedRows : bands.rows.times(self.rows.stride) + self.rows.stride
    return inputs.times(rows).times(paddedColumns)
  }

  fileprivate func columnWindows(_ rows: Int) -> PatchGeometry {
    PatchGeometry(
      channels: inputs, rows: rows, columns: paddedColumns,
      window: (self.rows.stride, columns.size), dilation: (1, columns.dilation),
      stride: (self.rows.stride, columns.stride))
  }

  fileprivate var wholeColumnWindows: PatchGeometry { columnWindows(paddedRows) }

  /// The copies as a matrix `[weights of a unit, positions of a band]`.
  fileprivate func copies(_ band: Range<Int>) -> SlidingMatrix {
    let length = (band.count &+ copyRows &- y.rows) &* y.columns
    return SlidingMatrix(
      groups: (inputs &* rows.stride, columns.size &* length), rows: (rowsInPhase, rowStep),
      columns: (columns.size, length), count: band.count &* y.columns, pitch: positions)
  }

  /// ∂y as a matrix `[units · rows of the window in a phase, numbers of a band of a copy]`.
  fileprivate func slopes(_ band: Range<Int>, isWhole: Bool) -> SlidingMatrix {
    let count = band.count &* y.columns
    return SlidingMatrix(
      groups: (units, count &+ (copyRows &- y.rows) &* y.columns),
      rows: (rowsInPhase, -rowStep), columns: (1, 0), count: count,
      span: isWhole ? (positions, rowStep) : nil)
  }

  fileprivate var factors: StridedMatrix {
    StridedMatrix(rows: ((units, depth), (1, 0)), columns: ((1, 0), (depth, 1)))
  }

  /// Wᵀ, `[copies, units · rows of the window in a phase]`.
  fileprivate var transposedFactors: StridedMatrix {
    StridedMatrix(
      rows: ((inputs &* rows.stride, rowsInPhase &* columns.size), (columns.size, 1)),
      columns: ((units, depth), (rowsInPhase, columns.size)))
  }

  /// The row (i, p, u) of a unit's weights for row (i, u·s + p).
  fileprivate func rowInPhases(_ row: Int) -> Int {
    guard rows.stride > 1 else { return row }
    let i = row / rows.size
    let u = row &- i &* rows.size
    return i &* rows.size &+ u % rows.stride &* rowsInPhase &+ u / rows.stride
  }
}
