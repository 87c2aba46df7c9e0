import NNExp

/// The hinge loss: the amount by which the right class falls short of a margin μ.
///
///     one output   ℓ  = max(0, μ − y·z),  y = ±1
///                  ∂z += −y where ℓ > 0
///     k outputs    ℓ  = max(0, μ + max_{j≠c} zⱼ − z_c)
///                  ∂zⱼ += 1, ∂z_c −= 1 where ℓ > 0, for the largest j ≠ c
///
/// The lowest index is used if several are equal. The target of a single output is +1 if it is
/// at least 0.5, so that both 0/1 and −1/+1 can be used. The class of a row is the index of its
/// largest entry.
/// - Source: Crammer and Singer 2001 for k outputs.
struct Hinge: Loss, Component {
  static let typeName = "hinge"
  static let foreignNames = [
    "hinge_loss", "squared_hinge", "categorical_hinge", "multi_margin_loss", "svm",
  ]
  static let documentation = Documentation(
    "the amount by which the right class falls short of winning by a margin",
    equation: """
      one output:  ℓ = max(0, μ − y·z),  y = ±1
                   ∂z += −y where ℓ > 0
      k outputs:   ℓ = max(0, μ + max_{j≠c} zⱼ − z_c)
                   ∂zⱼ += 1, ∂z_c −= 1 where ℓ > 0, for the largest j ≠ c
      """,
    shapes: "output [1], targets 0/1 or −1/+1; or output [k], targets a class index or one-hot",
    example: "loss: {type: hinge, margin: 1}",
    source: "Crammer and Singer 2001")

  let margin: Double

  var decisionThreshold: Double { 0 }
  var outputMeaning: OutputMeaning { .scores }
  var learnsClasses: Bool { true }

  init(from options: inout Options) {
    margin = options.double("margin", default: 1, in: .positive, "μ: the margin")
  }

  func plan(output: Shape, target: Target) throws {
    try target.checkFit(output)
  }

  func equations(output: Shape, target: Target) -> Equations {
    let margin = [#"\mu = \#(Equations.number(margin))"#]
    if output.count == 1 {
      return Equations(
        "", output: #"\max(0, \mu - s z)"#, where: margin,
        inputs: [.init(derivative: #"-s [\ell > 0]"#)],
        remark:
          "s is 1 for a target of at least 0.5, otherwise −1; […] is 1 if the condition is true, otherwise 0."
      )
    }
    return Equations(
      "", output: #"\max(0, \mu + z_r - z_c)"#,
      where: margin + [#"r = \operatorname*{argmax}_{j \ne c} z_j"#],
      inputs: [
        .init(
          derivative:
            #"\frac{\partial \ell}{\partial z_j} = [\ell > 0] ([j = r] - [j = c])"#)
      ], remark: "c is the target's class; […] is 1 if the condition is true, otherwise 0.")
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    pass.z.shape.count == 1 ? binary(pass) : multiclass(pass)
  }

  private func binary<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let μ = S(margin)
    var sum = 0.0
    for i in 0..<pass.samples {
      let y: S = pass.t[i] >= 0.5 ? 1 : -1
      let short = μ - y * pass.z[i]
      if short <= 0 { continue }  // NaN continues.
      sum += Double(short)
      if let dz = pass.dz { dz[i] -= pass.scale * y }
    }
    return sum
  }

  private func multiclass<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let z = pass.z
    let k = z.shape.count
    let μ = S(margin)
    var sum = 0.0
    for sample in 0..<pass.samples {
      let row = sample * k
      let c = targetClass(pass, sample, of: k)
      var rival = c == 0 ? 1 : 0
      for j in 0..<k where j != c && z[row + j] > z[row + rival] { rival = j }
      let short = μ + z[row + rival] - z[row + c]
      if short <= 0 { continue }
      sum += Double(short)
      if let dz = pass.dz {
        dz[row + rival] += pass.scale
        dz[row + c] -= pass.scale
      }
    }
    return sum
  }

  @inline(__always)
  private func targetClass<S: Scalar>(_ pass: LossPass<S>, _ sample: Int, of k: Int) -> Int {
    if pass.hasClasses { return Int(Double(pass.t[sample])) }
    var c = 0
    for j in 1..<k where pass.t[sample * k + j] > pass.t[sample * k + c] { c = j }
    return c
  }
}
