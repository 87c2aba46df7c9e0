import GradientCheck
import NNExp

/// The findings of all draws about the gradient of each tensor.
struct GradientTally {
  private struct Entry {
    var tensor: SubjectTensor
    var probed = 0
    var kinks = 0
    var hasMoved = false
    /// The checked positions of a sample or a parameter, and the proven ones.
    var positions: Set<Int> = []
    var provenPositions: Set<Int> = []
    var failure: String?
  }

  private var entries: [Entry] = []
  private var evaluationsDiffer = false

  /// Checks every tensor of a subject that no draw has refuted so far.
  ///
  /// - Parameters:
  ///   - another: the same subject with another number of samples, for diagnoses.
  mutating func check(
    _ subject: any VJPSubject, samples: Int, settings: ConformanceSettings, random: RandomStream,
    circumstance: String, another: () throws -> (any VJPSubject, samples: Int)
  ) rethrows {
    let tensors = subject.tensors
    if entries.isEmpty { entries = tensors.map { Entry(tensor: $0) } }
    let check = DerivativeCheck(subject, tolerance: settings.tolerance, random: random)
    guard check.isRepeatable else {
      evaluationsDiffer = true
      return
    }
    guard check.isFinite else { return }
    let cost = 8 * (500 + Double(tensors.first?.work ?? 0) * Double(samples))
    let share = settings.budget / Double(max(1, tensors.count))
    let limit = Int(min(4096, max(8, share / cost)))
    for (t, tensor) in tensors.enumerated() where entries[t].failure == nil {
      for finding in check.check(t, limit: limit) {
        let position = finding.index % max(1, tensor.shape.count)
        entries[t].probed += 1
        entries[t].positions.insert(position)
        entries[t].hasMoved = entries[t].hasMoved || finding.numeric != 0 || finding.analytic != 0
        switch finding.verdict {
        case .proven:
          entries[t].provenPositions.insert(position)
        case .kink: entries[t].kinks += 1
        case .open: break
        case .wrong:
          entries[t].failure = try failure(
            finding, check, t, samples: samples, circumstance: circumstance,
            isSmall: tensor.count <= limit && tensor.count <= 512, another: another)
        }
        if entries[t].failure != nil { break }
      }
    }
  }

  private func failure(
    _ finding: DerivativeCheck.Finding, _ check: DerivativeCheck, _ t: Int, samples: Int,
    circumstance: String, isSmall: Bool, another: () throws -> (any VJPSubject, samples: Int)
  ) rethrows -> String {
    let subject = check.subject
    let tensor = subject.tensors[t]
    var text =
      "FAIL at \(tensor.entry(finding.index)): analytic \(shortest(finding.analytic)), "
      + "numeric \(shortest(finding.numeric)) ± \(shortest(finding.bound))"
    if finding.cancels {
      text += "; its digits are lost because terms cancel"
    } else if isSmall, let sentence = try diagnosis(check, t, samples, another).sentence {
      text += "; " + sentence
    }
    return text + "; " + circumstance
  }

  private func diagnosis(
    _ check: DerivativeCheck, _ t: Int, _ samples: Int,
    _ another: () throws -> (any VJPSubject, samples: Int)
  ) rethrows -> GradientDiagnosis {
    let subject = check.subject
    let other = try another()
    return GradientDiagnosis(
      tensor: subject.tensors[t], values: subject.buffer(t).values, analytic: check.gradients[t],
      numeric: check.numericGradient(t), samples: samples,
      ofSample: { sample in
        let old = subject.cotangents.map(\.values)
        defer { for (buffer, values) in zip(subject.cotangents, old) { buffer.values = values } }
        for buffer in subject.cotangents {
          let count = buffer.tensor.count / max(1, samples)
          for i in buffer.tensor.indices where i / max(1, count) != sample { buffer.tensor[i] = 0 }
        }
        return check.numericGradient(t).map(\.value)
      },
      elsewhere: {
        let check = DerivativeCheck(other.0, tolerance: check.tolerance, random: check.random)
        let numeric = check.numericGradient(t)
        let clear = numeric.indices.filter {
          numeric[$0].value.isFinite && abs(numeric[$0].value) > 1e4 * numeric[$0].bound
        }
        guard let top = clear.max(by: { abs(numeric[$0].value) < abs(numeric[$1].value) }) else {
          return nil
        }
        return (check.gradients[t][top] / numeric[top].value, other.samples)
      })
  }

  /// One claim per tensor.
  var claims: [Conformance.Claim] {
    entries.map { entry in
      let name = "gradient of \(entry.tensor.name)"
      if let failure = entry.failure {
        return Conformance.Claim(name: name, verdict: .fails, detail: failure)
      }
      func unproven(_ detail: String) -> Conformance.Claim {
        Conformance.Claim(name: name, verdict: .unproven, detail: detail)
      }
      if evaluationsDiffer { return unproven("two evaluations at the same values differ") }
      if entry.probed == 0 { return unproven("y was not finite in any draw") }
      guard entry.hasMoved else { return unproven("no change that was tried changes y") }
      let open = entry.positions.subtracting(entry.provenPositions)
      if let first = open.min() {
        return unproven(
          "no draw proves \(entry.tensor.name)[\(first)]: its numeric derivative is too inexact")
      }
      return Conformance.Claim(
        name: name, verdict: .holds,
        detail: "\(entry.provenPositions.count) of \(entry.positions.count) entries proven"
          + (entry.kinks > 0 ? ", valid at kinks" : ""))
    }
  }
}
