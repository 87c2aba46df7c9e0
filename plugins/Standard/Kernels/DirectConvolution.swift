import NNExp

/// A convolution that does not store its windows as a matrix. For stride 1, and if there are
/// not too many weights for the number of positions.
///
/// The input is copied once for each column v of the window, with rows as long as those of the
/// output: C[i, v; r, c] = x[i, r, c + v·dilation]. In each copy, the numbers that are
/// multiplied by one weight are adjacent, from position to position and from row to row:
///
///     y[o; n]          = b[o] + Σ w[o, i, u, v] · C[i, v; n + u·D]
///     ∂w[o, i, u, v]  += Σ ∂y[o; n] · C[i, v; n + u·D]
///     ∂C[i, v; n]      = Σ w[o, i, u, v] · ∂y[o; n − u·D], then added back to ∂x
///
/// with n = (r, c) and D = dilation · the output's columns.
///
/// - Source: Cho, Brand 2017, "MEC: memory-efficient convolution for deep neural network", for
///   the copies.
struct DirectConvolution<S: KernelScalar> {
  private let sizes: ConvolutionSizes
  /// The weights in the order of the forward pass, which the backward pass uses for the sum of
  /// ∂Wᵀ; and the weights in the order for ∂C.
  private let weights: UnsafeMutablePointer<S>
  private let transposed: UnsafeMutablePointer<S>
  /// C of several samples, one group at a time; later ∂C.
  private let copies: UnsafeMutablePointer<S>
  /// ∂y of one group of a sample, with zeros before and after for the rows u outside it.
  private let slopes: Tensor<S>
  private let border: UnsafeMutablePointer<S>?

  /// - Parameter scratch: the tensors that `scratch(for:)` plans.
  init(_ sizes: ConvolutionSizes, scratch: Tensors<S>) {
    self.sizes = sizes
    weights = scratch[0].start
    transposed = scratch[1].start
    copies = scratch[2].start
    slopes = scratch[3]
    border = sizes.isBordered ? scratch[4].start : nil
  }

  /// True if it is faster than a matrix product, as measured with AVX-512 and AVX2 for 1 to 256
  /// channels on 4×4 to 100×100.
  static func suits(_ sizes: ConvolutionSizes) -> Bool {
    sizes.isDense && !sizes.isPointwise
      && sizes.weights / 512 <= sizes.positions
  }

