import Foundation
import Testing

@testable import Explanation

/// Whole explanations. `WrittenNumbersTests` compares their numbers with an independent
/// computation.
@Suite struct WholeTextTests {
  /// Removes the errors of numeric derivatives, which depend on the machine.
  private func withoutErrors(_ text: String) -> String {
    text.replacing(/off by [^ )]+ at most/, with: "off by … at most")
      .replacing(/difference is [^ ]+\.\n/, with: "difference is ….\n")
  }

  @Test func oneLayerIsExplainedWordForWord() throws {
    #expect(
      withoutErrors(try explanation(oneLayer, sample: 1).text) == """
        one_layer: the chain rule of training sample 1
        ==============================================

        All numbers are float64, at the initial values of seed 1. The batch is training sample 1 (of 2,
        counted from 0).

            value  of        type           reads  shape
            x      the data                        [2]
            z′     output    dense          x      [1]
            z      sigmoid   sigmoid        z′     [1]
            L      the loss  squared_error  z, t

            z = σ ∘ ρ[W, b] ∘ x

        δᵥ = ∂L/∂v is the error of a value v, of the same shape; ⊗ multiplies entry by entry; ≈ precedes the
        numeric value from differences of L.

        Forward
        -------

            x = [1  2]ᵀ

        'output': dense

            W = [2  -1]

            b = [0.25]

            z′ = W x + b
               = [2  -1] ⎡1⎤ + [0.25]
                         ⎣2⎦
               = [0.25]

        'sigmoid'

            σ(u) = 1/(1 + e⁻ᵘ)

            z = σ(z′)
              = σ([0.25])
              = [0.562177]

        The loss: squared_error

            t = [0]

            ℓ = Σⱼ (zⱼ − tⱼ)²
              = 0.316042

            L = (1/n) Σₖ ℓₖ
              = ℓ   (n = 1)
              = 0.316042

        Backward
        --------

        The loss: squared_error

            δ_z = ∂L/∂z
                = 2(z − t)
                = 2([0.562177] − [0])
                = [1.12435] ≈ [1.12435]   (off by … at most)

        'sigmoid'

            ∂z/∂z′ = diag(z ⊗ (1 − z))

            δ_z′ = δ_z ⊗ z ⊗ (1 − z)
                 = [1.12435] ⊗ [0.562177] ⊗ (1 − [0.562177])
                 = [0.276742] ≈ [0.276742]   (off by … at most)

        'output': dense

            ∂L/∂W = ∂L/∂z ∂z/∂z′ ∂z′/∂W
                  = δ_z′ ∂z′/∂W
                  = δ_z′ xᵀ
                  = [0.276742] [1  2]
                  = [0.276742  0.553483] ≈ [0.276742  0.553483]   (off by … at most)

            ∂L/∂b = ∂L/∂z ∂z/∂z′ ∂z′/∂b
                  = δ_z′ ∂z′/∂b
                  = δ_z′
                  = [0.276742] ≈ [0.276742]   (off by … at most)

            ∂z′/∂x = W

            δₓ = Wᵀ δ_z′
               = ⎡ 2⎤ [0.276742]
                 ⎣-1⎦
               = [0.553483  -0.276742]ᵀ ≈ [0.553483  -0.276742]ᵀ   (off by … at most)

        Result
        ------

        Of the 7 derivatives shown, 7 agree with the numeric ones within the error bound. The largest
        difference is ….

        """)
  }

  @Test func theBackwardPassThroughTwoLayersIsExplainedWordForWord() throws {
    let text = withoutErrors(try explanation(twoLayers).text)
    let start = try #require(text.range(of: "Backward\n---"))
    #expect(
      text[start.lowerBound...] == """
        Backward
        --------

        The loss: squared_error

            δ_z = ∂L/∂z
                = 2(z − t)
                = 2([0.616888] − [1])
                = [-0.766223] ≈ [-0.766223]   (off by … at most)

        'sigmoid'

            ∂z/∂z′ = diag(z ⊗ (1 − z))

            δ_z′ = δ_z ⊗ z ⊗ (1 − z)
                 = [-0.766223] ⊗ [0.616888] ⊗ (1 − [0.616888])
                 = [-0.181087] ≈ [-0.181087]   (off by … at most)

        'output': dense

            ∂L/∂W⁽²⁾ = ∂L/∂z ∂z/∂z′ ∂z′/∂W⁽²⁾
                     = δ_z′ ∂z′/∂W⁽²⁾
                     = δ_z′ yᵀ
                     = [-0.181087] [0.817574  0.5]
                     = [-0.148052  -0.0905435] ≈ [-0.148052  -0.0905435]   (off by … at most)

            ∂L/∂b⁽²⁾ = ∂L/∂z ∂z/∂z′ ∂z′/∂b⁽²⁾
                     = δ_z′ ∂z′/∂b⁽²⁾
                     = δ_z′
                     = [-0.181087] ≈ [-0.181087]   (off by … at most)

            ∂z′/∂y = W⁽²⁾

            δ_y = W⁽²⁾ᵀ δ_z′
                = ⎡1.5⎤ [-0.181087]
                  ⎣ -2⎦
                = [-0.27163  0.362174]ᵀ ≈ [-0.27163  0.362174]ᵀ   (off by … at most)

        'bend': sigmoid

            ∂y/∂y′ = diag(y ⊗ (1 − y))

            δ_y′ = δ_y ⊗ y ⊗ (1 − y)
                 = ⎡-0.27163⎤ ⊗ ⎡0.817574⎤ ⊗ ⎛1 − ⎡0.817574⎤⎞
                   ⎣0.362174⎦   ⎣     0.5⎦   ⎝    ⎣     0.5⎦⎠
                 = [-0.0405127  0.0905435]ᵀ ≈ [-0.0405127  0.0905435]ᵀ   (off by … at most)

        'hidden': dense

            ∂L/∂W⁽¹⁾ = ∂L/∂z ∂z/∂z′ ∂z′/∂y ∂y/∂y′ ∂y′/∂W⁽¹⁾
                     = δ_y′ ∂y′/∂W⁽¹⁾
                     = δ_y′ xᵀ
                     = ⎡-0.0405127⎤ [1  0]
                       ⎣ 0.0905435⎦
                     = ⎡-0.0405127  0⎤ ≈ ⎡-0.0405127  0⎤   (off by … at most)
                       ⎣ 0.0905435  0⎦   ⎣ 0.0905435  0⎦

            ∂L/∂b⁽¹⁾ = ∂L/∂z ∂z/∂z′ ∂z′/∂y ∂y/∂y′ ∂y′/∂b⁽¹⁾
                     = δ_y′ ∂y′/∂b⁽¹⁾
                     = δ_y′
                     = [-0.0405127  0.0905435]ᵀ ≈ [-0.0405127  0.0905435]ᵀ   (off by … at most)

            ∂y′/∂x = W⁽¹⁾

            δₓ = W⁽¹⁾ᵀ δ_y′
               = ⎡ 1  0.5⎤ ⎡-0.0405127⎤
                 ⎣-1    2⎦ ⎣ 0.0905435⎦
               = [0.00475902  0.2216]ᵀ ≈ [0.00475902  0.2216]ᵀ   (off by … at most)

        Result
        ------

        Of the 17 derivatives shown, 17 agree with the numeric ones within the error bound. The largest
        difference is ….

        """)
  }

  @Test func oneLayerIsExplainedInMarkdownWordForWord() throws {
    #expect(
      withoutErrors(try explanation(oneLayer).formatted(as: .markdown)) == #"""
        # one\_layer: the chain rule of training sample 0

        All numbers are float64, at the initial values of seed 1. The batch is training sample 0 (of 2, counted from 0).

        | value | of | type | reads | shape |
        | --- | --- | --- | --- | --- |
        | $x$ | the data |  |  | \[2\] |
        | $z^{\prime}$ | `output` | dense | $x$ | \[1\] |
        | $z$ | `sigmoid` | sigmoid | $z^{\prime}$ | \[1\] |
        | $L$ | the loss | squared\_error | $z$, $t$ |  |

        $$
        \begin{aligned}
        z &= \sigma \circ \rho[W,b] \circ x
        \end{aligned}
        $$

        $\delta_{v} = \frac{\partial L}{\partial v}$ is the error of a value $v$, of the same shape; $\otimes$ multiplies entry by entry; $\approx$ precedes the numeric value from differences of $L$.

        ## Forward

        $$
        \begin{aligned}
        x &= \begin{bmatrix}0.5 & 0.25\end{bmatrix}^{T}
        \end{aligned}
        $$

        ### `output`: dense

        $$
        \begin{aligned}
        W &= \begin{bmatrix}2 & -1\end{bmatrix}
        \end{aligned}
        $$

        $$
        \begin{aligned}
        b &= \begin{bmatrix}0.25\end{bmatrix}
        \end{aligned}
        $$

        $$
        \begin{aligned}
        z^{\prime} &= W x + b \\
        &= \begin{bmatrix}2 & -1\end{bmatrix}\begin{bmatrix}0.5 \\ 0.25\end{bmatrix} + \begin{bmatrix}0.25\end{bmatrix} \\
        &= \begin{bmatrix}1\end{bmatrix}
        \end{aligned}
        $$

        ### `sigmoid`

        $$
        \begin{aligned}
        \sigma(u) &= \frac{1}{1 + e^{- u}}
        \end{aligned}
        $$

        $$
        \begin{aligned}
        z &= \sigma(z^{\prime}) \\
        &= \sigma(\begin{bmatrix}1\end{bmatrix}) \\
        &= \begin{bmatrix}0.731059\end{bmatrix}
        \end{aligned}
        $$

        ### The loss: squared\_error

        $$
        \begin{aligned}
        t &= \begin{bmatrix}1\end{bmatrix}
        \end{aligned}
        $$

        $$
        \begin{aligned}
        \ell &= \sum_{j}(z_{j} - t_{j})^{2} \\
        &= 0.0723295
        \end{aligned}
        $$

        $$
        \begin{aligned}
        L &= \frac{1}{n}\sum_{k}\ell_{k} \\
        &= \ell \quad \text{(n = 1)} \\
        &= 0.0723295
        \end{aligned}
        $$

        ## Backward

        ### The loss: squared\_error

        $$
        \begin{aligned}
        \delta_{z} &= \frac{\partial L}{\partial z} \\
        &= 2(z - t) \\
        &= 2(\begin{bmatrix}0.731059\end{bmatrix} - \begin{bmatrix}1\end{bmatrix}) \\
        &= \begin{bmatrix}-0.537883\end{bmatrix} \approx \begin{bmatrix}-0.537883\end{bmatrix} \quad \text{(off by … at most)}
        \end{aligned}
        $$

        ### `sigmoid`

        $$
        \begin{aligned}
        \frac{\partial z}{\partial z^{\prime}} &= \operatorname{diag}(z \otimes (1 - z))
        \end{aligned}
        $$

        $$
        \begin{aligned}
        \delta_{z^{\prime}} &= \delta_{z} \otimes z \otimes (1 - z) \\
        &= \begin{bmatrix}-0.537883\end{bmatrix} \otimes \begin{bmatrix}0.731059\end{bmatrix} \otimes (1 - \begin{bmatrix}0.731059\end{bmatrix}) \\
        &= \begin{bmatrix}-0.105754\end{bmatrix} \approx \begin{bmatrix}-0.105754\end{bmatrix} \quad \text{(off by … at most)}
        \end{aligned}
        $$

        ### `output`: dense

        $$
        \begin{aligned}
        \frac{\partial L}{\partial W} &= \frac{\partial L}{\partial z}\frac{\partial z}{\partial z^{\prime}}\frac{\partial z^{\prime}}{\partial W} \\
        &= \delta_{z^{\prime}}\frac{\partial z^{\prime}}{\partial W} \\
        &= \delta_{z^{\prime}}x^{T} \\
        &= \begin{bmatrix}-0.105754\end{bmatrix}\begin{bmatrix}0.5 & 0.25\end{bmatrix} \\
        &= \begin{bmatrix}-0.0528771 & -0.0264385\end{bmatrix} \approx \begin{bmatrix}-0.0528771 & -0.0264385\end{bmatrix} \quad \text{(off by … at most)}
        \end{aligned}
        $$

        $$
        \begin{aligned}
        \frac{\partial L}{\partial b} &= \frac{\partial L}{\partial z}\frac{\partial z}{\partial z^{\prime}}\frac{\partial z^{\prime}}{\partial b} \\
        &= \delta_{z^{\prime}}\frac{\partial z^{\prime}}{\partial b} \\
        &= \delta_{z^{\prime}} \\
        &= \begin{bmatrix}-0.105754\end{bmatrix} \approx \begin{bmatrix}-0.105754\end{bmatrix} \quad \text{(off by … at most)}
        \end{aligned}
        $$

        $$
        \begin{aligned}
        \frac{\partial z^{\prime}}{\partial x} &= W
        \end{aligned}
        $$

        $$
        \begin{aligned}
        \delta_{x} &= W^{T}\delta_{z^{\prime}} \\
        &= \begin{bmatrix}2 \\ -1\end{bmatrix}\begin{bmatrix}-0.105754\end{bmatrix} \\
        &= \begin{bmatrix}-0.211508 & 0.105754\end{bmatrix}^{T} \approx \begin{bmatrix}-0.211508 & 0.105754\end{bmatrix}^{T} \quad \text{(off by … at most)}
        \end{aligned}
        $$

        ## Result

        Of the 7 derivatives shown, 7 agree with the numeric ones within the error bound. The largest difference is ….

        """#)
  }
}
