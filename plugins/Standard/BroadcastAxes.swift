import NNExp

/// The positions of a small tensor in a large one: the small one is repeated along the axes that it
/// lacks at the front, and along those whose extent is 1.
struct BroadcastAxes {
  private let counts: SIMD4<Int>
  private let strides: SIMD4<Int>

  /// The numbers in a line of the large tensor, and the distance between two in the small one: 0
  /// or 1.
  var length: Int { counts[3] }
  var step: Int { strides[3] }

  /// - Precondition: `small` is broadcast to `large`.
  init(_ small: Shape, over large: Shape) {
    var counts = SIMD4<Int>(repeating: 1)
    var strides = SIMD4<Int>(repeating: 0)
    var stride = 1
    for k in 0..<large.rank {
      // From the last axis on.
      counts[3 - k] = large[large.rank - 1 - k]
      guard k < small.rank else { continue }
      let extent = small[small.rank - 1 - k]
      strides[3 - k] = extent == 1 ? 0 : stride
      stride = stride.times(extent)
    }
    (self.counts, self.strides) = (counts, strides)
  }

  /// Calls `body` with the offsets of every line in the large tensor and in the small one.
  @inline(__always)
  func forEachLine(_ body: (_ large: Int, _ small: Int) -> Void) {
    var line = 0
    for a in 0..<counts[0] {
      for b in 0..<counts[1] {
        for c in 0..<counts[2] {
          body(line, a &* strides[0] &+ b &* strides[1] &+ c &* strides[2])
          line &+= counts[3]
        }
      }
    }
  }

  /// Calls `body` with the position of every number of the large tensor and that in the small one.
  @inline(__always)
  func forEachNumber(_ body: (_ large: Int, _ small: Int) -> Void) {
    forEachLine { large, small in
      for i in 0..<length { body(large &+ i, small &+ i &* step) }
    }
  }

  /// The position in the small tensor of every number of the large one.
  var positions: [Int] {
    var positions: [Int] = []
    forEachNumber { _, small in positions.append(small) }
    return positions
  }

  /// The same with the offset of every line in another small tensor, whose lines are those of
  /// `other`.
  @inline(__always)
  func forEachLine(
    with other: BroadcastAxes, _ body: (_ large: Int, _ small: Int, _ third: Int) -> Void
  ) {
    var line = 0
    for a in 0..<counts[0] {
      for b in 0..<counts[1] {
        for c in 0..<counts[2] {
          body(
            line, a &* strides[0] &+ b &* strides[1] &+ c &* strides[2],
            a &* other.strides[0] &+ b &* other.strides[1] &+ c &* other.strides[2])
          line &+= counts[3]
        }
      }
    }
  }

  /// The shape to which the inputs of a layer are repeated.
  static func shape(of inputs: [Port]) throws -> Shape {
    if let shape = shape(of: inputs.map(\.shape)) { return shape }
    let shape = inputs[0].shape
    let other = inputs.first { self.shape(of: [shape, $0.shape]) == nil } ?? inputs[1]
    throw Diagnostic(
      "the inputs must have one shape, or extents of 1 where they differ, found \(shape) and "
        + "\(other)")
  }

  /// δ of an input for `nnexp explain`: a sum over the entries that repeat an entry.
  ///
  /// - Parameter delta: δ of the repeated input.
  static func delta(_ delta: String, of shape: Shape, over common: Shape?) -> String {
    shape == common ? delta : #"\sum \#(delta)"#
  }

  /// The remark that explains these sums; empty if no input is repeated.
  static func remark(on letters: [String], _ shapes: [Shape], over common: Shape?) -> String {
    let repeated = zip(letters, shapes).filter { $1 != common }.map { "$\($0.0)$" }
    if repeated.isEmpty { return "" }
    return "\(repeated.joined(separator: ", ")) \(repeated.count == 1 ? "is" : "are") repeated to "
      + "the shape of y; Σ adds up the entries of y that repeat an entry."
  }

  /// The inputs of a node in an exported graph, with axes of extent 1 at the front where they lack
  /// axes. ONNX would otherwise count the axes from the last one, over the batch.
  static func values(
    of node: ExportedNode, in graph: inout OperatorGraph
  ) -> [OperatorGraph.Value] {
    let rank = node.inputPorts.map(\.shape.rank).max() ?? 0
    var values: [OperatorGraph.Value] = []
    for (value, port) in zip(node.inputs, node.inputPorts) {
      let missing = Array(repeating: 1, count: rank - port.shape.rank)
      values.append(
        missing.isEmpty ? value : graph.reshape(value, to: Shape(missing + port.shape.axes)))
    }
    return values
  }

  /// The common shape; nil if there is none.
  static func shape(of shapes: [Shape]) -> Shape? {
    let rank = shapes.map(\.rank).max() ?? 0
    guard rank <= Shape.maximumRank else {
      return shapes.allSatisfy { $0 == shapes[0] } ? shapes[0] : nil
    }
    var axes: [Int] = []
    for k in (0..<rank).reversed() {
      let extents = Set(shapes.filter { k < $0.rank }.map { $0[$0.rank - 1 - k] })
      let others = extents.subtracting([1])
      guard others.count <= 1 else { return nil }
      axes.append(others.first ?? 1)
    }
    return Shape(axes)
  }
}
