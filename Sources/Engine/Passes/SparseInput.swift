import Datasets
import NNExp

/// The training of a node on the entries of its inputs that are not 0.
///
/// A step reads and changes only the weights of the columns in which its batch has entries: they are
/// gathered from a copy of the weight that is stored by column, and copied back after the optimizer's
/// step. The cost of a step therefore depends on the entries, not on the width. `settle` writes the
/// changed columns to the network's parameters, which are stored by row.
///
/// A private rewrite: results differ from those of the plain path by round-off, and are the same for
/// any number of cores.
final class SparseInput<S: Scalar> {
  /// The position of the node, and its layer.
  let node: Int
  let layer: any SparseInputLayer
  /// The positions of the node's weight in the vector of all parameters.
  let range: Range<Int>

  /// The weight in the columns of the batch, `[columns, units]`, and its gradient.
  let weight: Tensor<S>
  let gradient: Tensor<S>

  private let samples: Dataset<S>
  private let batch: BatchBuffers<S>
  /// The values of a batch, and the rows of `weight` that belong to them. In `samples` these are the
  /// columns of the inputs.
  private let values: Tensor<S>
  private let rows: Indices
  /// The weight in the network's parameters, `[units, inputs]`, and its copy, `[inputs, units]`.
  private let parameter: UnsafeMutablePointer<S>
  let columns: Tensor<S>
  private let inputs: Int
  private let units: Int

  private let arena: Arena<S>
  /// The bytes of all of this, less those of the gradient by row, which is not written.
  let bytes: Int
  /// The row of `weight` for each column; −1 for a column without entries in the batch.
  private let slots: UnsafeMutablePointer<Int32>
  /// The columns of the batch, and their number.
  private let used: UnsafeMutablePointer<Int32>
  @exclusivity(unchecked) private var usedCount = 0
  /// True for each block of columns that differs from the network's parameters, and whether any does.
  private let isChanged: UnsafeMutablePointer<Bool>
  @exclusivity(unchecked) private(set) var hasChanged = false

  /// The number of columns of a block.
  private static var blockSize: Int { 32 }
  /// The smallest number of weights for which this is worthwhile: that of an optimizer's step in blocks.
  private static var fewestWeights: Int { 1 << 16 }
  /// At most one in so many numbers of a sample is not 0.
  private static var sparsity: Int { 16 }

  /// Nil if the network has no such node, or the samples have many entries.
  init?(_ network: Network<S>, _ data: Dataset<S>, batchSize: Int) throws {
    let graph = network.graph
    let edge = Graph.Edge(node: -1)
    guard !data.isStreamed, graph.ports.count == 1, graph.ports[0].kind == .values,
      let node = graph.nodes.firstIndex(where: { $0.inputs.contains(edge) }),
      graph.nodes[node].plan.readsEntries, network.fusion.storesGradients[node],
      !graph.nodes[node].isShardable,
      graph.nodes.count(where: { $0.inputs.contains(edge) }) == 1
    else { return nil }
    let parameter = graph.parameters[graph.nodes[node].parameters[0]]
    (units, inputs) = (parameter.shape[0], parameter.shape[1])
    guard !parameter.isFrozen, !parameter.isShared,
      parameter.shape.count >= SparseInput.fewestWeights,
      let (samples, entries) = SparseInput.entries(of: data, width: inputs),
      let layer = graph.nodes[node].layer as? any SparseInputLayer
    else { return nil }
    self.node = node
    self.layer = layer
    self.samples = samples
    range = parameter.offset..<parameter.offset + parameter.shape.count
    self.parameter = network.parameters.start + parameter.offset

    var layout = Layout(scalarSize: MemoryLayout<S>.stride)
    let most = min(batchSize * entries, inputs)
    let regions = [
      layout.add(entries, copies: batchSize), layout.add(entries, copies: batchSize),
      layout.add(units, copies: most), layout.add(units, copies: most),
      layout.add(parameter.shape.count),
    ]
    arena = try Arena(layout)
    bytes =
      layout.bytes + (samples.inputs.count - range.count) * MemoryLayout<S>.stride
      + samples.indices.count * MemoryLayout<Int32>.stride
    values = arena.tensor(regions[0], [entries])
    weight = arena.tensor(regions[2], [units])
    gradient = arena.tensor(regions[3], [units])
    columns = arena.tensor(regions[4], [inputs, units])
    let ports = [Port([entries]), Port.indices(below: inputs, [entries])]
    batch = BatchBuffers(
      ports, inputs: [values, arena.tensor(regions[1], [entries])],
      targets: network.batch.targets)
    rows = batch.indices(1, ports[1], samples: 0..<batchSize)
    slots = .allocate(capacity: inputs)
    slots.initialize(repeating: -1, count: inputs)
    used = .allocate(capacity: most)
    let blocks = (inputs - 1) / SparseInput.blockSize + 1
    isChanged = .allocate(capacity: blocks)
    isChanged.initialize(repeating: false, count: blocks)
    // The system provides memory when it is first written, which the first step does not wait for.
    weight.fill(0)
    gradient.fill(0)
    begin()
  }

  deinit {
    slots.deallocate()
    used.deallocate()
    isChanged.deallocate()
  }

