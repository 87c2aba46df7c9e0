import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// The factor at every step of a training.
private func factors(
  _ schedule: any Schedule, epochs: Int, stepsPerEpoch: Int = 1,
  losses: (Int) -> Double = { _ in 1 }
) -> [Double] {
  let memory = GuardedBuffer<Double>(zeros: [schedule.memory])
  return (0..<epochs * stepsPerEpoch).map { step in
    let epoch = step / stepsPerEpoch
    return schedule.factor(
      at: Progress(
        epoch: epoch, step: step, epochs: epochs, stepsPerEpoch: stepsPerEpoch,
        isEpochStart: step % stepsPerEpoch == 0, loss: epoch == 0 ? .nan : losses(epoch - 1)),
      memory: memory.tensor)
  }
}

private func close(_ a: [Double], _ b: [Double]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-14 }
}

@Test func constantSchedulesDoNotChange() throws {
  #expect(factors(try Rule.schedule("constant"), epochs: 3) == [1, 1, 1])
}

@Test func stepSchedulesDropEveryFewEpochs() throws {
  let schedule = try Rule.schedule("step", ["every": 2, "factor": 0.5])
  #expect(
    factors(schedule, epochs: 5, stepsPerEpoch: 2)
      == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25])
}

@Test func exponentialSchedulesFallByARatio() throws {
  let byEpoch = try Rule.schedule("exponential", ["factor": 0.5])
  #expect(factors(byEpoch, epochs: 3, stepsPerEpoch: 2) == [1, 1, 0.5, 0.5, 0.25, 0.25])
  let byStep = try Rule.schedule("exponential", ["factor": 0.5, "by": "step"])
  #expect(factors(byStep, epochs: 2, stepsPerEpoch: 2) == [1, 0.5, 0.25, 0.125])
}

@Test func inverseTimeFollowsChaosFormula() throws {
  let byEpoch = try Rule.schedule("inverse_time", ["decay": 1])
  #expect(
    factors(byEpoch, epochs: 3, stepsPerEpoch: 2) == [1, 1, 0.5, 0.5, 1 / 3.0, 1 / 3.0])
  let byStep = try Rule.schedule("inverse_time", ["decay": 3, "by": "step"])
  #expect(factors(byStep, epochs: 2, stepsPerEpoch: 2) == [1, 0.25, 1 / 7.0, 0.1])
}

@Test func cosineSchedulesEndAtTheirMinimum() throws {
  let whole = try Rule.schedule("cosine")
  #expect(
    close(
      factors(whole, epochs: 4), [1, (1 + 0.5.squareRoot()) / 2, 0.5, (1 - 0.5.squareRoot()) / 2]))
  let short = try Rule.schedule("cosine", ["minimum": 0.2, "length": 2])
  #expect(close(factors(short, epochs: 4), [1, 0.6, 0.2, 0.2]))
  let byStep = try Rule.schedule("cosine", ["by": "step"])
  #expect(close(factors(byStep, epochs: 1, stepsPerEpoch: 2), [1, 0.5]))
}

@Test func warmupsClimbToTheSchedulesStart() throws {
  let alone = try Rule.schedule("linear_warmup", ["epochs": 2, "from": 0.5])
  #expect(factors(alone, epochs: 4) == [0.5, 0.75, 1, 1])
  let steps = try Rule.schedule("linear_warmup", ["steps": 4])
  #expect(factors(steps, epochs: 3, stepsPerEpoch: 2) == [0, 0.25, 0.5, 0.75, 1, 1])
  let none = try Rule.schedule("linear_warmup", ["steps": 0])
  #expect(factors(none, epochs: 2) == [1, 1])
}

/// As PyTorch's SequentialLR([LinearLR, …]): the schedule after the warm-up starts with its
/// epoch 0.
@Test func schedulesBeginAfterTheirWarmup() throws {
  let warmup = ConfigValue.map([("epochs", 2), ("from", 0.5)])
  let step = try Rule.schedule("step", ["every": 2, "factor": 0.5, "warmup": warmup])
  #expect(factors(step, epochs: 7) == [0.5, 0.75, 1, 1, 0.5, 0.5, 0.25])
  let cosine = try Rule.schedule("cosine", ["warmup": warmup])
  #expect(close(factors(cosine, epochs: 4), [0.5, 0.75, 1, 0.5]))
  let byStep = try Rule.schedule(
    "inverse_time", ["decay": 1, "by": "step", "warmup": ConfigValue.map([("steps", 3)])])
  #expect(
    close(factors(byStep, epochs: 3, stepsPerEpoch: 2), [0, 1 / 3.0, 2 / 3.0, 1, 0.5, 1 / 3.0]))
  let plateau = try Rule.schedule(
    "plateau",
    ["patience": 0, "factor": 0.5, "warmup": ConfigValue.map([("steps", 3), ("from", 0.5)])])
  #expect(
    close(
      factors(plateau, epochs: 4, stepsPerEpoch: 2),
      [0.5, 0.5 + 0.5 / 3, 0.5 + 1 / 3.0, 1, 1, 1, 0.5, 0.5]))
}

