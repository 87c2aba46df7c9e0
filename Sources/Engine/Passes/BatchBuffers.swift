import Datasets
import NNExp

/// The buffers for the samples of a batch: its inputs by port, and its targets.
///
/// A sample of a `Dataset` consists of a row of values, a row of indices and a row of targets.
/// Each port is a piece of one of these rows.
final class BatchBuffers<S: Scalar> {
  /// The inputs by port. The buffer of a port of indices contains 32-bit integers.
  let inputs: [Tensor<S>]
  let targets: [Tensor<S>]

  /// The pieces of each row, in order.
  private let valuePieces: UnsafeMutablePointer<Piece<S>>
  private let indexPieces: UnsafeMutablePointer<Piece<Int32>>
  private let targetPieces: UnsafeMutablePointer<Piece<S>>
  private let valueCount: Int
  private let indexCount: Int
  private let targetCount: Int

  /// The number of values of a sample in all ports, and in its targets.
  let width: Int
  private let indexWidth: Int
  private let targetWidth: Int

  /// Consecutive numbers of a row, and their destination in the batch.
  private struct Piece<Number> {
    let offset: Int
    let width: Int
    let start: UnsafeMutablePointer<Number>
  }

  init(_ ports: [Port], inputs: [Tensor<S>], targets: [Tensor<S>]) {
    self.inputs = inputs
    self.targets = targets
    valuePieces = .allocate(capacity: ports.count)
    indexPieces = .allocate(capacity: ports.count)
    targetPieces = .allocate(capacity: targets.count)
    var (values, indices) = (0, 0)
    var (width, indexWidth, targetWidth) = (0, 0, 0)
    for (port, tensor) in zip(ports, inputs) {
      if port.kind == .values {
        valuePieces[values] = Piece(offset: width, width: port.count, start: tensor.start)
        values += 1
        width += port.count
      } else {
        indexPieces[indices] = Piece(
          offset: indexWidth, width: port.count, start: BatchBuffers.integers(tensor))
        indices += 1
        indexWidth += port.count
      }
    }
    (valueCount, indexCount, targetCount) = (values, indices, targets.count)
    for (position, tensor) in targets.enumerated() {
      targetPieces[position] = Piece(
        offset: targetWidth, width: tensor.shape.count, start: tensor.start)
      targetWidth += tensor.shape.count
    }
    self.width = width
    self.indexWidth = indexWidth
    self.targetWidth = targetWidth
  }

  deinit {
    valuePieces.deallocate()
    indexPieces.deallocate()
    targetPieces.deallocate()
  }

  /// The memory of a buffer as integers. Nothing else reads that memory.
  private static func integers(_ tensor: Tensor<S>) -> UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(tensor.start).assumingMemoryBound(to: Int32.self)
  }

  /// The indices of some samples; empty if the port has values.
  func indices(_ port: Int, _ description: Port, samples: Range<Int>) -> Indices {
    let width = description.kind == .values ? 0 : description.count
    return Indices(
      start: UnsafePointer(
        BatchBuffers.integers(inputs[port]) + samples.lowerBound * width),
      count: samples.count * width, shape: description.shape)
  }

  /// Copies samples into the buffers.
  ///
  /// - Parameter sample: returns the sample for each of the `count` positions.
  /// - Throws: if samples are read from a file and reading fails.
  func load(_ samples: Dataset<S>, count: Int, sample: (Int) -> Int) throws {
    guard !samples.isStreamed else { return try read(samples, count: count, sample: sample) }
    gather(samples, count: count, sample: sample)
  }

  /// `load` for samples in memory.
  @inline(__always)
  func gather(_ samples: Dataset<S>, count: Int, sample: (Int) -> Int) {
    if count &* width > 1 << 15 {
      return share(samples, count: count, sample: sample)
    }
    gather(samples, to: 0..<count, sample: sample)
  }

  /// `gather` for some positions of the batch.
  @inline(__always)
  private func gather(_ samples: Dataset<S>, to positions: Range<Int>, sample: (Int) -> Int) {
    let hasTargets = !samples.targets.isEmpty
    samples.inputs.withUnsafeBufferPointer { inputs in
      samples.targets.withUnsafeBufferPointer { targets in
        for i in positions {
          let sample = sample(i)
          copy(inputs.baseAddress, sample &* width, to: valuePieces, valueCount, i)
          if hasTargets {
            copy(targets.baseAddress, sample &* targetWidth, to: targetPieces, targetCount, i)
          }
        }
      }
    }
    if indexWidth > 0 {
      samples.indices.withUnsafeBufferPointer { indices in
        for i in positions {
          copy(indices.baseAddress, sample(i) &* indexWidth, to: indexPieces, indexCount, i)
        }
      }
    }
  }

  /// Copies one row, piece by piece.
  @inline(__always)
  private func copy<Number>(
    _ rows: UnsafePointer<Number>?, _ first: Int,
    to pieces: UnsafeMutablePointer<Piece<Number>>, _ count: Int, _ position: Int
  ) {
    guard let rows else { return }
    for index in 0..<count {
      let piece = pieces[index]
      copy(rows + first + piece.offset, to: piece.start + position &* piece.width, piece.width)
    }
  }

  /// `gather` on all cores, because rows are far apart and each access waits for memory.
  @inline(never)
  private func share(_ samples: Dataset<S>, count: Int, sample: (Int) -> Int) {
    let parts = min(8, count)
    Workers.perform(parts) { part in
      gather(samples, to: count * part / parts..<count * (part + 1) / parts, sample: sample)
    }
  }

  /// `load` for samples that are read from files.
  @inline(never)
  func read(_ samples: Dataset<S>, count: Int, sample: (Int) -> Int) throws {
    guard valueCount == 1, targetCount == 1, indexCount == 0 else {
      return try readRows(samples, count: count, sample: sample)
    }
    var inputs = UnsafeMutableBufferPointer(
      start: valuePieces[0].start, count: count * width
    ).mutableSpan
    var targets = UnsafeMutableBufferPointer(
      start: targetPieces[0].start, count: samples.hasTargets ? count * targetWidth : 0
    ).mutableSpan
    var indices = MutableSpan<Int32>()
    try samples.read(
      count, inputs: &inputs, indices: &indices, targets: &targets, sample: sample)
  }

  /// Reads whole rows, then copies their pieces to the ports.
  private func readRows(_ samples: Dataset<S>, count: Int, sample: (Int) -> Int) throws {
    let rows = try samples.held(count, sample: sample)
    gather(rows, to: 0..<count) { $0 }
  }

  /// A loop, which takes less time than a call for few numbers.
  @inline(__always)
  private func copy<Number>(
    _ from: UnsafePointer<Number>, to: UnsafeMutablePointer<Number>, _ count: Int
  ) {
    if count > 8 { return to.update(from: from, count: count) }
    var i = 0
    while i < count {
      to[i] = from[i]
      i &+= 1
    }
  }
}
