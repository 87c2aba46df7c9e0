// The floating-point settings of a thread: rounding, tiny numbers, traps.
#pragma once

#include <stdint.h>

// The control bits of the floating-point registers for float and double, without the status
// flags that computations set.
#if defined(__x86_64__)

#include <xmmintrin.h>

static inline uint32_t guard_arithmetic(void) { return _mm_getcsr() & 0xFFC0; }

// - Source: Intel SDM, volume 1, figure 10-3.
static inline const char *guard_arithmetic_change(uint32_t changed) {
  if (changed & 0x6000) return "the rounding mode";
  if (changed & 0x8040) return "the flush-to-zero mode";
  return "the floating-point traps";
}

#elif defined(__aarch64__)

static inline uint32_t guard_arithmetic(void) {
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  return (uint32_t)fpcr;
}

// - Source: Arm ARM, FPCR.
static inline const char *guard_arithmetic_change(uint32_t changed) {
  if (changed & 0x00C00000) return "the rounding mode";
  if (changed & 0x01000003) return "the flush-to-zero mode";
  if (changed & 0x00009F00) return "the floating-point traps";
  return "the floating-point control register";
}

#else

#include <fenv.h>

static inline uint32_t guard_arithmetic(void) { return (uint32_t)fegetround(); }

static inline const char *guard_arithmetic_change(uint32_t changed) {
  (void)changed;
  return "the rounding mode";
}

#endif
