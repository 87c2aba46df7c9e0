import NNExp

/// A convolution by Winograd's minimal filters F(4×4, 3×3), which need a quarter of the products for a
/// window of 3 × 3. For stride 1, if there are enough channels.
///
///     y  = Aᵀ (Σ U ⊗ V) A + b,  U = G w Gᵀ,  V = Bᵀ d B of the tiles d of 6 × 6 inputs
///     ∂w += Gᵀ (Σ (A ∂y Aᵀ) ⊗ V) G
///     ∂x += the same convolution of ∂y with the flipped filters
///
/// A larger window, filled with zeros to multiples of three, is the sum of windows of 3 × 3, which count
/// as channels: 5 × 5 needs 0.36 of the products, 7 × 7 0.41, and 11 × 11 0.30.
///
/// The sums over channels are matrix products for some tiles at a time, whose matrices stay in the
/// L2 cache. In float32, the root mean square of the errors of y is twice that of the sums of the
/// definition (8·10⁻⁷ and 4·10⁻⁷ of that of y, 64 channels), and the largest error is 2·10⁻⁶ of
/// the largest |y|; of ∂w, 3·10⁻⁶. Measured with 32 to 128 channels on 8×8 to 32×32, normal inputs.
///
/// - Source: Lavin, Gray 2015, "Fast algorithms for convolutional neural networks"
struct WinogradConvolution<S: KernelScalar> {
  private let sizes: ConvolutionSizes
  /// U, or the sums of the filters' gradients.
  private let filters: UnsafeMutablePointer<S>
  /// V of some tiles, and their products or A ∂y Aᵀ.
  private let values: UnsafeMutablePointer<S>
  private let products: UnsafeMutablePointer<S>
  private let room: UnsafeMutablePointer<S>

  /// - Parameter scratch: the tensors that `scratch(for:)` plans.
  init(_ sizes: ConvolutionSizes, scratch: Tensors<S>) {
    self.sizes = sizes
    filters = scratch[0].start
    values = scratch[1].start
    products = scratch[2].start
    room = scratch[3].start
  }

  /// True if it is faster than the other methods, as measured with AVX-512 and AVX2. It must halve the
  /// products; for 3 × 3, at least half of the numbers in the tiles must be positions.
  static func suits(_ sizes: ConvolutionSizes) -> Bool {
    let (rows, columns) = (sizes.rows, sizes.columns)
    guard min(rows.size, columns.size) >= 3, sizes.isDense, rows.dilation == 1,
      columns.dilation == 1, max(rows.padding, rows.paddingAfter) < rows.size,
      max(columns.padding, columns.paddingAfter) < columns.size,
      min(sizes.inputs, sizes.units) >= 16
    else { return false }
    let tiles = ((sizes.y.rows + 3) / 4).times((sizes.y.columns + 3) / 4)
    let parts = sizes.parts.rows.times(sizes.parts.columns)
    return tiles.times(2 * WinogradTiles.entries).times(parts)
      <= sizes.positions.times(rows.size).times(columns.size)
  }

  static func scratch(for sizes: ConvolutionSizes) -> [Plan.Scratch] {
    let (tiles, flipped) = (sizes.tiles, sizes.flippedTiles)
    let filters = max(sizes.filterStep, sizes.flippedFilterStep)
    let numbers = max(
      sizes.step(tiles.mostInBlock, max(tiles.depth, sizes.units)),
      sizes.step(flipped.mostInBlock, max(flipped.depth, sizes.inputs)))
    return [
      .temporary(filters.times(WinogradTiles.entries)),
      .temporary(numbers.times(WinogradTiles.entries)),
      .temporary(numbers.times(WinogradTiles.entries)),
      .temporary(max(tiles.room, flipped.room)),
    ]
  }

  func forward(
    _ x: UnsafePointer<S>, weight: UnsafePointer<S>, bias: UnsafePointer<S>?,
    into y: UnsafeMutablePointer<S>, samples: Int
  ) {
    for g in 0..<sizes.groups {
      S.winogradFilters(
        sizes.filters, weight + g &* sizes.weights, into: filters, step: sizes.filterStep)
      convolve(
        sizes.tiles, step: sizes.filterStep, samples, x + g &* sizes.inputPart,
        bias: bias.map { $0 + g &* sizes.units }, adds: false, into: y + g &* sizes.outputPart)
    }
  }

