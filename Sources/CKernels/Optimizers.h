// Adam's step, whose division and square root take longer than the memory unless vectors are wide.

/// A vector of parameters; see `struct nnexp_adam`.
#define ADAM_STEP(load, store)                                                     \
  {                                                                                \
    V p = load(w + i);                                                             \
    const V d = load(g + i) + decay * p;                                           \
    const V mean = mean_kept * load(m + i) + mean_added * d;                       \
    const V square = square_kept * load(v + i) + square_added * d * d;             \
    V divisor = square;                                                            \
    if (largest) {                                                                 \
      const V before = load(largest + i);                                          \
      divisor = square <= before ? before : square;                                \
      store(largest + i, divisor);                                                 \
    }                                                                              \
    divisor = __builtin_elementwise_sqrt(NAME(greatest)(divisor, 0));              \
    p = shrinkage * p - rate * mean / (divisor * correction + epsilon);            \
    store(m + i, mean);                                                            \
    store(v + i, square);                                                          \
    store(w + i, p);                                                               \
  }
#define LOAD_REST(x) NAME(load_first)(x, count - i)
#define STORE_REST(x, v) NAME(store_first)(x, v, count - i)

static void NAME(adam)(
    const struct nnexp_adam *o, REAL *restrict w, const REAL *restrict g, REAL *restrict m,
    REAL *restrict v, REAL *restrict largest, long count) {
  const REAL decay = (REAL)o->decay, shrinkage = (REAL)o->shrinkage, rate = (REAL)o->rate;
  const REAL mean_kept = (REAL)o->mean_kept, mean_added = (REAL)o->mean_added;
  const REAL square_kept = (REAL)o->square_kept, square_added = (REAL)o->square_added;
  const REAL correction = (REAL)o->correction, epsilon = (REAL)o->epsilon;
  long i = 0;
  for (; i + LANES <= count; i += LANES) ADAM_STEP(NAME(load), NAME(store))
  if (i < count) ADAM_STEP(LOAD_REST, STORE_REST)
}

#undef ADAM_STEP
#undef LOAD_REST
#undef STORE_REST
