import NNExp
import Testing

@Test func shapesCountTheirElements() {
  #expect(([] as Shape).count == 1)
  #expect(([3, 4, 5] as Shape).count == 60)
  #expect(([3, 0, 5] as Shape).count == 0)
  #expect(([3, 4] as Shape).axes == [3, 4])
  #expect(([2, 3, 4, 5] as Shape)[3] == 5)
  #expect("\([2, 3] as Shape)" == "[2, 3]")
  #expect("\([] as Shape)" == "[]")
}

@Test func shapesDifferByRankAndExtent() {
  #expect(([2, 3] as Shape) == [2, 3])
  #expect(([2, 3] as Shape) != [3, 2])
  #expect(([2] as Shape) != [2, 1])
}

@Test func shapesTooLargeToCountHaveTheLargestCount() {
  #expect(([1 << 40, 1 << 40] as Shape).count == Int.max)
  #expect(([1 << 40, 1 << 40, 3] as Shape).count == Int.max)
  #expect(([Int.max, 2] as Shape).count == Int.max)
  #expect(([1 << 40, 1 << 40, 0] as Shape).count == 0)
}

@Test func `shapes of more than four axes keep their rank and count`() {
  let shape: Shape = [2, 3, 4, 5, 6]
  #expect((shape.rank, shape.count) == (5, 720))
  #expect(shape.axes == [2, 3, 4, 5])
  #expect("\(shape)" == "[2, 3, 4, 5, …]")
}

@Test func intervalsContainTheirEndsAsDeclared() {
  #expect(Interval.positive.contains(1e-300))
  #expect(!Interval.positive.contains(0))
  #expect(Interval.nonnegative.contains(0))
  #expect(!Interval.nonnegative.contains(.infinity))
  #expect(Interval.atLeastOrInfinite(1).contains(.infinity))
  #expect(Interval.fraction.contains(0))
  #expect(!Interval.fraction.contains(1))
  #expect(Interval.unit.contains(1))
  #expect(!Interval.finite.contains(.infinity))
  for interval in [Interval.finite, .positive, .unit, .fraction, .atLeastOrInfinite(0)] {
    #expect(!interval.contains(.nan))
  }
}

@Test func intervalsReadAsTheyAreWritten() {
  #expect("\(Interval.finite)" == "finite")
  #expect("\(Interval.positive)" == "> 0")
  #expect("\(Interval.atLeast(0.5))" == "≥ 0.5")
  #expect("\(Interval.atLeastOrInfinite(1))" == "≥ 1 or .inf")
  #expect("\(Interval.unit)" == "from 0 to 1")
  #expect("\(Interval.fraction)" == "from 0 to 1 (1 excluded)")
  #expect("\(Interval(from: 0, to: 1, includesLower: false))" == "from 0 to 1 (0 excluded)")
  #expect(
    "\(Interval(from: 0, to: 1, includesLower: false, includesUpper: false))"
      == "from 0 to 1 (both excluded)")
  #expect("\(Interval(from: -.infinity, to: 2))" == "≤ 2")
  #expect("\(Interval(from: -.infinity, to: 2, includesUpper: false))" == "< 2")
}

@Test func shortestNumbersReadBack() {
  #expect(shortest(1.0) == "1")
  #expect(shortest(0.1) == "0.1")
  #expect(shortest(1e-10) == "1e-10")
  #expect(shortest(Float(0.1)) == "0.1")
  #expect(shortest(-3.0) == "-3")
  #expect(shortest(Double.nan) == "nan")
  #expect(shortest(-Double.infinity) == "-inf")
}
