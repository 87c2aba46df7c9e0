import NNExp
import Testing

@testable import Explanation

/// The entries that are shown of a tensor, and the note about the rest.
@Suite struct TensorTextTests {
  private func shown(_ count: Int, _ shape: Shape) -> (String, String) {
    let text = TensorText((0..<count).map(Double.init), shape: shape)
    return (text.formula.text, text.note)
  }

  @Test func smallTensorsAreShownWhole() {
    #expect(shown(1, [1]) == ("[0]", ""))
    #expect(shown(3, [3]) == ("[0  1  2]ᵀ", ""))
    #expect(shown(10, [10]).1 == "")
    #expect(shown(4, [2, 2]) == ("⎡0  1⎤\n⎣2  3⎦", ""))
    #expect(shown(4, [1, 2, 2]) == ("⎡0  1⎤\n⎣2  3⎦", ""))
    #expect(shown(48, [8, 6]).1 == "")
  }

  @Test func aSmallTensorOfHigherRankIsShownInFull() {
    #expect(shown(3, [3, 1, 1]) == ("[0  1  2]", "shape [3, 1, 1], norm 2.23607"))
    #expect(shown(6, [2, 3, 1]).1 == "shape [2, 3, 1], norm 7.4162")
  }

  @Test func largeTensorsAreShownByShapeNormAndFirstEntries() {
    #expect(
      shown(11, [11])
        == ("[0  1  2  3  4  5  …]", "shape [11], norm 19.6214, the first 6 of 11"))
    #expect(
      shown(8, [2, 2, 2])
        == ("[0  1  2  3  4  5  …]", "shape [2, 2, 2], norm 11.8322, the first 6 of 8"))
    #expect(shown(56, [8, 7]).1 == "shape [8, 7], norm 238.705, the first 6 of 56")
    #expect(shown(54, [9, 6]).1 == "shape [9, 6], norm 225.918, the first 6 of 54")
  }

  @Test func normsDoNotOverflow() {
    let huge = TensorText(Array(repeating: 1e200, count: 16), shape: [16])
    #expect(huge.note == "shape [16], norm 4e200, the first 6 of 16")
    let tiny = TensorText(Array(repeating: 1e-200, count: 16), shape: [16])
    #expect(tiny.note == "shape [16], norm 4e-200, the first 6 of 16")
    let nan = TensorText(Array(repeating: .nan, count: 16), shape: [16])
    #expect(nan.note == "shape [16], norm nan, the first 6 of 16")
  }

  @Test(arguments: [
    (0.0, "0"), (-0.0, "0"), (1, "1"), (-2.5, "-2.5"), (1.0 / 3, "0.333333"),
    (1.5e-7, "1.5e-7"), (-1e100, "-1e100"), (123_456_789, "1.23457e8"), (.nan, "nan"),
    (.infinity, "inf"), (-.infinity, "-inf"), (.leastNonzeroMagnitude, "4.94066e-324"),
  ]) func numbersHaveSixDigits(_ value: Double, _ text: String) {
    #expect(NumberText.of(value) == text)
  }

  @Test func numbersBecomeFormulas() {
    let formula = Formula.matrix([["-1.5e-7", "nan"], ["2", "…"]])
    #expect(
      formula.latex
        == #"\begin{bmatrix}-1.5\cdot 10^{-7} & \text{nan} \\ 2 & …\end{bmatrix}"#)
    #expect(isWellFormed(formula.mathML))
  }
}
