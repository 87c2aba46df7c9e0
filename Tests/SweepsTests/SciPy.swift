import TestSupport

/// The content of the file that `Tests/References/sweeps_scipy.py` wrote.
struct SciPy: Decodable {
  struct Spread: Decodable {
    let values: [Double]
    let mean: Double
    let sd: Double
    let low: Double
    let high: Double
  }

  /// Points of the unit cube, multiplied by 2³².
  let sobol: [[UInt32]]
  let halton: [[Double]]
  /// Degrees of freedom and the 0.975 quantile.
  let student: [[Double]]
  let spreads: [Spread]

  static func read() throws -> SciPy {
    try Repository.reference("sweeps_scipy.json")
  }
}
