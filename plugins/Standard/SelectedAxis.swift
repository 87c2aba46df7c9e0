import NNExp

/// One axis of an output that holds numbers of the input: the axis of the input, and for each
/// position in the output the position in the input.
struct SelectedAxis {
  enum Rule {
    /// Every `by`-th position from `from` on, backward if it is negative.
    case steps(from: Int, by: Int)
    /// The positions in order, after `before` positions beyond the edge and in front of others.
    case padded(before: Int, Edge)
  }

  /// The numbers beyond the edge of an image.
  enum Edge: String, CaseIterable, Sendable {
    /// One fixed number.
    case constant
    /// The numbers inside, mirrored at the number at the edge: 3 2 | 1 2 3 | 2 1.
    case reflect
    /// The number at the edge: 1 1 | 1 2 3 | 3 3.
    case replicate
    /// The numbers of the opposite edge: 2 3 | 1 2 3 | 1 2.
    case wrap
  }

  /// The axis of the input.
  let source: Int
  /// The extent in the output.
  let count: Int
  let rule: Rule

  /// The position in an input of `extent` positions; nil for the fixed number.
  func position(_ i: Int, extent: Int) -> Int? {
    switch rule {
    case .steps(let first, let step): return first + i * step
    case .padded(let before, let edge):
      let position = i - before
      if position >= 0, position < extent { return position }
      switch edge {
      case .constant: return nil
      case .replicate: return position < 0 ? 0 : extent - 1
      case .reflect: return position < 0 ? -position : 2 * (extent - 1) - position
      case .wrap: return ((position % extent) + extent) % extent
      }
    }
  }
}

/// A layer whose outputs are numbers of its input, selected on each axis by itself.
///
///     y[i, j, …]  = x[p₀(i), p₁(j), …], or a fixed number outside
///     ∂x[p₀(i), p₁(j), …] += ∂y[i, j, …]
protocol SelectingLayer: Layer, Component {
  /// The axis `k` of the output for an input of `shape`, which `check` has accepted.
  func axis(_ k: Int, of shape: Shape) -> SelectedAxis

  /// Throws if the input cannot have this shape.
  func check(_ shape: Shape) throws

  /// The number outside of the input.
  var fixedNumber: Double { get }
}

extension SelectingLayer {
  var fixedNumber: Double { 0 }

  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    try check(shape)
    let extents = (0..<shape.rank).map { axis($0, of: shape).count }
    var plan = Plan(output: Shape(extents), work: 0)
    plan.acceptsEmptyInputs = true
    return plan
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x.start, pass.y.start)
    let outside = S(fixedNumber)
    forEachLine(of: pass.x.shape, samples: pass.samples) { line in
      let to = y + line.output
      guard let input = line.input else {
        return to.update(repeating: outside, count: line.count)
      }
      let (first, end) = (line.inside.lowerBound, line.inside.upperBound)
      to.update(repeating: outside, count: first)
      if line.isAdjacent {
        (to + first).update(
          from: x + (input &+ line.offsets[first]), count: end &- first)
      } else {
        for k in first..<end { to[k] = x[input &+ line.offsets[k]] }
      }
      (to + end).update(repeating: outside, count: line.count &- end)
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let (dx, dy) = (pass.dx.start, pass.dy.start)
    forEachLine(of: pass.dx.shape, samples: pass.samples) { line in
      guard let input = line.input else { return }
      let from = dy + line.output
      let (first, end) = (line.inside.lowerBound, line.inside.upperBound)
      if line.isAdjacent {
        let to = dx + (input &+ line.offsets[first] &- first)
        for k in first..<end { to[k] += from[k] }
        return
      }
      var k = first
      while k < end {
        // Positions of the same number follow each other.
        let offset = line.offsets[k]
        var sum = dx[input &+ offset]
        repeat {
          sum += from[k]
          k &+= 1
        } while k < end && line.offsets[k] == offset
        dx[input &+ offset] = sum
      }
    }
  }

  /// Calls `body` for each line along the last axis of the output.
  @inline(__always)
  private func forEachLine(of shape: Shape, samples: Int, _ body: (SelectedLine) -> Void) {
    // Up to four axes: those in front have the extent 1.
    let rank = Shape.maximumRank
    var counts = SIMD4<Int>(repeating: 1)
    var strides = SIMD4<Int>(repeating: 0)
    var stride = 1
    for k in (0..<shape.rank).reversed() {
      strides[k] = stride
      stride *= shape[k]
    }
    let first = rank - shape.rank
    for k in 0..<shape.rank { counts[first + k] = axis(k, of: shape).count }
    if counts.min() == 0 { return }
    let room = counts.wrappedSum()
    withUnsafeTemporaryAllocation(of: Int.self, capacity: room) { offsets in
      // For each axis, the offsets of its positions in the input.
      var next = 0
      var starts = SIMD4<Int>(repeating: 0)
      for k in 0..<rank {
        starts[k] = next
        guard k >= first else {
          offsets[next] = 0
          next += 1
          continue
        }
        let axis = axis(k - first, of: shape)
        for i in 0..<counts[k] {
          let position = axis.position(i, extent: shape[axis.source])
          offsets[next] = position.map { $0 * strides[axis.source] } ?? -1
          next += 1
        }
      }
      var line = SelectedLine(
        UnsafeBufferPointer(rebasing: offsets[starts[3]..<starts[3] + counts[3]]))
      for sample in 0..<samples {
        let base = sample * shape.count
        for a in 0..<counts[0] {
          let offset0 = offsets[starts[0] + a]
          for b in 0..<counts[1] {
            let offset1 = offsets[starts[1] + b]
            for c in 0..<counts[2] {
              let offset2 = offsets[starts[2] + c]
              let isOutside = offset0 < 0 || offset1 < 0 || offset2 < 0
              line.input = isOutside ? nil : base + offset0 + offset1 + offset2
              body(line)
              line.output += counts[3]
            }
          }
        }
      }
    }
  }
}

