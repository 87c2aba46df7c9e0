import Files
public import NNExp

/// Weights in an NPZ archive, one array per tensor.
public enum WeightsArchive {
  /// The archive.
  public static func bytes<S: Scalar>(
    _ tensors: [(name: String, shape: [Int], values: [S])]
  ) -> [UInt8] {
    var archive = NPZWriter()
    for (name, shape, values) in tensors { archive.add(name, values, shape: shape) }
    return archive.bytes
  }

  /// Reads the arrays of numbers with at least one axis, in float64.
  ///
  /// - Parameter path: the name of the file in errors.
  public static func read(
    _ bytes: [UInt8], from path: String
  ) throws -> [(name: String, shape: [Int], values: [Double])] {
    try about("'\(path)'", at: nil) {
      let archive = try ZipArchive(bytes)
      var names: Set<String> = []
      var total = 0
      return try archive.names.filter { $0.hasSuffix(bytes: ".npy") }.map { member in
        guard names.insert(member).inserted else {
          throw Diagnostic("two arrays '\(excerpt(member))'")
        }
        let name = String(Substring(member.utf8.dropLast(4)))
        return try about("'\(name)'", at: nil) {
          guard let contents = try archive.contents(of: member) else {
            throw Diagnostic("the archive has no such array")
          }
          total += contents.count
          guard total / mostInflation <= bytes.count else {
            throw Diagnostic("the arrays of the archive overlap")
          }
          let array = try readNPY(contents)
          let size = array.count * array.width
          try checkMemory(bytes: 8 * size, for: "'\(name)'", at: nil)
          var values: [Double] = []
          values.reserveCapacity(size)
          var row = [Double](repeating: 0, count: array.width)
          for index in 0..<array.count {
            try array.decode(index, into: &row)
            values += row
          }
          return (name, array.axes, values)
        }
      }
    }
  }
}