  /// The entries of samples that are not 0: for each sample the same number of values and columns.
  /// Nil if a sample has many.
  private static func entries(of data: Dataset<S>, width: Int) -> (Dataset<S>, Int)? {
    let most = width / sparsity
    return data.inputs.withUnsafeBufferPointer { x -> (Dataset<S>, Int)? in
      var entries = 1
      for s in 0..<data.count {
        var count = 0
        for i in s * width..<(s + 1) * width { count &+= x[i] == 0 ? 0 : 1 }
        if count > most { return nil }
        entries = max(entries, count)
      }
      var values = [S](repeating: 0, count: data.count * entries)
      var columns = [Int32](repeating: 0, count: data.count * entries)
      for s in 0..<data.count {
        var e = s * entries
        for j in 0..<width where x[s * width + j] != 0 {
          (values[e], columns[e]) = (x[s * width + j], Int32(j))
          e += 1
        }
      }
      let samples = Dataset(
        inputs: values, indices: columns, targets: data.targets, count: data.count)
      return (samples, entries)
    }
  }

  /// Replaces what a node reads by the entries of the batch and the weight of its columns.
  func replaceTensors(of view: inout NodeViews<S>) {
    let count = view.samples.count * values.shape.count
    view.inputs = [Tensor(start: values.start, count: count, shape: values.shape)]
    view.indices = [Indices(start: rows.start, count: count, shape: rows.shape)]
    view.parameters[0] = weight
    view.gradients[0] = gradient
  }

  // MARK: Steps

  /// Copies the parameters, which may have changed since the last step.
  @specialized(where S == Double)
  @specialized(where S == Float)
  func begin() {
    forEachBlock { first, count in
      transpose(
        parameter + first, rows: units, columns: count, xStep: inputs,
        into: columns.start + first &* units, yStep: units)
    }
    hasChanged = false
  }

  /// Loads a batch and the weight of its columns.
  @inline(__always)
  func load(_ count: Int, sample: (Int) -> Int) {
    batch.gather(samples, count: count, sample: sample)
    gatherColumns(count &* values.shape.count)
  }

  @inline(never)
  @specialized(where S == Double)
  @specialized(where S == Float)
  private func gatherColumns(_ count: Int) {
    for k in 0..<usedCount { slots[Int(used[k])] = -1 }
    let rows = UnsafeMutablePointer(mutating: self.rows.start)
    var next = 0
    for e in 0..<count {
      let column = Int(rows[e])
      if slots[column] < 0 {
        slots[column] = Int32(next)
        used[next] = Int32(column)
        next &+= 1
      }
      rows[e] = slots[column]
    }
    if next < usedCount {
      (gradient.start + next &* units).update(repeating: 0, count: (usedCount &- next) &* units)
    }
    usedCount = next
    transferRows(used, count: next, units: units, of: columns.start, weight.start, stores: false)
  }

  /// Copies the columns of the batch back, after they have changed.
  @inline(never)
  @specialized(where S == Double)
  @specialized(where S == Float)
  func store() {
    transferRows(
      used, count: usedCount, units: units, of: columns.start, weight.start, stores: true)
    for k in 0..<usedCount { isChanged[Int(used[k]) / SparseInput.blockSize] = true }
    hasChanged = true
  }

  /// Calls `body` while `gradients` contains the gradient of the weight, which `body` may change in the
  /// columns of the batch.
  func withGradient(in gradients: Tensor<S>, _ body: () throws -> Void) rethrows {
    let whole = gradients.slice(range)
    for k in 0..<usedCount {
      for i in 0..<units { whole[i * inputs + Int(used[k])] = gradient[k * units + i] }
    }
    defer {
      for k in 0..<usedCount {
        for i in 0..<units { gradient[k * units + i] = whole[i * inputs + Int(used[k])] }
      }
      whole.fill(0)
    }
    try body()
  }

  /// Writes the changed columns to the network's parameters.
  @specialized(where S == Double)
  @specialized(where S == Float)
  func settle() {
    guard hasChanged else { return }
    forEachBlock(thatChanged: true) { first, count in
      transpose(
        columns.start + first &* units, rows: count, columns: units, xStep: units,
        into: parameter + first, yStep: inputs)
    }
    hasChanged = false
  }

  /// Arranges a copy of `columns` by row.
  @specialized(where S == Double)
  @specialized(where S == Float)
  func arrangeByRow(_ copy: UnsafeMutablePointer<S>) {
    let byColumn = UnsafeMutablePointer<S>.allocate(capacity: columns.count)
    defer { byColumn.deallocate() }
    byColumn.update(from: copy, count: columns.count)
    transpose(byColumn, rows: inputs, columns: units, xStep: units, into: copy, yStep: inputs)
  }

  // MARK: Blocks

  /// Calls `body` with the first column and the number of columns of all blocks, or of those that
  /// changed, on all cores. No block has changed afterward.
  @inline(__always)
  private func forEachBlock(thatChanged: Bool = false, _ body: (Int, Int) -> Void) {
    let blocks = (inputs - 1) / SparseInput.blockSize + 1
    let parts = min(8, blocks)
    Workers.perform(parts) { part in
      for block in blocks * part / parts..<blocks * (part + 1) / parts {
        if thatChanged && !isChanged[block] { continue }
        isChanged[block] = false
        let first = block &* SparseInput.blockSize
        body(first, min(SparseInput.blockSize, inputs &- first))
      }
    }
  }
}
