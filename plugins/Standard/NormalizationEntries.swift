import NNExp

/// Single entries of a normalization with their numbers, for `nnexp explain`.
///
///     μ      = (1/n) Σ x[i],  s = √((1/n) Σ (x[i] − μ)² + ε)     over a set
///     y[i]   = w · x̂[i] + b,  x̂[i] = (x[i] − μ)/s
///     ∂L/∂w  = Σ δ_y[i] · x̂[i],  ∂L/∂b = Σ δ_y[i]                 over the numbers with this weight
///     δ_x[i] = (1/s)(g[i] − ḡ − x̂[i]·h̄),  g = w·δ_y,  ḡ = (1/n) Σ g[i],  h̄ = (1/n) Σ g[i]·x̂[i]
///
/// Without centering there are no μ and ḡ. Running statistics do not depend on x: s = √(σ² + ε),
/// and δ_x[i] = (w/s) δ_y[i].
struct NormalizationEntries {
  private let sets: SetNormalization
  private let input: Shape
  /// The shape of w and b.
  private let weight: Shape
  private let sample: WorkedEntry.Sample
  private let isRunning: Bool
  /// The set and the weight of every number.
  private let setOf: [Int]
  private let weightOf: [Int]
  /// μ and σ² of every set.
  private let means: [Double]
  private let variances: [Double]

  /// - Parameter isRunning: the state has μ and σ².
  init(
    _ sets: SetNormalization, input: Shape, weight: Shape, isRunning: Bool,
    _ sample: WorkedEntry.Sample
  ) {
    (self.sets, self.input, self.weight) = (sets, input, weight)
    (self.sample, self.isRunning) = (sample, isRunning)
    (setOf, weightOf) = (sets.setOfEachNumber, sets.weightOfEachNumber)
    guard !isRunning else {
      (means, variances) = (sample.state[0], sample.state[1])
      return
    }
    let n = Double(sets.shape.count / sets.sets)
    var (means, variances) = (Array(repeating: 0.0, count: sets.sets), [Double]())
    variances = means
    if sets.isCentered {
      for (x, j) in zip(sample.x, setOf) { means[j] += x }
      for j in means.indices { means[j] /= n }
    }
    for (x, j) in zip(sample.x, setOf) { variances[j] += (x - means[j]) * (x - means[j]) / n }
    (self.means, self.variances) = (means, variances)
  }

  /// The entry of a tensor; nil if x − μ has lost most of its digits.
  func entry(_ tensor: WorkedEntry.Tensor, _ i: Int) -> WorkedEntry? {
    guard means.indices.allSatisfy({ abs(means[$0]) <= 1e5 * deviation($0) }) else { return nil }
    let dy = sample.outputGradient
    switch tensor {
    case .output: return output(i)
    case .inputGradient: return isRunning ? scaledGradient(i) : gradient(i)
    case .parameterGradient(let position):
      let users = weightOf.indices.filter { weightOf[$0] == i }
      if position == 0 {
        var statistics: [Int: [WorkedEntry]] = [:]
        for k in users where statistics[setOf[k]] == nil {
          statistics[setOf[k]] = self.statistics(k)
        }
        return .sum(
          derivative("w", i),
          users.map { k in
            WorkedEntry.Term(dy[k] * normal(k), uses: statistics[setOf[k]] ?? []) {
              [
                #"\#(delta(k)) \#(letter(#"\hat{x}"#, k))"#,
                #"\#(number(dy[k])) \cdot \#(normalText(k))"#,
              ]
            }
          })
      }
      guard users.count > 1 else { return nil }
      return .sum(
        derivative("b", i),
        users.map { k in WorkedEntry.Term(dy[k]) { [delta(k), number(dy[k])] } })
    }
  }

  // MARK: Forward

