/// The training of a trial up to a rung of successive halving, or to the end.
struct RungRun: Sendable {
  /// The trial's index in the plan.
  let trial: Int
  /// The rung's index; the number of rungs means the end.
  let rung: Int
}
