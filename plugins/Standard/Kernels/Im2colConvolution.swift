import NNExp

/// A convolution by matrix products. The windows of a sample are the columns of a matrix P
/// `[channels·rows·columns of the window, positions]`, so that the sums become
///
///     y = W P,  ∂Wᵀ += P ∂yᵀ,  ∂P = Wᵀ ∂y, which is then added back to ∂x
struct Im2colConvolution<S: KernelScalar> {
  let sizes: ConvolutionSizes
  let scratch: Tensors<S>

  /// ∂Wᵀ; P unless the sample itself is P; the padded input if there is padding.
  static func scratch(for sizes: ConvolutionSizes) -> [Plan.Scratch] {
    var scratch = [Plan.Scratch.temporary(sizes.weights.times(sizes.groups))]
    if !sizes.isPointwise {
      scratch.append(.temporary(sizes.depth.times(sizes.positions)))
      if sizes.isBordered { scratch.append(.temporary(sizes.border)) }
    }
    return scratch
  }

  func forward(
    _ x: UnsafePointer<S>, weight: UnsafePointer<S>, bias: UnsafePointer<S>?,
    into y: UnsafeMutablePointer<S>, samples: Int
  ) {
    for s in 0..<samples {
      for g in 0..<sizes.groups {
        let part = s &* sizes.groups &+ g
        let from = UnsafeMutablePointer(mutating: x + part &* sizes.inputPart)
        let to = y + part &* sizes.outputPart
        if let bias = bias.map({ $0 + g &* sizes.units }) {
          for o in 0..<sizes.units {
            (to + o &* sizes.positions).update(repeating: bias[o], count: sizes.positions)
          }
        }
        let patches = sizes.isPointwise ? from : scratch[1].start
        if !sizes.isPointwise { im2col(from, into: patches) }
        multiply(
          sizes.weight(weight, group: g),
          Matrix(start: patches, rows: sizes.depth, columns: sizes.positions),
          into: Matrix(start: to, rows: sizes.units, columns: sizes.positions),
          accumulating: bias != nil)
      }
    }
  }

  func backward(
    _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, weight: UnsafePointer<S>,
    to dw: UnsafeMutablePointer<S>?, bias db: UnsafeMutablePointer<S>?,
    dx: UnsafeMutablePointer<S>?, samples: Int
  ) {
    // ∂Wᵀ += P ∂yᵀ, for which the BLAS is up to 1.5 times as fast as for ∂W += ∂y Pᵀ.
    let sums = scratch[0]
    sums.fill(0)
    for s in 0..<samples {
      for g in 0..<sizes.groups {
        let part = s &* sizes.groups &+ g
        let from = UnsafeMutablePointer(mutating: x + part &* sizes.inputPart)
        let slope = UnsafeMutablePointer(mutating: dy + part &* sizes.outputPart)
        let dyPart = Matrix(start: slope, rows: sizes.units, columns: sizes.positions)
        if let db = db.map({ $0 + g &* sizes.units }) {
          for o in 0..<sizes.units {
            let row = slope + o &* sizes.positions
            db[o] += interleavedSum(sizes.positions) { row[$0] }
          }
        }
        let patches = sizes.isPointwise ? from : scratch[1].start
        let columns = Matrix(start: patches, rows: sizes.depth, columns: sizes.positions)
        if dw != nil {
          if !sizes.isPointwise { im2col(from, into: patches) }
          multiply(
            columns, dyPart.transposed, into: sizes.transposedWeight(sums, group: g),
            accumulating: true)
        }
        guard let dx else { continue }
        let transposedWeight = sizes.weight(weight, group: g).transposed
        let to = dx + part &* sizes.inputPart
        if sizes.isPointwise {
          multiply(
            transposedWeight, dyPart,
            into: Matrix(start: to, rows: sizes.depth, columns: sizes.positions),
            accumulating: true)
        } else {
          multiply(transposedWeight, dyPart, into: columns)
          col2im(patches, to: to)
        }
      }
    }
    guard let dw else { return }
    for g in 0..<sizes.groups {
      let from = sums.start + g &* sizes.weights
      let to = dw + g &* sizes.weights
      for o in 0..<sizes.units {
        for k in 0..<sizes.depth { to[o &* sizes.depth &+ k] += from[k &* sizes.units &+ o] }
      }
    }
  }
}

extension ConvolutionSizes {
  fileprivate func weight<S: Scalar>(_ weight: UnsafePointer<S>, group: Int) -> Matrix<S> {
    Matrix(
      start: UnsafeMutablePointer(mutating: weight + group &* weights), rows: units,
      columns: depth)
  }

  fileprivate func transposedWeight<S: Scalar>(_ weight: Tensor<S>, group: Int) -> Matrix<S> {
    Matrix(start: weight.start + group &* weights, rows: depth, columns: units)
  }

  /// The windows over the padded input.
  fileprivate var windows: PatchGeometry {
    PatchGeometry(
      channels: inputs, rows: paddedRows, columns: paddedColumns, window: (rows.size, columns.size),
      dilation: (rows.dilation, columns.dilation), stride: (rows.stride, columns.stride))
  }
}

extension Im2colConvolution {
  /// Copies the windows of a part of a sample to the columns of `patches`.
  private func im2col(_ x: UnsafePointer<S>, into patches: UnsafeMutablePointer<S>) {
    if sizes.isBordered {
      sizes.copy(x, rows: 0..<sizes.paddedRows, into: scratch[2].start)
      return S.im2col(sizes.windows, scratch[2].start, into: patches)
    }
    S.im2col(sizes.windows, x, into: patches)
  }

  /// Adds every column of `patches` to its window.
  private func col2im(_ patches: UnsafePointer<S>, to dx: UnsafeMutablePointer<S>) {
    if sizes.isBordered {
      let border = scratch[2]
      border.fill(0)
      S.col2im(sizes.windows, patches, to: border.start)
      return sizes.add(border.start, rows: 0..<sizes.paddedRows, to: dx, stores: false)
    }
    S.col2im(sizes.windows, patches, to: dx)
  }
}
