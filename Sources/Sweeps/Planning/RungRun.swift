/// The part of a trial's training up to a rung of successive halving, or to the end.
struct RungRun: Sendable {
  /// The trial's position in the plan.
  let trial: Int
  /// As many as there are rungs for the end.
  let rung: Int
}