/// A schedule over the whole training ends with it, also after a warm-up of part of an epoch.
@Test func schedulesEndWithTheTrainingAfterAWarmupInSteps() throws {
  let warmup = ConfigValue.map([("steps", 3)])
  for name in ["cosine", "polynomial"] {
    let whole = try Rule.schedule(name, ["by": "step"])
    let warmed = try Rule.schedule(name, ["by": "step", "warmup": warmup])
    #expect(
      close(
        factors(warmed, epochs: 5, stepsPerEpoch: 2),
        [0, 1 / 3.0, 2 / 3.0] + factors(whole, epochs: 7)), "\(name)")
  }
  let whole = try Rule.schedule("one_cycle")
  let warmed = try Rule.schedule("one_cycle", ["warmup": warmup])
  #expect(
    close(
      factors(warmed, epochs: 5, stepsPerEpoch: 2),
      [0, 1 / 3.0, 2 / 3.0] + factors(whole, epochs: 7)))
}

@Test func schedulesMayBeLongerThanAnyTraining() throws {
  let longest = ConfigValue(.int(.max))
  let warmup = ConfigValue.map([("epochs", 1)])
  let step = try Rule.schedule("step", ["every": longest, "warmup": warmup])
  #expect(step.plannedLength == .epochs(.max))
  #expect(factors(step, epochs: 3) == [0, 1, 1])
  let cyclic = try Rule.schedule("cyclic", ["up": longest])
  #expect(cyclic.plannedLength == .steps(.max))
  let both = try Rule.schedule(
    "cyclic", ["up": longest, "warmup": ConfigValue.map([("steps", longest)])])
  #expect(both.plannedLength == .steps(.max))
}

@Test func plateauWaitsItsPatienceAndCoolsDown() throws {
  let losses = [5, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3.0]
  // Two epochs without improvement are permitted: epochs 0 and 1 are best, 1, 2 and 3 are not,
  // then the rate drops.
  let plain = try Rule.schedule("plateau", ["factor": 0.5, "patience": 2])
  #expect(
    factors(plain, epochs: 13) { losses[$0] }
      == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25])
  let cooled = try Rule.schedule(
    "plateau", ["factor": 0.5, "patience": 0, "cooldown": 2, "minimum": 0.3])
  #expect(
    factors(cooled, epochs: 9) { losses[$0] } == [1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3])
}

@Test func plateauCountsOnlyLargeEnoughImprovements() throws {
  let schedule = try Rule.schedule(
    "plateau", ["factor": 0.5, "patience": 0, "threshold": 0.1])
  // 0.95 is not an improvement of 1, but 0.8 is.
  #expect(factors(schedule, epochs: 4) { [1, 0.95, 0.8][$0] } == [1, 1, 0.5, 0.5])
  // NaN is never an improvement.
  #expect(factors(schedule, epochs: 3) { _ in .nan } == [1, 0.5, 0.25])
}

@Test func plateauLooksOncePerEpoch() throws {
  let schedule = try Rule.schedule("plateau", ["factor": 0.5, "patience": 0])
  #expect(
    factors(schedule, epochs: 3, stepsPerEpoch: 3) == [1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5])
  #expect(schedule.memory == 5)
}

@Test func scheduleOptionsAreChecked() {
  func errors(_ name: String, _ entries: Rule.Entries) -> String {
    errorText { try Rule.schedule(name, entries) }
  }
  #expect(errors("step", [:]) == "error: missing 'every': an integer ≥ 1 is required")
  #expect(
    errors("step", ["every": 0])
      == "error: every must be an integer ≥ 1, found the number 0")
  #expect(
    errors("cosine", ["minimum": 2])
      == "error: minimum must be a number from 0 to 1, found the number 2")
  #expect(
    errors("exponential", ["factor": 0.5, "by": "epochs"])
      == """
      error: by must be one of: epoch, step, found the text 'epochs'; did you mean 'epoch'?
      """)
  #expect(
    errors("plateau", ["factor": 1])
      == "error: factor must be a number from 0 to 1 (1 excluded), found the number 1")
  let length = "error: a warm-up needs its length in either epochs or steps"
  #expect(errors("linear_warmup", [:]) == length)
  #expect(errors("linear_warmup", ["epochs": 1, "steps": 2]) == length)
  #expect(errors("cosine", ["warmup": ConfigValue.map([])]) == length)
  #expect(
    errors("cosine", ["warmup": ConfigValue.map([("epochs", 2), ("form", 0.5)])])
      == "error: unknown key 'form'; did you mean 'from'?")
  #expect(
    errors("cosine", ["warmup": 3]) == """
      error: warmup must be a mapping, found the number 3
      note: known keys: epochs, from, steps
      """)
}