/// A line along the last axis of the output of a `SelectingLayer`.
private struct SelectedLine {
  /// The index of the first output number.
  var output = 0
  /// The index of the input numbers from which the offsets count; nil if all numbers are outside.
  var input: Int?
  /// The offset of the input number of each position, which is negative outside.
  let offsets: UnsafePointer<Int>
  let count: Int
  /// The positions that have an input number.
  let inside: Range<Int>
  /// True if these numbers are adjacent in the input, too.
  let isAdjacent: Bool

  init(_ offsets: UnsafeBufferPointer<Int>) {
    let first = offsets.firstIndex { $0 >= 0 } ?? offsets.count
    let end = offsets[first...].firstIndex { $0 < 0 } ?? offsets.count
    (self.offsets, count, inside) = (offsets.baseAddress!, offsets.count, first..<end)
    isAdjacent =
      first < end && (first..<end).allSatisfy { offsets[$0] == offsets[first] + $0 - first }
  }
}

extension SelectingLayer {
  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let shape = node.inputPorts[0].shape
    let axes = (0..<shape.rank).map { axis($0, of: shape) }
    var y = node.inputs[0]
    if axes.map(\.source) != Array(0..<shape.rank) {
      let order = [0] + axes.map { $0.source + 1 }
      y = graph.add("Transpose", y, attributes: [("perm", .integers(order))])
    }
    var before = [0]
    var after = [0]
    for (k, axis) in axes.enumerated() {
      let extent = shape[axis.source]
      let positions = (0..<axis.count).map { axis.position($0, extent: extent) }
      let inside = positions.compactMap { $0 }
      before.append(positions.firstIndex { $0 != nil } ?? 0)
      after.append(axis.count - inside.count - before[k + 1])
      if inside != Array(0..<extent) {
        y = graph.add(
          "Gather", y, graph.integers(inside), attributes: [("axis", .integer(k + 1))])
      }
    }
    // The positions beyond the edges.
    guard (before + after).contains(where: { $0 > 0 }) else { return [y] }
    return [graph.add("Pad", y, graph.integers(before + after), graph.constant(fixedNumber))]
  }

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    let hasOutside = (0..<shape.rank).contains { k in
      let axis = axis(k, of: shape)
      return (0..<axis.count).contains { axis.position($0, extent: shape[axis.source]) == nil }
    }
    return Equations(
      "s", output: "y_i = x_{p(i)}",
      inputs: [
        .init(derivative: "", delta: #"\delta_{x_r} = \sum_{i : p(i) = r} \delta_{y_i}"#)
      ],
      remark: "$p(i)$ is the number of the input at the number i of the output"
        + (hasOutside ? ", and $x$ is \(shortest(fixedNumber)) outside." : "."))
  }
}
