import NNExp

/// The files that `nnexp plugin new` writes: a working type with comments for its author.
struct PluginTemplate {
  enum Kind: String, CaseIterable {
    case layer
    case loss
    case optimizer
  }

  /// The Swift type, such as `LogCosh`.
  let name: String

  /// The name in experiment files, such as `log_cosh`.
  let typeName: String

  let kind: Kind

  init(_ name: String, _ kind: Kind) throws {
    let letters = name.unicodeScalars
    let isName =
      name.utf8.count <= 64 && ("A"..."Z").contains(letters.first ?? " ")
      && letters.allSatisfy {
        ("A"..."Z").contains($0) || ("a"..."z").contains($0) || ("0"..."9").contains($0)
      }
    guard isName else {
      throw Diagnostic(
        "'\(name)' is not a type name; use letters and digits, beginning with a capital, as in Maxout"
      )
    }
    // A type with one of these names would hide the type that it uses.
    let reserved = [
      "Layer", "Loss", "Optimizer", "Plan", "Shape", "Options", "Registry", "ForwardPass",
      "BackwardPass",
      "OptimizerStep", "LossPass", "Target", "Tensor", "Scalar", "Documentation", "Component",
      "Example",
      "Double", "Float",
      "Diagnostic", "NNExp", "Swift",
    ]
    guard !reserved.contains(name) else {
      throw Diagnostic("'\(name)' is already used; choose another")
    }
    self.name = name
    self.kind = kind
    var words = ""
    for (index, letter) in name.enumerated() {
      let isStart = letter.isUppercase && index > 0
      let previous = Array(name)[max(0, index - 1)]
      if isStart && !previous.isUppercase { words += "_" }
      words += letter.lowercased()
    }
    typeName = words
  }

  var source: String {
    switch kind {
    case .layer: layerTemplate
    case .loss: lossTemplate
    case .optimizer: optimizerTemplate
    }
  }

  /// An experiment that learns XOR with the plugin's type.
  var experiment: String {
    let layer = kind == .layer ? typeName : "tanh"
    let loss = kind == .loss ? typeName : "squared_error"
    let optimizer =
      kind == .optimizer
      ? "{type: \(typeName), learning_rate: 0.05}" : "{type: adam, learning_rate: 0.05}"
    return """
      name: \(typeName)
      seed: 1
      plugins: [\(name).swift]
      data:
        inline:
          inputs:  [[0, 0], [0, 1], [1, 0], [1, 1]]
          targets: [[0], [1], [1], [0]]
      model:
        - {type: dense, units: 4}
        - \(layer)
        - {type: dense, units: 1}
      loss: \(loss)
      train:
        optimizer: \(optimizer)
        epochs: 500
        batch_size: full
      gradient_check: {at: [start]}
      expect:
        train_loss: "< 0.01"
        gradient_check: pass

      """
  }

  private var layerTemplate: String {
    """
    import NNExp

    /// A bump over each input, of a width that is learned.
    ///
    ///     y    = exp(−(w x)²)
    ///     ∂x  += ∂y · y · (−2 w² x)
    ///     ∂w  += Σ ∂y · y · (−2 w x²)        over the samples
    ///
    /// - Shape: any → the same
    struct \(name): Layer, Component {
      static let typeName = "\(typeName)"
      static let documentation = Documentation(
        "a bump over each input, of a width that is learned",
        equation: "y = exp(−(w x)²)",
        shapes: "any → the same",
        example: "- {type: \(typeName), width: 0.5}")

      /// The options and shapes that `nnexp plugin test` tests.
      static let examples = [
        Example(inputs: [4]),
        Example(["width": 0.5], inputs: [2, 3, 3]),
      ]

      private let width: Double

      /// Each option is read once, with its range; an error is reported with its location.
      init(from options: inout Options) {
        width = options.double("width", default: 1, in: .positive, "initial value of w")
      }

    /// The output shape and the parameters for inputs of these shapes (per sample). If
    /// they do not fit, throw the fact: `throw Diagnostic("window 3 does not …")`.
      func plan(for inputs: [Port]) throws -> Plan {
        Plan(
          output: inputs[0].shape,
          parameters: [.init("w", inputs[0].shape, initial: .constant(width))])
      }

      /// Overwrites y. The samples are stored one after the other.
      func forward<S: Scalar>(_ pass: ForwardPass<S>) {
        let (x, y, w) = (pass.x, pass.y, pass.parameters[0])
        for s in 0..<pass.samples {
          for j in w.indices {
            let i = s &* w.count &+ j
            let u = w[j] * x[i]
            y[i] = S.exp(-u * u)
          }
        }
      }

      /// Adds to dx and to the parameters' gradients.
      func backward<S: Scalar>(_ pass: BackwardPass<S>) {
        let (x, y, w) = (pass.x, pass.y, pass.parameters[0])
        let (dx, dy, dw) = (pass.dx, pass.dy, pass.gradients[0])
        for s in 0..<pass.samples {
          for j in w.indices {
            let i = s &* w.count &+ j
            let slope = dy[i] * y[i] * -2 * w[j] * x[i]
            dx[i] += slope * w[j]
            dw[j] += slope * x[i]
          }
        }
      }
    }

    /// Registers the types of this plugin.
    func register(in registry: inout Registry) {
      registry.register(\(name).self)
    }

    """
  }

