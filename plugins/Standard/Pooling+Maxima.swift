import NNExp

// Layers of maxima. In three dimensions, the largest entry of a window is that of the largest
// entries of its slices: the windows over rows and columns come first, then those over slices.

extension Pooling {
  /// Scratch memory: the positions of the largest entries, and two rows. In three dimensions
  /// also the maxima of the slices, their gradients, and their own positions.
  func maximaScratch(from input: Shape, to output: Shape) throws -> [Plan.Scratch] {
    let geometries =
      input.rank < 4
      ? [planes(from: input, to: output).geometry]
      : [slices(from: input, to: output).geometry, depths(from: input, to: output).geometry]
    // A position is stored in the bits of a float32.
    for geometry in geometries
    where Shape([geometry.rows, geometry.columns]).count > Int(Int32.max) {
      throw Diagnostic("the input \(input) has more than \(Int32.max) numbers in a channel")
    }
    let room = geometries.map(\.rowRoom).max() ?? 0
    let scratch: [Plan.Scratch] = [.perSample(output.count), .temporary(2.times(room))]
    guard input.rank == 4 else { return scratch }
    let middle = middleCount(from: input, to: output)
    return scratch + Array(repeating: .perSample(middle), count: 3)
  }

  func forwardMaxima<S: KernelScalar>(_ pass: ForwardPass<S>, isAbsolute: Bool) {
    let (input, output, scratch) = (pass.x.shape, pass.y.shape, pass.scratch)
    guard input.rank == 4 else {
      let geometry = planes(from: input, to: output).geometry
      return S.windowMaxima(
        pass.x.start, isAbsolute: isAbsolute, of: geometry, into: pass.y.start,
        positions: scratch[0].start, planes: pass.y.count / geometry.windows,
        row: scratch[1].start)
    }
    let ofSlices = slices(from: input, to: output).geometry
    let ofDepth = depths(from: input, to: output).geometry
    S.windowMaxima(
      pass.x.start, isAbsolute: isAbsolute, of: ofSlices, into: scratch[2].start,
      positions: scratch[4].start, planes: pass.samples &* input[0] &* input[1],
      row: scratch[1].start)
    S.windowMaxima(
      scratch[2].start, isAbsolute: false, of: ofDepth, into: pass.y.start,
      positions: scratch[0].start, planes: pass.samples &* input[0], row: scratch[1].start)
  }

  func backwardMaxima<S: KernelScalar>(_ pass: BackwardPass<S>, isAbsolute: Bool) {
    let (input, output, scratch) = (pass.x.shape, pass.y.shape, pass.scratch)
    guard input.rank == 4 else {
      let geometry = planes(from: input, to: output).geometry
      let count = pass.y.count / geometry.windows / pass.samples
      for s in 0..<pass.samples {
        let (x, y) = (s &* input.count, s &* output.count)
        if pass.storesInputGradient {
          (pass.dx.start + x).update(repeating: 0, count: input.count)
        }
        S.addWindowMaximaVJP(
          pass.x.start + x, isAbsolute: isAbsolute, of: geometry,
          positions: scratch[0].start + y, pass.dy.start + y, to: pass.dx.start + x,
          planes: count)
      }
      return
    }
    let ofSlices = slices(from: input, to: output).geometry
    let ofDepth = depths(from: input, to: output).geometry
    scratch[3].start.update(
      repeating: 0, count: pass.samples &* middleCount(from: input, to: output))
    S.addWindowMaximaVJP(
      scratch[2].start, isAbsolute: false, of: ofDepth, positions: scratch[0].start, pass.dy.start,
      to: scratch[3].start, planes: pass.samples &* input[0])
    S.addWindowMaximaVJP(
      pass.x.start, isAbsolute: isAbsolute, of: ofSlices, positions: scratch[4].start,
      scratch[3].start, to: pass.dx.start, planes: pass.samples &* input[0] &* input[1])
  }
}
