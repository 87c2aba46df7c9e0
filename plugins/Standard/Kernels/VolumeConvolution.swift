import NNExp

/// A convolution in one to three dimensions.
///
/// In one dimension an image has one row. In three, the slices that a window covers are copied
/// as channels of an image, one image per output slice, so that the sums are those of a
/// convolution in two:
///
///     X[d; i, t]      = x[i, d·stride + t·dilation − padding]        (each an image)
///     y[o, d; r, c]   = b[o] + Σ w[o, (i, t), u, v] · X[d; (i, t), …]
struct VolumeConvolution {
  /// The convolution of one image of copied slices.
  private let plane: ConvolutionSizes
  private let slices: Window
  private let x: Volume
  private let y: Volume
  private let isVolume: Bool

  /// - Precondition: `output` is that of the layer's plan.
  init(_ windows: Windows, groups: Int, input: Shape, output: Shape) {
    guard let x = Volume(input), let y = Volume(output) else {
      preconditionFailure("`plan` lets no other shape pass")
    }
    (self.x, self.y, slices) = (x, y, windows.depth)
    isVolume = input.rank == 4
    plane = ConvolutionSizes(
      rows: windows.rows, columns: windows.columns, groups: groups,
      input: Shape(
        extents: SIMD4(x.channels.times(windows.depth.size), x.rows, x.columns, 1), rank: 3),
      output: Shape(extents: SIMD4(y.channels, y.rows, y.columns, 1), rank: 3))
  }

  /// The number of weights of one unit.
  var depth: Int { plane.depth }

  /// The numbers of a slice of x and of y, and of all copies of a sample.
  private var xSlice: Int { x.rows &* x.columns }
  private var ySlice: Int { y.rows &* y.columns }
  private var copies: Int {
    y.slices.times(x.channels).times(slices.size).times(x.rows).times(x.columns)
  }

  /// The scratch memory: that of an image; X, ∂X, and y or ∂y with one image per output slice.
  var scratch: [Plan.Scratch] {
    guard isVolume else { return plane.scratch }
    let output = y.slices.times(y.channels).times(y.rows).times(y.columns)
    return [.fixed(copies), .fixed(copies), .fixed(output)] + plane.scratch
  }

  /// True if `backward` can overwrite ∂x.
  var canStoreInputGradient: Bool { !isVolume && plane.canStoreInputGradient }

  /// The number of scratch tensors, without making the list.
  var scratchCount: Int { (isVolume ? 3 : 0) + plane.scratchCount }

  /// y ← b + w ∗ x.
  func forward<S: KernelScalar>(
    _ x: UnsafePointer<S>, weight: UnsafePointer<S>, bias: UnsafePointer<S>?,
    into y: UnsafeMutablePointer<S>, samples: Int, scratch: Tensors<S>
  ) {
    guard isVolume else {
      return plane.forward(
        x, weight: weight, bias: bias, into: y, samples: samples, scratch: scratch)
    }
    let (images, results) = (scratch[0].start, scratch[2].start)
    let inputs = self.x.channels &* self.x.slices &* xSlice
    let outputs = self.y.channels &* self.y.slices &* ySlice
    for s in 0..<samples {
      copySlices(x + s &* inputs, into: images)
      plane.forward(
        images, weight: weight, bias: bias, into: results, samples: self.y.slices,
        scratch: scratch.dropFirst(3))
      forEachOutput { image, volume in
        (y + s &* outputs + volume).update(from: results + image, count: ySlice)
      }
    }
  }

  /// ∂w += ∂y ∗ x, ∂b += Σ∂y and ∂x += the adjoint of w on ∂y, each if it is wanted. x is read
  /// only for ∂w. With `stores`, ∂x is overwritten.
  func backward<S: KernelScalar>(
    _ x: UnsafePointer<S>, _ dy: UnsafePointer<S>, weight: UnsafePointer<S>,
    to dw: UnsafeMutablePointer<S>?, bias db: UnsafeMutablePointer<S>?,
    dx: UnsafeMutablePointer<S>?, stores: Bool = false, samples: Int, scratch: Tensors<S>
  ) {
    guard isVolume else {
      return plane.backward(
        x, dy, weight: weight, to: dw, bias: db, dx: dx, stores: stores, samples: samples,
        scratch: scratch)
    }
    let (images, dImages, slopes) = (scratch[0].start, scratch[1].start, scratch[2].start)
    let inputs = self.x.channels &* self.x.slices &* xSlice
    let outputs = self.y.channels &* self.y.slices &* ySlice
    for s in 0..<samples {
      if dw != nil { copySlices(x + s &* inputs, into: images) }
      forEachOutput { image, volume in
        (slopes + image).update(from: dy + s &* outputs + volume, count: ySlice)
      }
      if dx != nil { dImages.update(repeating: 0, count: copies) }
      plane.backward(
        images, slopes, weight: weight, to: dw, bias: db, dx: dx == nil ? nil : dImages,
        samples: self.y.slices, scratch: scratch.dropFirst(3))
      guard let dx else { continue }
      forEachCopy { image, volume in
        guard volume >= 0 else { return }
        let (to, from) = (dx + s &* inputs + volume, dImages + image)
        for i in 0..<xSlice { to[i] += from[i] }
      }
    }
  }

  /// Copies the slices of a sample; those in the padding are 0.
  private func copySlices<S: Scalar>(_ x: UnsafePointer<S>, into images: UnsafeMutablePointer<S>) {
    forEachCopy { image, volume in
      if volume < 0 {
        (images + image).update(repeating: 0, count: xSlice)
      } else {
        (images + image).update(from: x + volume, count: xSlice)
      }
    }
  }

  /// Calls `body` with the offset of every copied slice and that of its slice in x, which is
  /// negative in the padding.
  @inline(__always)
  private func forEachCopy(_ body: (_ image: Int, _ volume: Int) -> Void) {
    var image = 0
    for d in 0..<y.slices {
      for i in 0..<x.channels {
        for t in 0..<slices.size {
          let slice = d &* slices.stride &+ t &* slices.dilation &- slices.padding
          let isInside = slice >= 0 && slice < x.slices
          body(image, isInside ? (i &* x.slices &+ slice) &* xSlice : -1)
          image &+= xSlice
        }
      }
    }
  }

  /// Calls `body` with the offset of every slice of the images of outputs and that in y.
  @inline(__always)
  private func forEachOutput(_ body: (_ image: Int, _ volume: Int) -> Void) {
    var image = 0
    for d in 0..<y.slices {
      for o in 0..<y.channels {
        body(image, (o &* y.slices &+ d) &* ySlice)
        image &+= ySlice
      }
    }
  }
}
