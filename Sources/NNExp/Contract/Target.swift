/// The form of the targets that a network's output is compared with.
public enum Target: Sendable, Hashable {
  /// Numbers of this shape per sample.
  case values(Shape)
  /// One of `count` classes per sample, stored as its index.
  case classes(Int)

  /// The shape of the stored target of one sample: `[1]` for classes.
  public var shape: Shape {
    switch self {
    case .values(let shape): shape
    case .classes: [1]
    }
  }

  /// Checks that a network's output fits: it must have the shape of the values, one entry per
  /// class, or a single entry for two classes. Throws a `Diagnostic` that states the fact.
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
