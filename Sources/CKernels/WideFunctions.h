// The functions on four vectors at a time, `NAME(wide_…)`. The operations of the four vectors
// are interleaved: in sequence, each would wait for the one before, and the processor does not
// look ahead far enough to start the next vector in the meantime.

#undef JOINED
#define JOINED(x, precision) wide_##x##_##precision
#define VECTORS 4
#include "Functions.h"
#undef LANES
#undef V
#undef I
#undef U
#undef VECTORS
#undef JOINED
#define JOINED(x, precision) x##_##precision
#define VECTORS 1
