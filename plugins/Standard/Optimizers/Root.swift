import NNExp

/// √x, and 0 for an x that rounding took below 0; NaN stays.
///
/// The comparison is for the compiler: without it, a square root may have to
/// report a negative number, and the loop around it is not vectorised (adam in
/// float32: 2.5 against 0.6 ns a parameter).
@inline(__always)
func root<S: Scalar>(_ x: S) -> S { (x < 0 ? 0 : x).squareRoot() }
