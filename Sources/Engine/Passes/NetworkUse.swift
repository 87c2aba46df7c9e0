/// The passes that a network runs, which decide what its memory contains.
public enum NetworkUse: Sendable {
  /// Both passes. Every output and every gradient can be read after them.
  case inspection
  /// Both passes. Outputs can be read at the heads, gradients at the parameters.
  case training
  /// Forward passes. Outputs can be read at the heads.
  case evaluation
}
