import NNExp

/// The sizes of a convolution for one input shape. Sizes are those of one group of one sample
/// unless stated otherwise.
struct ConvolutionSizes {
  let rows: Window
  let columns: Window
  let groups: Int
  /// The planes of the input and output, of all groups.
  let x: Planes
  let y: Planes
  /// The number of input channels, and of output channels.
  let inputs: Int
  let units: Int
  // The following sizes are `Int.max` if they overflow.
  /// The number of weights of one unit, and of all units.
  let depth: Int
  let weights: Int
  /// The number of window positions.
  let positions: Int
  /// The rows, columns and total size of the input with its padding.
  let paddedRows: Int
  let paddedColumns: Int
  let border: Int

  var inputPart: Int { inputs &* x.count }
  var outputPart: Int { units &* positions }

  /// True if a sample itself is the matrix of its windows.
  var isPointwise: Bool { rows == .single && columns == .single }

  /// True if neighboring windows are one position apart.
  var isDense: Bool { rows.stride == 1 && columns.stride == 1 }

  /// True if windows extend beyond the input, which is therefore copied into a border of zeros
  /// first.
  var isBordered: Bool { rows.isPadded || columns.isPadded }

  /// - Parameters:
  ///   - input: `[channels, rows, columns]`, where the number of channels is a multiple of
  ///     `groups`.
  ///   - output: the output shape of `Convolution.plan`.
  init(rows: Window, columns: Window, groups: Int, input: Shape, output: Shape) {
    guard let x = Planes(input), let y = Planes(output) else {
      preconditionFailure("`plan` lets no other shape pass")
    }
    (self.rows, self.columns, self.groups, self.x, self.y) = (rows, columns, groups, x, y)
    inputs = x.channels / groups
    units = y.channels / groups
    depth = inputs.times(rows.size).times(columns.size)
    weights = units.times(depth)
    positions = y.rows.times(y.columns)
    paddedRows = min(x.rows, .max / 2) + rows.padding + rows.paddingAfter
    paddedColumns = min(x.columns, .max / 2) + columns.padding + columns.paddingAfter
    border = inputs.times(paddedRows).times(paddedColumns)
  }

  /// Copies some rows of the padded input into the border, whose memory may contain anything.
  func copy<S: Scalar>(
    _ x: UnsafePointer<S>, rows: Range<Int>, into border: UnsafeMutablePointer<S>
  ) {
    border.update(repeating: 0, count: inputs &* rows.count &* paddedColumns)
    forEachRow(in: rows) { inner, outer in
      (border + outer).update(from: x + inner, count: self.x.columns)
    }
  }

  /// Adds the part of these rows that is inside the border to dx, or with `stores` copies it.
  func add<S: Scalar>(
    _ border: UnsafePointer<S>, rows: Range<Int>, to dx: UnsafeMutablePointer<S>, stores: Bool
  ) {
    if stores {
      forEachRow(in: rows) { inner, outer in
        (dx + inner).update(from: border + outer, count: x.columns)
      }
    } else {
      forEachRow(in: rows) { inner, outer in
        for c in 0..<x.columns { dx[inner &+ c] += border[outer &+ c] }
      }
    }
  }

  /// Calls `body` with the offset of every row of the input that is one of these rows of the padded
  /// input, and its offset in them.
  @inline(__always)
  private func forEachRow(in padded: Range<Int>, _ body: (_ inner: Int, _ outer: Int) -> Void) {
    let first = max(0, padded.lowerBound &- rows.padding)
    let end = min(x.rows, padded.upperBound &- rows.padding)
    for i in 0..<inputs {
      var outer = (i &* padded.count &+ first &+ rows.padding &- padded.lowerBound) &* paddedColumns
      outer &+= columns.padding
      var r = first
      while r < end {
        body((i &* x.rows &+ r) &* x.columns, outer)
        outer &+= paddedColumns
        r &+= 1
      }
    }
  }
}

// The sums of a convolution, computed by the fastest of three methods.
extension ConvolutionSizes {
  var scratch: [Plan.Scratch] {
    if WinogradConvolution<Double>.suits(self) {
      WinogradConvolution<Double>.scratch(for: self)
    } else if DirectConvolution<Double>.suits(self) {
      DirectConvolution<Double>.scratch(for: self)
    } else {
      Im2colConvolution<Double>.scratch(for: self)
    }
  }

  /// True if `backward` can overwrite ∂x.
  var canStoreInputGradient: Bool {
    WinogradConvolution<Double>.suits(self) || DirectConvolution<Double>.suits(self)
  }

  /// The number of scratch tensors.
  var scratchCount: Int {
    if WinogradConvolution<Double>.suits(self) { return 4 }
    if DirectConvolution<Double>.suits(self) { return DirectConvolution<Double>.scratchCount }
    return isPointwise ? 1 : isBordered ? 3 : 2
  }

  /// y ← b + w ∗ x, without b if it is nil.
  func forward<S: KernelScalar>(
    _ x: UnsafePointer<S>, weight: UnsafePointer<S>, bias: UnsafePointer<S>?,
    into y: UnsafeMutablePointer<S>, samples: Int, scratch: Tensors<S>
  ) {
    if WinogradConvolution<S>.suits(self) {
      WinogradConvolution(self, scratch: scratch).forward(
        x, weight: weight, bias: bias, into: y, samples: samples)
    } else if DirectConvolution<S>.suits(self) {
      DirectConvolution(self, scratch: scratch).forward(
        x, weight: weight, bias: bias, into: y, samples: samples)
    } else {
      Im2colConvolution(sizes: self, scratch: scratch).forward(
        x, weight: weight, bias: bias, into: y, samples: samples)
    }
  }

  /// ∂w += ∂y ∗ x, ∂b += Σ∂y and ∂x += the adjoint of w on ∂y, each if it is wanted. x is read
  /// only for ∂w. With `stores`, ∂x is overwritten.
  func backward<S: KernelScalar>(
    _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, weight: UnsafePointer<S>,
    to dw: UnsafeMutablePointer<S>?, bias db: UnsafeMutablePointer<S>?,
    dx: UnsafeMutablePointer<S>?, stores: Bool = false, samples: Int, scratch: Tensors<S>
  ) {
    if WinogradConvolution<S>.suits(self) {
      WinogradConvolution(self, scratch: scratch).backward(
        x, dy, weight: weight, to: dw, bias: db, dx: dx, stores: stores, samples: samples)
    } else if DirectConvolution<S>.suits(self) {
      DirectConvolution(self, scratch: scratch).backward(
        x, dy, weight: weight, to: dw, bias: db, dx: dx, stores: stores, samples: samples)
    } else {
      Im2colConvolution(sizes: self, scratch: scratch).backward(
        x, dy, weight: weight, to: dw, bias: db, dx: dx, samples: samples)
    }
  }
}

extension Int {
  /// The product of two numbers that are not negative; `Int.max` if it overflows, which the
  /// engine reports as too large.
  func times(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
