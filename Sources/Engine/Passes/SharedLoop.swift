import NNExp

/// A loop that cores share: a class without a scalar type, so that a C function
/// can reach it.
public class SharedLoop {
  init() {}

  /// Does one part, whose result is a function of its number alone.
  func perform(_ part: Int) {}

  /// Does every part, on all cores.
  final func performAll(_ parts: Int) {
    Workers.perform(parts, Unmanaged.passUnretained(self).toOpaque()) { loop, part in
      Unmanaged<SharedLoop>.fromOpaque(loop).takeUnretainedValue().perform(part)
    }
  }
}
