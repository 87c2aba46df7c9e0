import NNExp

/// Round clusters, one per class.
///
///     μ_c ~ U(−box, box)ᵈ,  x = μ_c + spread·N(0, I)
///
/// Sample i has class i mod k.
/// - Source: scikit-learn's make_blobs.
struct Gaussians: Generator, Component {
  static let typeName = "gaussians"
  static let foreignNames = ["blobs", "make_blobs", "gaussian_quantiles"]
  static let documentation = Documentation(
    "round clusters, one per class, around random centers",
    equation: "μ_c ~ U(−box, box)ᵈ,  x = μ_c + spread·N(0, I)",
    shapes: "inputs [features], `classes` classes",
    example: "data: {generated: {type: gaussians, classes: 3, features: 2, spread: 1}}",
    source: "scikit-learn's make_blobs")

  let classes: Int
  let features: Int
  let samples: Int
  let spread: Double
  let box: Double

  var inputShape: Shape { [features] }
  var target: Target { .classes(classes) }

  init(from options: inout Options) {
    classes = options.int("classes", default: 3, in: 2...1000, "number of clusters")
    features = options.int("features", default: 2, in: 1...100_000, "d: inputs per sample")
    samples = options.samples(default: 300, classes: classes)
    spread = options.double(
      "spread", default: 1, in: .nonnegative, "standard deviation within a cluster")
    box = options.double(
      "box", default: 10, in: .nonnegative, "largest absolute coordinate of a center")
  }

  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream) {
    let centers = random.stream(0)
    let points = random.stream(1)
    for i in 0..<samples {
      let c = i % classes
      for j in 0..<features {
        let μ = box * (2 * centers.uniform(at: c * features + j) - 1)
        inputs[i * features + j] = μ + spread * points.normal(at: i * features + j)
      }
      targets[i] = Double(c)
    }
  }
}
