// For any processor.

#define TABLE nnexp_kernels_portable
#define VECTOR_BYTES 16
#include "Kernels.h"
