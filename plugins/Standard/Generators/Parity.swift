import NNExp

/// Rows of bits; the class is 1 if the number of ones is odd, otherwise 0.
///
/// All 2ᵇ rows, each once, in counting order with the first bit as the most significant, or
/// `samples` random rows. For two bits, this is XOR.
/// - Source: Minsky and Papert 1969.
struct Parity: Generator, Component {
  static let typeName = "parity"
  static let foreignNames = ["xor"]
  static let documentation = Documentation(
    "rows of bits; class 1 if the number of ones is odd",
    equation: "class = Σ bits mod 2",
    shapes: "inputs [bits], 2 classes",
    example: "data: {generated: {type: parity, bits: 4}}",
    source: "Minsky and Papert 1969")

  let bits: Int
  let isComplete: Bool
  let samples: Int

  var inputShape: Shape { [bits] }
  var target: Target { .classes(2) }

  init(from options: inout Options) {
    let bits = options.int("bits", default: 2, in: 1...1000, "bits per row")
    let samples = options.optionalInt(
      "samples", in: 1...10_000_000, "number of random rows (default: all 2^bits rows, each once)")
    if samples == nil && bits > 20 {
      options.reject(
        "bits", "all rows of \(bits) bits are too many; give samples, or at most 20 bits")
    }
    self.bits = bits
    self.isComplete = samples == nil
    self.samples = samples ?? 1 << min(bits, 20)
  }

  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream) {
    for i in 0..<samples {
      var ones = 0
      for j in 0..<bits {
        let bit =
          isComplete ? (i >> (bits - 1 - j)) & 1 : random.integer(below: 2, at: i * bits + j)
        inputs[i * bits + j] = Double(bit)
        ones += bit
      }
      targets[i] = Double(ones % 2)
    }
  }
}
