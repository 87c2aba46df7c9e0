import NNExp

/// A loop that cores share. The class has no type parameter, so that a C function can call
/// it.
public class SharedLoop {
  init() {}

  /// Runs one part, whose result may depend only on its number.
  ///
  /// - Parameter thread: see `Workers.perform`.
  func perform(_ part: Int, thread: Int) {}

  /// Runs all parts on all cores.
  final func performAll(_ parts: Int) {
    Workers.perform(parts, Unmanaged.passUnretained(self).toOpaque()) {
      loop, part, thread in
      Unmanaged<SharedLoop>.fromOpaque(loop).takeUnretainedValue().perform(part, thread: thread)
    }
  }
}