  private var lossTemplate: String {
    """
    import NNExp

    /// The logarithm of the hyperbolic cosine: ½d² for small distances, |d| for large.
    ///
    ///     ℓ    = Σⱼ ln cosh(dⱼ)       dⱼ = zⱼ − tⱼ
    ///     ∂zⱼ += tanh(dⱼ)
    ///
    /// - Shape: outputs and targets of one shape
    struct \(name): Loss, Component {
      static let typeName = "\(typeName)"
      static let documentation = Documentation(
        "½d² for small distances, |d| for large",
        equation: "ℓ = Σⱼ ln cosh(zⱼ − tⱼ)",
        shapes: "outputs and targets of one shape",
        example: "loss: \(typeName)")

      /// The cases that `nnexp plugin test` tests.
      static let examples = [
        Example(output: [3], target: .values([3]))
      ]

      /// Each option is read once, with its range: options.double("width", default: 1).
      init(from options: inout Options) {}

      /// Throws the fact if outputs and targets do not fit.
      func plan(output: Shape, target: Target) throws {
        guard case .values = target else {
          throw Diagnostic("\(typeName) compares with numbers, not with classes")
        }
        try target.checkFit(output)
      }

      /// Returns Σ ℓ, unscaled. Adds scale · ∂ℓ/∂z to dz unless that is nil.
      func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
        var sum = 0.0
        for i in pass.z.indices {
          let d = pass.z[i] - pass.t[i]
          // ln cosh d = |d| + ln(1 + e^(−2|d|)) − ln 2: nothing overflows.
          sum += Double(abs(d) + S.log1p(S.exp(-2 * abs(d)))) - 0.6931471805599453
          if let dz = pass.dz { dz[i] += pass.scale * S.tanh(d) }
        }
        return sum
      }
    }

    /// Registers the types of this plugin.
    func register(in registry: inout Registry) {
      registry.register(\(name).self)
    }

    """
  }

  private var optimizerTemplate: String {
    """
    import NNExp

    /// Gradient descent with momentum (the heavy-ball method).
    ///
    ///     v ← μ v + g
    ///     w ← w − η v
    ///
    /// - Source: Polyak 1964
    struct \(name): Optimizer, Component {
      static let typeName = "\(typeName)"
      static let documentation = Documentation(
        "gradient descent with momentum",
        equation: "v ← μ v + g;  w ← w − η v",
        example: "optimizer: {type: \(typeName), learning_rate: 0.05}")

      /// The cases that `nnexp plugin test` tests.
      static let examples = [
        Example([:]),
        Example(["learning_rate": 0.05, "momentum": 0.5]),
      ]

      let learningRate: Double
      private let momentum: Double

      /// Each option is read once, with its range; an error is reported with its location.
      init(from options: inout Options) {
        learningRate = options.double("learning_rate", default: 0.01, in: .positive, "η")
        momentum = options.double("momentum", default: 0.9, in: .fraction, "μ")
      }

      /// The memory between steps. It starts as zero and is saved in checkpoints.
      var memory: OptimizerMemory { OptimizerMemory(vectors: 1) }

      /// Updates w, the vector of all parameters. The pass has the η of this step.
      func step<S: Scalar>(_ pass: OptimizerStep<S>) {
        let (w, g, v) = (pass.w, pass.g, pass.vectors[0])
        let η = S(pass.learningRate)
        let μ = S(momentum)
        for i in w.indices {
          v[i] = μ * v[i] + g[i]
          w[i] -= η * v[i]
        }
      }
    }

    /// Registers the types of this plugin.
    func register(in registry: inout Registry) {
      registry.register(\(name).self)
    }

    """
  }
}
