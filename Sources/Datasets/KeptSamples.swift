import Files
import NNExp

/// The first training samples of a run as its network reads them, stored in the run's folder.
///
/// `checkpoints/samples.npz` has the arrays `inputs`, `indices` and `targets` with one row per
/// sample: the numbers of all ports, one port after another, encoded and scaled.
public enum KeptSamples {
  /// The path in a run's folder.
  public static let file = "checkpoints/samples.npz"

  /// The maximum number of bytes of the arrays.
  static let mostBytes = (1 << 20) - 2048
}

extension RunDatasets {
  /// The contents of samples.npz with the first `count` training samples, or as many as fit
  /// into 1 MiB; nil if none fits.
  public func keptSamples(_ count: Int) throws -> [UInt8]? {
    let count = countOfKept(count)
    if count == 0 { return nil }
    let one = try train.held(0..<1)
    let samples = try train.held(0..<count)
    var archive = NPZWriter()
    if !samples.inputs.isEmpty {
      archive.add("inputs", samples.inputs, shape: [count, one.inputs.count])
    }
    if !samples.indices.isEmpty {
      archive.add("indices", samples.indices, shape: [count, one.indices.count])
    }
    archive.add("targets", samples.targets, shape: [count, one.targets.count])
    return archive.bytes
  }

  /// The bytes of the arrays of that file.
  public func keptBytes(_ count: Int) -> Int { countOfKept(count) * keptBytesOfOne }

  private func countOfKept(_ count: Int) -> Int {
    min(count, train.count, KeptSamples.mostBytes / max(1, keptBytesOfOne))
  }

  private var keptBytesOfOne: Int {
    inputs.reduce(targetWidth * MemoryLayout<S>.stride) {
      $0 + $1.count * ($1.isIndices ? MemoryLayout<Int32>.stride : MemoryLayout<S>.stride)
    }
  }

  /// The same data with the samples of a samples.npz as the first ones of the training data.
  ///
  /// - Throws: the fact, if the archive is damaged or its samples are of another form.
  public func holding(_ bytes: [UInt8]) throws -> RunDatasets {
    let archive = try ZipArchive(bytes)
    func array(_ name: String) throws -> NDArray? {
      try archive.contents(of: name + ".npy").map(readNPY)
    }
    func need(_ name: String, _ width: Int) throws -> (count: Int?, values: [Double]) {
      if width == 0 { return (nil, []) }
      guard let found = try array(name), found.axes.count == 2, found.axes[1] == width else {
        throw Diagnostic("it has no array '\(name)' of \(width) numbers per sample")
      }
      var row = [Double](repeating: 0, count: width)
      var values: [Double] = []
      for index in 0..<found.axes[0] {
        try found.decode(index, into: &row)
        values += row
      }
      return (found.axes[0], values)
    }
    func width(isIndices: Bool) -> Int {
      inputs.reduce(0) { $0 + ($1.isIndices == isIndices ? $1.shape.count : 0) }
    }
    let numbers = try need("inputs", width(isIndices: false))
    let targets = try need("targets", targetWidth)
    let indices = try need("indices", width(isIndices: true))
    let counts = Set([numbers.count, targets.count, indices.count].compactMap { $0 })
    guard counts.count == 1, let count = counts.first, 1...train.count ~= count else {
      throw Diagnostic("its arrays have different numbers of samples")
    }
    let places = try indices.values.map { value in
      guard let index = Int32(exactly: value), index >= 0 else {
        throw Diagnostic("it has the index \(shortest(value))")
      }
      return index
    }
    var data = self
    data.train = Dataset(
      inputs: numbers.values.map { S($0) }, indices: places,
      targets: targets.values.map { S($0) }, count: count)
    data.train.wholeCount = train.count
    return data
  }
}