  static func scratch(for sizes: ConvolutionSizes) -> [Plan.Scratch] {
    // The plane of each unit with the zeros after it, and the zeros before the first.
    let slopes = sizes.lineLength.times(sizes.units + 1)
    let copies = sizes.copyLength.times(samplesAtOnce(sizes))
    return [
      .temporary(sizes.weights), .temporary(sizes.weights), .temporary(copies), .temporary(slopes),
    ]
      + (sizes.isBordered ? [.temporary(sizes.border)] : [])
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
      S.pack(sizes.factors, weight + g &* sizes.weights, into: weights)
      for s in 0..<samples {
        let part = s &* sizes.groups &+ g
        copy(x + part &* sizes.inputPart, to: copies)
        S.convolutionForward(
          weights, rows: sizes.units, copies, as: sizes.copies,
          from: bias.map { $0 + g &* sizes.units }, into: y + part &* sizes.outputPart)
      }
    }
  }

  func backward(
    _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, weight: UnsafePointer<S>,
    to dw: UnsafeMutablePointer<S>?, bias db: UnsafeMutablePointer<S>?,
    dx: UnsafeMutablePointer<S>?, samples allSamples: Int
  ) {
    let sums = weights
    if dx != nil { slopes.fill(0) }
    for g in 0..<sizes.groups {
      sums.update(repeating: 0, count: sizes.weights)
      if dx != nil {
        S.pack(sizes.transposedFactors, weight + g &* sizes.weights, into: transposed)
      }
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
          for s in 0..<samples {
            let part = (first &+ s) &* sizes.groups &+ g
            copy(x + part &* sizes.inputPart, to: copies + s &* sizes.copyLength)
          }
          S.addConvolutionWeightGradient(
            slope + first &* step, rows: sizes.units, step: step, copies, as: sizes.copies,
            step: sizes.copyLength, samples: samples, to: sums)
        }
        if let dx {
          for s in first..<(first &+ samples) {
            let part = s &* sizes.groups &+ g
            addInputGradient(slope + s &* step, to: dx + part &* sizes.inputPart)
          }
        }
        first &+= samples
      }
      guard let dw else { continue }
      let to = dw + g &* sizes.weights
      for o in 0..<sizes.units {
        for k in 0..<sizes.depth { to[o &* sizes.depth &+ k] += sums[k &* sizes.units &+ o] }
      }
    }
  }

  /// Computes C of one group of a sample.
  private func copy(_ x: UnsafePointer<S>, to copies: UnsafeMutablePointer<S>) {
    if let border {
      sizes.copy(x, into: border)
      S.im2col(sizes.columnWindows, border, into: copies)
    } else {
      S.im2col(sizes.columnWindows, x, into: copies)
    }
  }

  /// Adds the contribution of ∂y of one group of a sample to ∂x.
  private func addInputGradient(_ dy: UnsafePointer<S>, to dx: UnsafeMutablePointer<S>) {
    let zeros = sizes.slopeZeros
    for o in 0..<sizes.units {
      (slopes.start + (zeros &+ o &* (sizes.positions &+ zeros))).update(
        from: dy + o &* sizes.positions, count: sizes.positions)
    }
    S.convolutionForward(
      transposed, rows: sizes.lines, slopes.start + zeros, as: sizes.slopes, from: nil,
      into: copies)
    if let border {
      border.update(repeating: 0, count: sizes.border)
      S.col2im(sizes.columnWindows, copies, to: border)
      sizes.add(border, to: dx)
    } else {
      S.col2im(sizes.columnWindows, copies, to: dx)
    }
  }
}

extension ConvolutionSizes {
  /// The number of copied channels, the numbers in one, and the numbers in all.
  fileprivate var lines: Int { inputs.times(columns.size) }
  fileprivate var lineLength: Int { paddedRows.times(y.columns) }
  fileprivate var copyLength: Int { lines.times(lineLength) }

  /// The distance between two rows of the window in a copy.
  private var rowStep: Int { rows.dilation &* y.columns }

  /// The number of zeros between the planes of ∂y.
  fileprivate var slopeZeros: Int { (rows.extent &- 1) &* y.columns }

  fileprivate var columnWindows: PatchGeometry {
    PatchGeometry(
      channels: inputs, rows: paddedRows, columns: paddedColumns, window: (1, columns.size),
      dilation: (1, columns.dilation))
  }

  /// The copies as a matrix `[weights of a unit, positions]`.
  fileprivate var copies: SlidingMatrix {
    SlidingMatrix(
      groups: (inputs, columns.size &* lineLength), rows: (rows.size, rowStep),
      columns: (columns.size, lineLength), count: positions)
  }

  /// ∂y as a matrix `[units · rows of the window, numbers of a copy]`.
  fileprivate var slopes: SlidingMatrix {
    SlidingMatrix(
      groups: (units, positions &+ slopeZeros), rows: (rows.size, -rowStep), columns: (1, 0),
      count: lineLength, span: (positions, rowStep))
  }

  fileprivate var factors: StridedMatrix {
    StridedMatrix(rows: ((units, depth), (1, 0)), columns: ((1, 0), (depth, 1)))
  }

  /// Wᵀ, `[copies, units · rows of the window]`.
  fileprivate var transposedFactors: StridedMatrix {
    StridedMatrix(
      rows: ((inputs, rows.size &* columns.size), (columns.size, 1)),
      columns: ((units, depth), (rows.size, columns.size)))
  }
}
