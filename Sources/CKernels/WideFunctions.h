// The functions on four vectors at a time, `NAME(wide_…)`. Their operations stand side by side: one
// after the other, each waits for the one before, and a processor looks ahead too little to begin
// the next vector meanwhile.

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
