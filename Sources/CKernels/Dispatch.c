// Selects the build of the kernels before `main`.

#include "CKernels.h"
#include <stddef.h>
#include <stdlib.h>

extern const struct nnexp_kernels nnexp_kernels_portable;
const struct nnexp_kernels *_Atomic nnexp_kernels_in_use = &nnexp_kernels_portable;

#if defined(__x86_64__)
extern const struct nnexp_kernels nnexp_kernels_x86_64;
extern const struct nnexp_kernels nnexp_kernels_avx2;
extern const struct nnexp_kernels nnexp_kernels_avx512;

// __builtin_cpu_supports also checks that the system saves the registers.
const struct nnexp_kernels *nnexp_kernels_for(enum nnexp_isa isa) {
  __builtin_cpu_init();
  switch (isa) {
  case nnexp_isa_portable: return &nnexp_kernels_portable;
  case nnexp_isa_x86_64: return &nnexp_kernels_x86_64;
  case nnexp_isa_avx2:
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        ? &nnexp_kernels_avx2 : NULL;
  case nnexp_isa_avx512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        ? &nnexp_kernels_avx512 : NULL;
  default: return NULL;
  }
}
#else
const struct nnexp_kernels *nnexp_kernels_for(enum nnexp_isa isa) {
  return isa == nnexp_isa_portable ? &nnexp_kernels_portable : NULL;
}
#endif

static _Atomic(enum nnexp_isa) current = nnexp_isa_portable;

_Thread_local const struct nnexp_kernels *nnexp_kernels_here = NULL;
static _Thread_local enum nnexp_isa current_here = nnexp_isa_count;

void nnexp_use_isa_here(enum nnexp_isa isa) {
  current_here = isa;
  nnexp_kernels_here = isa == nnexp_isa_count ? NULL : nnexp_kernels_for(isa);
}

enum nnexp_isa nnexp_current_isa(void) {
  return nnexp_kernels_here ? current_here : __c11_atomic_load(&current, __ATOMIC_RELAXED);
}

void nnexp_use_isa(enum nnexp_isa isa) {
  __c11_atomic_store(&current, isa, __ATOMIC_RELAXED);
  __c11_atomic_store(&nnexp_kernels_in_use, nnexp_kernels_for(isa), __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void use_the_best(void) {
  for (int isa = nnexp_isa_count - 1; isa >= 0; isa--) {
    if (nnexp_kernels_for(isa)) {
      nnexp_use_isa(isa);
      return;
    }
  }
}

// Static memory would be cleared at the start of every thread.
void *nnexp_product_room(void) {
  static _Thread_local void *room = NULL;
  if (!room)
    room = aligned_alloc(64, NNEXP_PRODUCT_ROOM + 3 * 64 * NNEXP_PRODUCT_TERMS);
  return room;
}