  func backward(
    _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, weight: UnsafePointer<S>,
    to dw: UnsafeMutablePointer<S>?, bias db: UnsafeMutablePointer<S>?,
    dx: UnsafeMutablePointer<S>?, stores: Bool, samples: Int
  ) {
    for g in 0..<sizes.groups {
      let dy = dy + g &* sizes.outputPart
      if let db {
        S.addRowSums(
          dy, rows: sizes.units, columns: sizes.positions, step: sizes.groups &* sizes.outputPart,
          samples: samples, to: db + g &* sizes.units)
      }
      if let dw {
        addFilterGradient(
          samples, x + g &* sizes.inputPart, dy, to: dw + g &* sizes.weights)
      }
      guard let dx else { continue }
      S.winogradFilters(
        sizes.flippedFilters, weight + g &* sizes.weights, into: filters,
        step: sizes.flippedFilterStep)
      convolve(
        sizes.flippedTiles, step: sizes.flippedFilterStep, samples, dy, bias: nil, adds: !stores,
        into: dx + g &* sizes.inputPart)
    }
  }

  /// y ← bias + the convolution of x with the filters, or added to y; for one group of all samples.
  private func convolve(
    _ tiles: WinogradTiles, step filterStep: Int, _ samples: Int, _ x: UnsafePointer<S>,
    bias: UnsafePointer<S>?, adds: Bool, into y: UnsafeMutablePointer<S>
  ) {
    let xStep = sizes.groups &* tiles.channels &* tiles.rows &* tiles.columns
    let yStep = sizes.groups &* tiles.units &* tiles.positions.rows &* tiles.positions.columns
    var blocks = TileBlocks(tiles, samples: samples)
    while let block = blocks.next() {
      let count = block.count &* tiles.tilesInRow
      let step = sizes.step(count, tiles.depth)
      let productStep = sizes.step(count, tiles.units)
      var parts = TileParts(block, tiles)
      while let part = parts.next() {
        S.winogradInput(
          tiles, x + part.sample &* xStep, rows: part.rows,
          into: values + part.first &* WinogradTiles.filled(tiles.depth), step: step, room: room)
      }
      S.winogradProducts(
        tiles, count: count, values, step: step, filters, step: filterStep, into: products,
        step: productStep)
      parts = TileParts(block, tiles)
      while let part = parts.next() {
        S.winogradOutput(
          tiles, products + part.first &* WinogradTiles.filled(tiles.units), step: productStep,
          bias: bias, adds: adds, rows: part.rows, into: y + part.sample &* yStep, room: room)
      }
    }
  }

  /// ∂w += Gᵀ (Σ (A ∂y Aᵀ) ⊗ V) G for one group of all samples.
  private func addFilterGradient(
    _ samples: Int, _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, to dw: UnsafeMutablePointer<S>
  ) {
    let tiles = sizes.tiles
    let sums = filters
    sums.update(repeating: 0, count: WinogradTiles.entries &* sizes.filterStep)
    var blocks = TileBlocks(tiles, samples: samples)
    while let block = blocks.next() {
      let count = block.count &* tiles.tilesInRow
      let (step, slopeStep) = (sizes.step(count, tiles.depth), sizes.step(count, tiles.units))
      var parts = TileParts(block, tiles)
      while let part = parts.next() {
        S.winogradInput(
          tiles, x + part.sample &* sizes.groups &* sizes.inputPart, rows: part.rows,
          into: values + part.first &* WinogradTiles.filled(tiles.depth), step: step, room: room)
        S.winogradSlopes(
          tiles, dy + part.sample &* sizes.groups &* sizes.outputPart, rows: part.rows,
          into: products + part.first &* WinogradTiles.filled(tiles.units), step: slopeStep,
          room: room)
      }
      S.addWinogradSums(
        tiles, count: count, values, step: step, products, step: slopeStep, to: sums,
        step: sizes.filterStep)
    }
    S.addWinogradFilterGradient(sizes.filters, sums, step: sizes.filterStep, to: dw)
  }
}

