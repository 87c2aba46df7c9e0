import NNExp

/// The error of a mutant: its effect on a term of the gradient.
package enum Fault: String, CaseIterable, Sendable {
  case none
  // Errors of all entries.
  case flippedSign, doubled, halved, tripled, tenPercent, onePercent, thousandth, millionth
  case neverAdded, overwrites, signDropped, offset, penalty, squared, shifted, transposed
  // Errors at some positions.
  case lastRowSkipped, firstRowSkipped, lastColumnSkipped, everyOtherRow
  case lastSampleOnly, firstSampleOnly, lastSampleSkipped, lastSampleDoubled, fromSecondSample
  case oneEntryMissing, oneEntryThousandth
  // Errors for some values.
  case largeInputs, negativeInputs, zeroInputs, smallCotangents, negativeCotangents, clipped
  // Results that are not finite.
  case notANumber, infinite
  // Errors of the forward pass.
  case onlyInTraining, notAFunction

  struct Position {
    let index: Int
    let sample: Int
    let samples: Int
    let row: Int
    let rows: Int
    let column: Int
    let columns: Int
    let x: Double
    let dy: Double
  }

  func term(_ g: Double, at position: Position) -> Double {
    switch self {
    case .none, .overwrites, .shifted, .transposed, .penalty, .onlyInTraining, .notAFunction:
      g
    case .flippedSign: -g
    case .doubled: 2 * g
    case .halved: g / 2
    case .tripled: 3 * g
    case .tenPercent: 1.1 * g
    case .onePercent: 1.01 * g
    case .thousandth: 1.001 * g
    case .millionth: 1.000001 * g
    case .neverAdded: 0
    case .signDropped: abs(g)
    case .offset: g + 0.001
    case .squared: g * abs(g)
    case .lastRowSkipped: position.row == position.rows - 1 ? 0 : g
    case .firstRowSkipped: position.row == 0 ? 0 : g
    case .lastColumnSkipped: position.column == position.columns - 1 ? 0 : g
    case .everyOtherRow: position.row % 2 == 1 ? 0 : g
    case .lastSampleOnly: position.sample == position.samples - 1 ? g : 0
    case .firstSampleOnly: position.sample == 0 ? g : 0
    case .lastSampleSkipped: position.sample == position.samples - 1 ? 0 : g
    case .lastSampleDoubled: position.sample == position.samples - 1 ? 2 * g : g
    case .fromSecondSample: position.sample > 0 ? 1.5 * g : g
    case .oneEntryMissing: position.index == 1 ? 0 : g
    case .oneEntryThousandth: position.index == 1 ? 1.001 * g : g
    case .largeInputs: abs(position.x) > 0.8 ? 1.1 * g : g
    case .negativeInputs: position.x < 0 ? 1.1 * g : g
    case .zeroInputs: position.x == 0 ? g + 0.1 * position.dy : g
    case .smallCotangents: abs(position.dy) < 0.02 ? 2 * g : g
    case .negativeCotangents: position.dy < 0 ? 1.1 * g : g
    case .clipped: min(max(g, -0.01), 0.01)
    case .notANumber: position.index == 1 ? .nan : g
    case .infinite: position.index == 1 ? .infinity : g
    }
  }

  /// False for an error of the forward pass.
  var isInGradient: Bool { self != .onlyInTraining && self != .notAFunction }

  /// A part of the only diagnosis that is right; nil if there is none.
  package func cause(in part: Mutant.Part) -> String? {
    switch self {
    case .flippedSign: "every entry has the opposite sign"
    case .doubled: "every entry is 2 times what it should be"
    case .halved: "every entry is 0.5 times what it should be"
    case .tripled: "every entry is 3 times what it should be"
    case .tenPercent: "every entry is 1.1 times what it should be"
    case .onePercent: "every entry is 1.01 times what it should be"
    case .thousandth: "every entry is 1.001 times what it should be"
    case .millionth: "every entry is too large by a factor of 1 + 1e-06"
    case .neverAdded: "it is 0 everywhere: backward never adds to it"
    case .transposed: "it is right but transposed"
    case .penalty: "it is too large by 0.01 times the value"
    case .lastRowSkipped: "only the last row"
    case .lastColumnSkipped: "only the last column"
    case .overwrites: "+=, not ="
    case .firstSampleOnly:
      part == .input
        ? "only the last samples, from 1 of 4" : "it is the gradient of the first sample"
    case .lastSampleOnly: part == .input ? nil : "it is the gradient of the last sample"
    case .lastSampleSkipped, .lastSampleDoubled:
      part == .input ? "only the last sample" : nil
    case .fromSecondSample: part == .input ? "only the last samples" : nil
    case .signDropped: "a sign(x) or a minus is lost"
    case .oneEntryMissing, .oneEntryThousandth, .notANumber, .infinite:
      "of the entries that were checked, only "
    case .offset: "every entry is too large by"
    default: nil
    }
  }
}