  private func output(_ i: Int) -> WorkedEntry {
    let (w, b) = (parameter(0, i), parameter(1, i))
    let difference = sets.isCentered ? #"\#(x(i)) - \#(setLetter(#"\mu"#, i))"# : x(i)
    let normal = #"\frac{\#(difference)}{\#(setLetter("s", i))}"#
    let term = WorkedEntry.Term(
      self.normal(i) * (w?.value ?? 1), w.map { "\($0.letter) \(normal)" } ?? normal,
      w.map { #"\#(number($0.value)) \cdot \#(normalText(i))"# } ?? normalText(i),
      uses: statistics(i))
    return WorkedEntry(
      letter("y", i), terms: [term],
      steps: [
        .sum(close: b.map { " + \($0.letter)" } ?? ""),
        .sum(close: b.map { " + \(number($0.value))" } ?? ""),
      ], value: term.value + (b?.value ?? 0))
  }

  /// μ and s of the set of a number.
  private func statistics(_ i: Int) -> [WorkedEntry] {
    let j = setOf[i]
    let epsilon = Equations.number(sets.epsilon)
    let root = WorkedEntry.Step.formula(#"\sqrt{\#(number(variances[j])) + \#(epsilon)}"#)
    guard !isRunning else {
      let letters = #"\sqrt{\#(setLetter(#"\sigma"#, i))^2 + \epsilon}"#
      return [
        WorkedEntry(
          setLetter("s", i), terms: [], steps: [.formula(letters), root], value: deviation(j))
      ]
    }
    let members = members(i)
    let open = #"\sqrt{\frac{1}{\#(members.count)} ("#
    let mean =
      sets.isCentered
      ? self.mean(
        setLetter(#"\mu"#, i),
        members.map { k in WorkedEntry.Term(sample.x[k]) { [x(k), number(sample.x[k])] } }) : nil
    let squares = members.map { k in
      let square = (sample.x[k] - means[j]) * (sample.x[k] - means[j])
      return WorkedEntry.Term(square, uses: mean.map { [$0] } ?? []) {
        sets.isCentered
          ? [#"(\#(x(k)) - \#(setLetter(#"\mu"#, i)))^2"#, "(\(differenceText(k)))^2"]
          : ["\(x(k))^2", "\(WorkedEntry.base(sample.x[k]))^2"]
      }
    }
    let s = WorkedEntry(
      setLetter("s", i), terms: squares,
      steps: [
        .sum(open: open, close: #") + \epsilon}"#), .sum(open: open, close: ") + \(epsilon)}"),
        root,
      ], value: deviation(j))
    return (mean.map { [$0] } ?? []) + [s]
  }

  /// The mean of the terms.
  private func mean(_ entry: String, _ terms: [WorkedEntry.Term]) -> WorkedEntry {
    let step = WorkedEntry.Step.sum(open: #"\frac{1}{\#(terms.count)} ("#, close: ")")
    return WorkedEntry(
      entry, terms: terms, steps: [step, step],
      value: terms.reduce(0) { $0 + $1.value } / Double(terms.count))
  }

  // MARK: Backward

  private func gradient(_ i: Int) -> WorkedEntry {
    let (members, s) = (members(i), deviation(setOf[i]))
    let (meanLetter, productLetter) = (setLetter(#"\bar{g}"#, i), setLetter(#"\bar{h}"#, i))
    let normalLetter = letter(#"\hat{x}"#, i)
    let mean =
      sets.isCentered
      ? self.mean(
        meanLetter,
        members.map { k in WorkedEntry.Term(g(k)) { [letter("g", k), gText(k)] } }) : nil
    let product = self.mean(
      productLetter,
      members.map { k in
        WorkedEntry.Term(g(k) * normal(k)) {
          [
            #"\#(letter("g", k)) \#(letter(#"\hat{x}"#, k))"#,
            #"\#(gText(k)) \cdot \#(normalText(k))"#,
          ]
        }
      })
    let letters = mean == nil ? "" : "\(meanLetter) - "
    let numbers = mean.map { "\(number($0.value)) - " } ?? ""
    let terms = [
      WorkedEntry.Term(
        g(i) / s, uses: statistics(i) + (mean.map { [$0] } ?? []) + [product]),
      WorkedEntry.Term(-(mean?.value ?? 0) / s),
      WorkedEntry.Term(-normal(i) * product.value / s),
    ]
    return WorkedEntry(
      #"\delta_{\#(x(i))}"#, terms: terms,
      steps: [
        .formula(
          #"\frac{1}{\#(setLetter("s", i))} (\#(letter("g", i)) - \#(letters)"#
            + "\(normalLetter) \(productLetter))"),
        .formula(
          #"\frac{1}{\#(number(s))} (\#(gText(i)) - \#(numbers)"#
            + #"\#(normalText(i)) \cdot \#(number(product.value)))"#),
      ], value: terms.reduce(0) { $0 + $1.value })
  }

  /// δ_x if the statistics do not depend on x.
  private func scaledGradient(_ i: Int) -> WorkedEntry {
    let (w, s, dy) = (parameter(0, i), deviation(setOf[i]), sample.outputGradient[i])
    let letters = #"\frac{\#(w?.letter ?? "1")}{\#(setLetter("s", i))}"#
    let numbers = #"\frac{\#(number(w?.value ?? 1))}{\#(number(s))}"#
    return .sum(
      #"\delta_{\#(x(i))}"#,
      [
        WorkedEntry.Term(
          (w?.value ?? 1) / s * dy, "\(letters) \(delta(i))", #"\#(numbers) \cdot \#(number(dy))"#,
          uses: statistics(i))
      ])
  }

  // MARK: Values

  private func members(_ i: Int) -> [Int] { setOf.indices.filter { setOf[$0] == setOf[i] } }

  private func deviation(_ set: Int) -> Double { (variances[set] + sets.epsilon).squareRoot() }

  private func normal(_ i: Int) -> Double {
    (sample.x[i] - means[setOf[i]]) / deviation(setOf[i])
  }

  private func g(_ i: Int) -> Double { sample.outputGradient[i] * (parameter(0, i)?.value ?? 1) }

  /// The weight or the bias of a number; nil if the layer has none.
  private func parameter(_ position: Int, _ i: Int) -> (value: Double, letter: String)? {
    guard position == 0 ? sets.hasWeight : sets.hasBias else { return nil }
    let index = weightOf[i]
    return (
      sample.parameters[position][index],
      WorkedEntry.letter(position == 0 ? "w" : "b", index, of: weight)
    )
  }

  // MARK: Texts

  private func number(_ value: Double) -> String { WorkedEntry.number(value) }
  private func letter(_ name: String, _ i: Int) -> String {
    WorkedEntry.letter(name, i, of: input)
  }
  private func x(_ i: Int) -> String { letter("x", i) }
  private func delta(_ i: Int) -> String { #"\delta_{\#(letter("y", i))}"# }
  private func derivative(_ parameter: String, _ index: Int) -> String {
    #"\frac{\partial L}{\partial \#(WorkedEntry.letter(parameter, index, of: weight))}"#
  }

  /// A letter with the index of the set of a number.
  private func setLetter(_ name: String, _ i: Int) -> String {
    WorkedEntry.letter(name, setOf[i], of: sets.setShape)
  }

  private func differenceText(_ i: Int) -> String {
    let x = WorkedEntry.bare(sample.x[i])
    return sets.isCentered ? "\(x) - \(number(means[setOf[i]]))" : x
  }

  private func normalText(_ i: Int) -> String {
    #"\frac{\#(differenceText(i))}{\#(number(deviation(setOf[i])))}"#
  }

  private func gText(_ i: Int) -> String {
    let dy = number(sample.outputGradient[i])
    return parameter(0, i).map { #"\#(number($0.value)) \cdot \#(dy)"# } ?? dy
  }
}

extension SetNormalization {
  /// The entries of a normalization for explanations.
  ///
  /// - Parameters:
  ///   - weight: the shape of w and b.
  ///   - isRunning: the state of the layer has μ and σ², and x does not change them.
  func work(for input: Shape, weight: Shape, isRunning: Bool = false) -> Equations.Work {
    { tensor, index, sample in
      NormalizationEntries(self, input: input, weight: weight, isRunning: isRunning, sample)
        .entry(tensor, index)
    }
  }
}
