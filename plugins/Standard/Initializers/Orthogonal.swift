import NNExp

/// A random matrix whose rows or columns, whichever are fewer, are orthonormal.
///
///     QᵀQ = gain²·I for rows ≥ columns, else QQᵀ = gain²·I
///
/// The rows are axis 0, and the columns are all other axes together. Q is uniformly distributed
/// over all such matrices: standard normal vectors are orthogonalized one after the other
/// (Gram–Schmidt, twice for each vector, which leaves only rounding errors).
/// - Cost: 4·n²·m operations for n vectors of length m.
/// - Source: Saxe, McClelland, Ganguli 2014; Mezzadri 2007.
struct Orthogonal: Initializer, Component {
  static let typeName = "orthogonal"
  static let documentation = Documentation(
    "a random matrix whose rows or columns, whichever are fewer, are orthonormal",
    equation: "QᵀQ = gain²·I for rows ≥ columns, else QQᵀ = gain²·I",
    shapes: "[rows, …]: axis 0 is the rows, the others together the columns",
    example: "initial: {weight: {type: orthogonal, gain: 1}}",
    source: "Saxe, McClelland, Ganguli 2014")

  let gain: Double

  init(from options: inout Options) { gain = options.gain(default: 1) }

  func fill(_ values: Tensor<Double>, random: RandomStream) throws {
    if values.shape.rank < 2 {
      throw Diagnostic("orthogonal needs a matrix, found a parameter of shape \(values.shape)")
    }
    if values.count == 0 { return }
    let rows = values.shape[0]
    let columns = values.count / rows
    let length = max(rows, columns)
    let count = min(rows, columns)

    var vectors = (0..<values.count).map { random.normal(at: $0) }
    vectors.withUnsafeMutableBufferPointer { buffer in
      for i in 0..<count {
        let v = buffer.baseAddress! + i * length
        for _ in 0..<2 {
          for j in 0..<i {
            let u = buffer.baseAddress! + j * length
            let projection = dot(
              Tensor(start: u, count: length, shape: [length]),
              Tensor(start: v, count: length, shape: [length]))
            for k in 0..<length { v[k] -= projection * u[k] }
          }
          let whole = Tensor(start: v, count: length, shape: [length])
          let norm = dot(whole, whole).squareRoot()
          for k in 0..<length { v[k] /= norm }
        }
      }
    }
    for i in 0..<count {
      for k in 0..<length {
        values[rows <= columns ? i * columns + k : k * columns + i] =
          gain * vectors[i * length + k]
      }
    }
  }
}
