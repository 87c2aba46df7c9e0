import NNExp
import Testing

@Suite struct OutputMeaningTests {
  @Test func aStandardDeviationIsThatOfTheLeastVarianceOrMore() {
    let z = [1, 2, -3, 4, .nan]
    let means = OutputMeaning.meansAndVariances(least: 0.25)
    #expect(means.standardDeviation(at: 0, of: 4) { z[$0] } == 0.5)
    #expect(means.standardDeviation(at: 1, of: 4) { z[$0] } == 2)
    #expect(means.standardDeviation(at: 2, of: 4) { z[$0] }.isNaN)
    #expect(OutputMeaning.values.standardDeviation(at: 0, of: 4) { z[$0] }.isNaN)
  }
}
