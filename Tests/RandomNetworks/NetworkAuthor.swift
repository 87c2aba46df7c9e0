import NNExp

/// Writes random declarations of sound networks.
package struct NetworkAuthor {
  private let random: RandomStream
  private var position = 0
  private var lines: [String] = []
  private var count = 0

  package init(_ random: RandomStream) { self.random = random }

  mutating func pick<T>(_ items: [T]) -> T {
    position += 1
    return items[random.integer(below: items.count, at: position)]
  }

  mutating func chance(_ one: Int, in all: Int) -> Bool {
    position += 1
    return random.integer(below: all, at: position) < one
  }

  /// Adds a node that reads `input` and returns its name.
  private mutating func add(_ options: String, _ input: String) -> String {
    count += 1
    lines.append("  - {\(options), name: n\(count), inputs: \(input)}")
    return "n\(count)"
  }

  private mutating func activation() -> String {
    "type: "
      + pick([
        "sigmoid", "tanh", "relu", "relu", "leaky_relu", "leaky_relu, slope: 0.3", "elu",
        "elu, alpha: 0.5", "gelu", "gelu, approximation: tanh", "softplus", "softplus, beta: 3",
        "softmax", "log_softmax", "layer_normalization", "layer_normalization, affine: false",
        "batch_normalization", "batch_normalization, affine: false", "dropout, rate: 0.3",
      ])
  }

  private mutating func pooling(_ window: String) -> String {
    let p = pick(["1", "2", "3", "2.5", "1.5", "4", "8", ".inf"])
    return pick([
      "type: lp_pooling, p: \(p), \(window)", "type: lp_pooling, p: \(p), \(window)",
      "type: lp_pooling, p: 2.2, learned: true, \(window)",
      "type: lp_pooling, p: \(p), normalize: true, \(window)",
      "type: max_pooling, \(window)", "type: average_pooling, \(window)",
    ])
  }

  private mutating func branches(_ last: String) -> String {
    let one = add(activation(), last)
    let two = chance(1, in: 3) ? last : add(activation(), last)
    return add("type: \(pick(["add", "multiply", "concatenate"]))", "[\(one), \(two)]")
  }

  private mutating func dense(_ units: Int, _ input: String) -> String {
    let bias = chance(1, in: 4) ? ", bias: false" : ""
    let frozen = chance(1, in: 10) ? ", frozen: true" : ""
    let penalty = chance(1, in: 10) ? ", l2: 0.1" : ""
    return add(
      "type: dense, units: \(units)\(bias)\(frozen)\(frozen.isEmpty ? penalty : "")", input)
  }

  private mutating func image() -> String {
    var last = add(
      "type: convolution, channels: \(pick([2, 3])), window: \(pick([2, 3])), padding: "
        + "\(pick([0, 1]))", "input")
    last = add(activation(), last)
    if chance(1, in: 3) { last = branches(last) }
    last = add(pooling("window: 2"), last)
    if chance(1, in: 4) {
      last = add("type: convolution, channels: 2, window: 2, padding: 1", last)
      last = add(activation(), last)
      last = add(pooling("global: true"), last)
    }
    return chance(1, in: 2) ? add("type: flatten", last) : last
  }

  private mutating func table() -> String {
    var last = dense(4, "input")
    if chance(1, in: 8) { last = add("type: reshape, shape: [2, 2]", last) }
    return last
  }

  /// The declaration of a network, the ports of its data, and its target.
  package mutating func network() -> (text: String, ports: [Port], target: Target) {
    let isImage = chance(1, in: 3)
    let isNamed = !isImage && chance(1, in: 6)
    let ports =
      isImage
      ? [Port("input", [1, 4, 4])]
      : isNamed
        ? [Port("a", [3]), Port("word", [2], kind: .indices(below: 4))] : [Port("input", [5])]
    var last: String
    if isNamed {
      let vector = add("type: embedding, size: 2", "word")
      let flat = add("type: flatten", vector)
      let one = dense(4, "a")
      last = add("type: \(pick(["add", "multiply", "concatenate"]))", "[\(flat), \(one)]")
    } else {
      last = isImage ? image() : table()
    }
    for _ in 0..<pick([1, 1, 2, 3]) {
      switch pick([0, 0, 1, 2, 3]) {
      case 0: last = add(activation(), last)
      case 1: last = branches(last)
      case 2:
        last = dense(4, last)
        last = add(pooling("window: 2"), last)
      default:
        let one = dense(4, last)
        let two = dense(4, last)
        last = add("type: add", "[\(one), \(two)]")
      }
      last = dense(4, last)
    }
    let (text, target) = end(last)
    return (text, ports, target)
  }

  /// The output and the loss.
  private mutating func end(_ last: String) -> (text: String, target: Target) {
    let outputs = pick([1, 2, 3])
    let loss: String
    let target: Target
    switch pick([0, 0, 1, 1, 2, 3]) {
    case 0:
      _ = dense(outputs, last)
      loss = pick([
        "squared_error", "{type: squared_error, reduction: half_mean}",
        "{type: squared_error, reduction: sum}", "absolute_error", "huber",
        "{type: huber, delta: 0.3}",
      ])
      target = .values([outputs])
    case 1:
      _ = dense(outputs + 1, last)
      loss = pick(["cross_entropy", "hinge", "{type: hinge, margin: 0.5}"])
      target = .classes(outputs + 1)
    case 2:
      let z = dense(outputs + 1, last)
      _ = add("type: softmax", z)
      loss = "{type: cross_entropy, from: probabilities}"
      target = .classes(outputs + 1)
    default:
      let z = dense(1, last)
      if chance(1, in: 2) {
        _ = add("type: sigmoid", z)
        loss = "{type: binary_cross_entropy, from: probabilities}"
      } else {
        loss = "binary_cross_entropy"
      }
      target = .classes(2)
    }
    return ("model:\n" + lines.joined(separator: "\n") + "\nloss: \(loss)\n", target)
  }
}
