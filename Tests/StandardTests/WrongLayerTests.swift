import NNExp
import Testing

/// y = x² + b, with one fault or none.
private struct Faulty: Layer, Component {
  enum Fault {
    case none, sign, factor, lastEntry, overwritesInputGradient, overwritesGradient, lostBiasSum
    case writesBehindOutput, writesIntoInput, writesIntoCotangent, leavesHoles, dependsOnBatch
    case differsEachTime, roundsToFloat
  }

  static let typeName = "faulty"
  let fault: Fault

  init(from options: inout Options) { fault = .none }
  init(_ fault: Fault) { self.fault = fault }

  func plan(for inputs: [Port]) -> Plan {
    Plan(
      output: inputs[0].shape, parameters: [.init("bias", inputs[0].shape, initial: .zeros)],
      state: [.init("calls", [1], value: 0)])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y, b) = (pass.x, pass.y, pass.parameters[0])
    for i in y.indices {
      y[i] = x[i] * x[i] + b[i % b.count]
      if fault == .dependsOnBatch { y[i] += x[0] }
      if fault == .roundsToFloat { y[i] = S(Float(y[i])) }
    }
    if fault == .leavesHoles { y[y.count - 1] = .nan }
    if fault == .writesBehindOutput { y.start[y.count] = 1 }
    if fault == .writesIntoInput { x[0] += 1 }
    if fault == .differsEachTime {
      clock.next += 1
      y[0] += S(clock.next)
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, dx, dy, db) = (pass.x, pass.dx, pass.dy, pass.gradients[0])
    for i in dx.indices where !(fault == .lastEntry && i == dx.count - 1) {
      let factor: S = fault == .sign ? -2 : fault == .factor ? 1 : 2
      let slope = factor * x[i] * dy[i]
      dx[i] = fault == .overwritesInputGradient ? slope : dx[i] + slope
      if fault == .dependsOnBatch { dx[0] += dy[i] }
      let k = i % db.count
      if fault == .lostBiasSum && i >= db.count { continue }
      db[k] = fault == .overwritesGradient ? dy[i] : db[k] + dy[i]
    }
    if fault == .writesIntoCotangent { dy[0] += 1 }
  }
}

/// State outside the layer, which is not permitted.
private final class Clock: @unchecked Sendable { var next = 0.0 }
private let clock = Clock()

@Suite struct WrongLayerTests {
  private func faults(of fault: Faulty.Fault) throws -> [String] {
    var proof = try LayerProof(
      Faulty(fault), inputs: [[5]], samples: 3, isTraining: true, seed: 1)
    try proof.run()
    return proof.faults
  }

  @Test func `a correct layer has no fault`() throws {
    #expect(try faults(of: .none) == [])
  }

  @Test(
    arguments: [
      (.sign, "wrong gradient"), (.factor, "wrong gradient"), (.lastEntry, "wrong gradient"),
      (.lostBiasSum, "wrong gradient"), (.roundsToFloat, "wrong gradient"),
      (.overwritesInputGradient, "a gradient is not added"),
      (.overwritesGradient, "a gradient is not added"),
      (.writesBehindOutput, "written beside y"), (.writesIntoInput, "an input is written to"),
      (.writesIntoCotangent, "an input is written to"), (.leavesHoles, "y is not wholly written"),
      (.dependsOnBatch, "sample 1 depends on others"),
      (.differsEachTime, "y differs the second time"),
    ] as [(Faulty.Fault, String)])
  private func `a wrong layer has its own fault`(fault: Faulty.Fault, text: String) throws {
    let found = try faults(of: fault)
    #expect(found.contains { $0.hasPrefix(text) })
  }
}
