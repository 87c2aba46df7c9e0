/// The form of the targets that a network's output is compared with.
public enum Target: Sendable, Hashable {
  /// Numbers of a shape a sample.
  case values(Shape)
  /// One of `count` classes a sample, stored as its index.
  case classes(Int)

  /// The shape as it is stored: `[1]` for classes.
  public var shape: Shape {
    switch self {
    case .values(let shape): shape
    case .classes: [1]
    }
  }

  /// Throws the fact where a network's output does not fit: it has the shape of
  /// the values, or one entry a class, or a single entry for two classes.
  public func checkFit(_ output: Shape) throws {
    switch self {
    case .values(let shape):
      if output != shape {
        throw Diagnostic("the output \(output) does not fit the targets \(shape)")
      }
    case .classes(let count):
      if output.count != count && !(count == 2 && output.count == 1) {
        let expected = count == 2 ? "[1] or [2]" : "[\(count)]"
        throw Diagnostic(
          "the output \(output) does not fit targets of \(count) classes, which need \(expected)")
      }
    }
    if output.count == 0 { throw Diagnostic("the output \(output) is empty") }
  }
}
