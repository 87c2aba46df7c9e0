internal import CKernels

/// The entries of samples that are not 0: for each sample the same number of pairs of a value and the
/// row of a matrix `[rows, units]` that it multiplies.
package struct SampleEntries<S> {
  /// `[samples, count]`
  let values: UnsafePointer<S>
  let rows: UnsafePointer<Int32>
  package let samples: Int
  package let count: Int
  package let units: Int

  package init(
    _ values: UnsafePointer<S>, rows: UnsafePointer<Int32>, samples: Int, count: Int, units: Int
  ) {
    self.values = values
    self.rows = rows
    self.samples = samples
    self.count = count
    self.units = units
  }
}

extension Float {
  package static func sumEntries(
    _ entries: SampleEntries<Float>, _ w: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    units: Range<Int>, into y: UnsafeMutablePointer<Float>
  ) {
    nnexp_entry_sums_f32(
      entries.samples, entries.count, units.count, entries.units, entries.values, entries.rows,
      w + units.lowerBound, bias.map { $0 + units.lowerBound }, y + units.lowerBound)
  }

  package static func entryGradients(
    _ entries: SampleEntries<Float>, _ dy: UnsafePointer<Float>, units: Range<Int>,
    into g: UnsafeMutablePointer<Float>
  ) {
    nnexp_entry_gradients_f32(
      entries.samples, entries.count, units.count, entries.units, entries.values, entries.rows,
      dy + units.lowerBound, g + units.lowerBound)
  }

  package static func transferRows(
    _ rows: UnsafePointer<Int32>, count: Int, units: Int, of x: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, stores: Bool
  ) {
    nnexp_transfer_rows_f32(count, units, rows, x, y, stores ? 1 : 0)
  }
}

extension Double {
  package static func sumEntries(
    _ entries: SampleEntries<Double>, _ w: UnsafePointer<Double>, bias: UnsafePointer<Double>?,
    units: Range<Int>, into y: UnsafeMutablePointer<Double>
  ) {
    nnexp_entry_sums_f64(
      entries.samples, entries.count, units.count, entries.units, entries.values, entries.rows,
      w + units.lowerBound, bias.map { $0 + units.lowerBound }, y + units.lowerBound)
  }

  package static func entryGradients(
    _ entries: SampleEntries<Double>, _ dy: UnsafePointer<Double>, units: Range<Int>,
    into g: UnsafeMutablePointer<Double>
  ) {
    nnexp_entry_gradients_f64(
      entries.samples, entries.count, units.count, entries.units, entries.values, entries.rows,
      dy + units.lowerBound, g + units.lowerBound)
  }

  package static func transferRows(
    _ rows: UnsafePointer<Int32>, count: Int, units: Int, of x: UnsafeMutablePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, stores: Bool
  ) {
    nnexp_transfer_rows_f64(count, units, rows, x, y, stores ? 1 : 0)
  }
}