/// The blocks of rows of tiles whose products are computed together; rows of all samples are numbered
/// one after the other.
private struct TileBlocks {
  private let rows: Int
  private let rowsInBlock: Int
  private var first = 0

  init(_ tiles: WinogradTiles, samples: Int) {
    rows = samples &* tiles.tileRows
    rowsInBlock = tiles.rowsInBlock
  }

  mutating func next() -> Range<Int>? {
    guard first < rows else { return nil }
    let end = min(rows, first &+ rowsInBlock)
    defer { first = end }
    return first..<end
  }
}

/// The parts of a block that belong to one sample each.
private struct TileParts {
  private let block: Range<Int>
  private let tilesInRow: Int
  private let tileRows: Int
  private var row: Int

  init(_ block: Range<Int>, _ tiles: WinogradTiles) {
    self.block = block
    (tilesInRow, tileRows) = (tiles.tilesInRow, tiles.tileRows)
    row = block.lowerBound
  }

  /// The sample, its rows of tiles, and the index of their first tile within the block.
  mutating func next() -> (sample: Int, rows: Range<Int>, first: Int)? {
    guard row < block.upperBound else { return nil }
    let sample = row / tileRows
    let start = row &- sample &* tileRows
    let end = min(tileRows, start &+ block.upperBound &- row)
    let first = (row &- block.lowerBound) &* tilesInRow
    row &+= end &- start
    return (sample, start..<end, first)
  }
}

extension WinogradTiles {
  /// The rows of tiles in a block: about 32 tiles, or 16 of larger windows, so that their transforms
  /// stay in the L2 cache. If the filters do not fit there, more tiles, because each block reads all
  /// filters.
  fileprivate var rowsInBlock: Int {
    let tiles = max(parts == (1, 1) ? 32 : 16, depth.times(units) / 1024)
    return max(1, min(tiles, 1024) / tilesInRow)
  }
  fileprivate var mostInBlock: Int { rowsInBlock &* tilesInRow }
}

extension ConvolutionSizes {
  fileprivate var tiles: WinogradTiles {
    WinogradTiles(
      channels: inputs, rows: x.rows, columns: x.columns, padding: (rows.padding, columns.padding),
      units: units, positions: (y.rows, y.columns), parts: parts)
  }

  /// The tiles of ∂y, for ∂x.
  fileprivate var flippedTiles: WinogradTiles {
    WinogradTiles(
      channels: units, rows: y.rows, columns: y.columns,
      padding: (rows.size &- 1 &- rows.padding, columns.size &- 1 &- columns.padding),
      units: inputs, positions: (x.rows, x.columns), parts: parts)
  }

  /// The number of windows of 3 × 3 that cover the window, along each axis.
  fileprivate var parts: (rows: Int, columns: Int) {
    ((rows.size - 1) / 3 + 1, (columns.size - 1) / 3 + 1)
  }

  fileprivate var filters: WinogradFilters {
    WinogradFilters(
      units: (units, depth), channels: (inputs, rows.size &* columns.size),
      taps: (rows.size, columns.size), flips: false)
  }

  fileprivate var flippedFilters: WinogradFilters {
    WinogradFilters(
      units: (inputs, rows.size &* columns.size), channels: (units, depth),
      taps: (rows.size, columns.size), flips: true)
  }

  /// The distance between two matrices of `rows` rows. A cache line more than their size, so that
  /// not all of them begin in the same lines of the L1 cache.
  fileprivate func step(_ rows: Int, _ columns: Int) -> Int {
    let numbers = rows.times(WinogradTiles.filled(columns))
    return numbers > .max - 16 ? .max : numbers + 16
  }

  fileprivate var filterStep: Int { step(tiles.depth, units) }
  fileprivate var flippedFilterStep: Int { step(flippedTiles.depth, inputs) }
}
