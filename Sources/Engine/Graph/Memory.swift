public import NNExp

/// The bytes that a run needs, known before any are asked for.
public struct MemoryPlan: Sendable {
  public let parameters: Int
  public let gradients: Int
  public let optimizer: Int
  public let activations: Int

  /// `Int.max` where the sum overflows.
  public var total: Int {
    [parameters, gradients, optimizer, activations].reduce(0, saturatingSum)
  }

  public init(_ graph: Graph, vectors: Int, capacity: Int, scalarSize: Int) {
    func bytes(_ count: Int, _ copies: Int = 1) -> Int {
      saturatingProduct(saturatingProduct(count, copies), scalarSize)
    }
    parameters = bytes(graph.parameterCount)
    gradients = bytes(graph.parameterCount)
    optimizer = bytes(graph.trainableCount, vectors)
    var perSample = saturatingProduct(graph.inputShape.count, 2)
    var fixed = 0
    let shards = Shards.count(capacity)
    for node in graph.nodes {
      perSample = saturatingSum(perSample, saturatingProduct(node.plan.output.count, 2))
      for scratch in node.plan.scratch {
        if scratch.isPerSample {
          perSample = saturatingSum(perSample, scratch.count)
        } else {
          fixed = saturatingSum(fixed, saturatingProduct(scratch.count, shards))
        }
      }
      if node.isShardable {
        for parameter in node.plan.parameters {
          fixed = saturatingSum(fixed, saturatingProduct(parameter.shape.count, shards - 1))
        }
      }
      for state in node.plan.state { fixed = saturatingSum(fixed, state.shape.count) }
    }
    activations = bytes(saturatingSum(saturatingProduct(perSample, capacity), fixed))
  }

  /// Throws if the machine has less than this; a megabyte it has.
  public func requireAvailable(at place: Place?) throws {
    if total < 1 << 20 { return }
    let available = availableMemory()
    if total > available {
      throw Diagnostic(
        "the model needs \(describeBytes(total)) of memory, and \(describeBytes(available)) are there",
        at: place,
        notes: [
          .init(
            "parameters \(describeBytes(parameters)), gradients \(describeBytes(gradients)), "
              + "optimizer \(describeBytes(optimizer)), activations \(describeBytes(activations))")
        ])
    }
  }
}

extension Graph {
  /// Throws if an extent is beyond what matrix products count in, 2³¹ − 1.
  func requireCountable() throws {
    let limit = Int(Int32.max)
    for node in nodes {
      let counts =
        [node.plan.output.count] + node.inputShapes.map(\.count)
        + self.parameters[node.parameters].map(\.shape.count)
      if let count = counts.first(where: { $0 > limit }) {
        throw Diagnostic(
          "'\(node.name)' (\(node.typeName)) has a tensor of \(count) numbers; at most \(limit) are supported",
          at: node.place)
      }
    }
  }
}

/// a + b, or `Int.max` where that overflows.
public func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? Int.max : sum
}

public func saturatingProduct(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? Int.max : product
}

/// `812 bytes`, `3.1 MB`, `4.0 TB`; `more than 9 EB` where a size overflows.
public func describeBytes(_ bytes: Int) -> String {
  if bytes < 1000 { return "\(bytes) bytes" }
  if bytes == Int.max { return "more than 9 EB" }
  var value = Double(bytes)
  var unit = -1
  let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
  while value >= 999.95, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  let tenths = (value * 10).rounded() / 10
  return "\(tenths) \(units[unit])"
}
