import Charts
import Files
import Results

/// A confusion matrix as an image: a row per class of the target, a column per predicted class.
/// A cell is white for no sample and dark blue for all samples of its row.
struct ConfusionImage {
  let image: PixelImage

  /// Reads confusion_<split>.csv; nil if it has no classes or more than 128.
  init?(_ csv: [UInt8], path: String) throws {
    var scanner = CSVScanner(delimiter: UInt8(ascii: ","))
    var rows: [[Double]] = []
    let origin = CSVOrigin(path: path, bytes: .held(csv))
    while scanner.position < csv.count {
      let fields: [CSVField]
      do throws(CSVFault) { fields = try scanner.nextRecord(in: csv.span) } catch {
        throw origin.diagnostic(of: error)
      }
      rows.append(try fields.dropFirst().map { Double(try origin.text(of: $0, in: csv.span)) ?? 0 })
    }
    rows = Array(rows.dropFirst())
    let classes = rows.count
    guard 1...128 ~= classes, rows.allSatisfy({ $0.count == classes }) else { return nil }
    let side = 128 / classes
    let extent = classes * side
    var planes: [[Double]] = [[], [], []]
    for row in 0..<extent {
      let counts = rows[row / side]
      let total = counts.reduce(0, +)
      for column in 0..<extent {
        let share = total > 0 ? counts[column / side] / total : 0
        // From white to #08306B.
        for (plane, dark) in [8.0, 48, 107].enumerated() {
          planes[plane].append(255 - share * (255 - dark))
        }
      }
    }
    guard
      let image = PixelImage(
        planes.flatMap { $0 }, planes: 3, rows: extent, columns: extent, domain: 0...255)
    else { return nil }
    self.image = image
  }
}
