// The softmax and its logarithm along lines of numbers [outer, length, inner]; a line runs over the
// length.
//
// If inner = 1, a vector has adjacent entries of one line, and the lanes of a sum are added last.
// Otherwise it has one entry each of adjacent lines. Each line is computed for itself: which others
// are computed with it does not change its bits.

typedef INT NAME(places) __attribute__((ext_vector_type(SUMS)));
#define P NAME(places)
#define PIECES (SUMS / LANES)

/// The vectors of one or several lines.
struct NAME(lines) {
  /// The number of vectors, and the distance between them.
  long vectors, step;
  /// The lanes in use of the last vector, and of the others.
  long last, lanes;
};

INLINE P NAME(lane_numbers)(void) {
  P p;
  for (INT i = 0; i < SUMS; i++) p[i] = i;
  return p;
}

/// The first `count` lanes; the others are `fill`.
INLINE S NAME(load_lanes)(const REAL *x, long count, REAL fill) {
  if (count == SUMS) return NAME(load_sums)(x);
  V pieces[PIECES];
#pragma clang loop unroll(full)
  for (long i = 0; i < PIECES; i++) {
    const long rest = count - i * LANES;
    pieces[i] = NAME(load_first)(x + i * LANES, rest < 0 ? 0 : rest > LANES ? LANES : rest);
  }
  S v;
  __builtin_memcpy(&v, pieces, sizeof v);
  return NAME(lane_numbers)() < (P)(INT)count ? v : (S)fill;
}

INLINE void NAME(store_lanes)(REAL *x, S v, long count) {
  if (count == SUMS) {
    __builtin_memcpy(x, &v, sizeof v);
    return;
  }
  V pieces[PIECES];
  __builtin_memcpy(pieces, &v, sizeof v);
#pragma clang loop unroll(full)
  for (long i = 0; i < PIECES; i++) {
    const long rest = count - i * LANES;
    NAME(store_first)(x + i * LANES, pieces[i], rest < 0 ? 0 : rest > LANES ? LANES : rest);
  }
}

INLINE long NAME(lanes_of)(const struct NAME(lines) *lines, long k) {
  return k + 1 < lines->vectors ? lines->lanes : lines->last;
}
INLINE S NAME(vector_of)(const struct NAME(lines) *lines, const REAL *x, long k, REAL fill) {
  return NAME(load_lanes)(x + k * lines->step, NAME(lanes_of)(lines, k), fill);
}
INLINE void NAME(store_vector)(const struct NAME(lines) *lines, REAL *x, long k, S v) {
  NAME(store_lanes)(x + k * lines->step, v, NAME(lanes_of)(lines, k));
}

#define DEFINE_OF_SUMS(f)                                                          \
  INLINE S NAME(f##_of_sums)(S x) {                                                \
    V pieces[PIECES];                                                              \
    __builtin_memcpy(pieces, &x, sizeof x);                                        \
    _Pragma("clang loop unroll(full)")                                             \
    for (long i = 0; i < PIECES; i++) pieces[i] = NAME(f)(pieces[i]);              \
    __builtin_memcpy(&x, pieces, sizeof x);                                        \
    return x;                                                                      \
  }
DEFINE_OF_SUMS(exp)
DEFINE_OF_SUMS(expm1)
DEFINE_OF_SUMS(log1p)

/// e^(x − m), where the rounding error of the difference is compensated.
INLINE S NAME(power_below)(S x, S m) {
  const S difference = x - m;
  const S part = x - difference;
  const S lost = (x - (difference + part)) + (part - m);
  const S power = NAME(exp_of_sums)(difference);
  return power > 0 ? power + power * lost : power;
}

/// The sum of a line.
INLINE S NAME(line_sum)(S sums, const int is_joined) { return is_joined ? (S)NAME(total)(sums) : sums; }

/// The largest entry of a line, or NaN if it has one, and its place: the first of equal ones.
struct NAME(top) {
  S value;
  P place;
};

/// The places of the entries of a vector.
INLINE P NAME(places_of)(long k, const int is_joined) {
  return is_joined ? NAME(lane_numbers)() + (INT)(k * SUMS) : (P)(INT)k;
}

INLINE struct NAME(top) NAME(top_of)(
    const struct NAME(lines) *lines, const REAL *x, const int is_joined) {
  const REAL fill = -__builtin_inf();
  struct NAME(top) top = {
      .value = NAME(vector_of)(lines, x, 0, fill), .place = NAME(places_of)(0, is_joined)};
  for (long k = 1; k < lines->vectors; k++) {
    const S entries = NAME(vector_of)(lines, x, k, fill);
    const P exceeds = ~(entries <= top.value) & (top.value == top.value);
    top.value = exceeds ? entries : top.value;
    top.place = exceeds ? NAME(places_of)(k, is_joined) : top.place;
  }
  if (is_joined) {
    REAL values[SUMS];
    INT places[SUMS];
    __builtin_memcpy(values, &top.value, sizeof values);
    __builtin_memcpy(places, &top.place, sizeof places);
    for (long half = SUMS / 2; half > 0; half /= 2)
      for (long i = 0; i < half; i++) {
        const REAL value = values[i], other = values[i + half];
        const INT place = places[i], other_place = places[i + half];
        const int exceeds = ((!(other <= value)) & (value == value))
            | ((other == value) & (other_place < place));
        values[i] = exceeds ? other : value;
        places[i] = exceeds ? other_place : place;
      }
    top.value = values[0];
    top.place = places[0];
  }
  return top;
}

/// The entries of x at these places.
INLINE S NAME(entries_at)(
    const struct NAME(lines) *lines, const REAL *x, P place, const int is_joined) {
  if (is_joined) return x[place[0]];
  INT places[SUMS];
  REAL room[SUMS];
  __builtin_memcpy(places, &place, sizeof places);
  for (long i = 0; i < SUMS; i++) room[i] = i < lines->lanes ? x[places[i] * lines->step + i] : 0;
  return NAME(load_sums)(room);
}

/// y = e^(x − m)/Σ e^(x − m), or its logarithm x − m − ln(1 + the sum without the largest).
INLINE void NAME(softmax_of)(
    const struct NAME(lines) *lines, const int is_joined, const int is_log, const REAL *x, REAL *y) {
  const REAL fill = -__builtin_inf();
  const struct NAME(top) top = NAME(top_of)(lines, x, is_joined);
  S sum = 0;
  for (long k = 0; k < lines->vectors; k++) {
    const S power = NAME(power_below)(NAME(vector_of)(lines, x, k, fill), top.value);
    if (is_log) {
      sum += NAME(places_of)(k, is_joined) == top.place ? (S)0 : power;
    } else {
      sum += power;
      NAME(store_vector)(lines, y, k, power);
    }
  }
  sum = NAME(line_sum)(sum, is_joined);
  const S logarithm = is_log ? NAME(log1p_of_sums)(sum) : sum;
  for (long k = 0; k < lines->vectors; k++) {
    const S entries = is_log ? NAME(vector_of)(lines, x, k, fill) - top.value - logarithm
                             : NAME(vector_of)(lines, y, k, 0) / sum;
    NAME(store_vector)(lines, y, k, entries);
  }
}

/// ∂x += y(∂y − Σ y∂y), where ∂y is taken relative to that of the largest y.
INLINE void NAME(softmax_vjp_of)(
    const struct NAME(lines) *lines, const int is_joined, const REAL *y, const REAL *dy, REAL *dx) {
  const struct NAME(top) top = NAME(top_of)(lines, y, is_joined);
  const S origin = NAME(entries_at)(lines, dy, top.place, is_joined);
  S dot = 0;
  for (long k = 0; k < lines->vectors; k++)
    dot += NAME(vector_of)(lines, y, k, 0) * (NAME(vector_of)(lines, dy, k, 0) - origin);
  dot = NAME(line_sum)(dot, is_joined);
  for (long k = 0; k < lines->vectors; k++) {
    const S slope = (NAME(vector_of)(lines, dy, k, 0) - origin) - dot;
    NAME(store_vector)(
        lines, dx, k, NAME(vector_of)(lines, dx, k, 0) + NAME(vector_of)(lines, y, k, 0) * slope);
  }
}

/// ∂x += ∂y − e^y Σ∂y, and (1 − e^y)∂y − e^y(Σ∂y of the others) for the largest.
INLINE void NAME(log_softmax_vjp_of)(
    const struct NAME(lines) *lines, const int is_joined, const REAL *x, const REAL *y, const REAL *dy,
    REAL *dx) {
  const struct NAME(top) top = NAME(top_of)(lines, x, is_joined);
  const S largest = NAME(entries_at)(lines, y, top.place, is_joined);
  const S share = NAME(exp_of_sums)(largest), less = NAME(expm1_of_sums)(largest);
  S others = 0;
  for (long k = 0; k < lines->vectors; k++)
    others += NAME(places_of)(k, is_joined) == top.place ? (S)0 : NAME(vector_of)(lines, dy, k, 0);
  others = NAME(line_sum)(others, is_joined);
  const S sum = NAME(entries_at)(lines, dy, top.place, is_joined) + others;
  for (long k = 0; k < lines->vectors; k++) {
    const S slope = NAME(vector_of)(lines, dy, k, 0);
    const S power = NAME(power_below)(NAME(vector_of)(lines, x, k, 0), top.value);
    const S part = NAME(places_of)(k, is_joined) == top.place ? -less * slope - share * others
                                                             : slope - power * share * sum;
    NAME(store_vector)(lines, dx, k, NAME(vector_of)(lines, dx, k, 0) + part);
  }
}

/// Runs `body`, which sees `first`, `lines` and the constant `is_joined`, on all lines.
#define EACH_LINE(body)                                                            \
  if (inner == 1) {                                                                \
    const int is_joined = 1;                                                       \
    const long vectors = (length + SUMS - 1) / SUMS;                               \
    const struct NAME(lines) lines = {                                             \
        vectors, SUMS, length - (vectors - 1) * SUMS, SUMS};                       \
    for (long first = 0; first < outer * length; first += length) { body }         \
  } else {                                                                         \
    const int is_joined = 0;                                                       \
    for (long o = 0; o < outer; o++)                                               \
      for (long i = 0; i < inner; i += SUMS) {                                     \
        const long lanes = inner - i < SUMS ? inner - i : SUMS;                    \
        const struct NAME(lines) lines = {length, inner, lanes, lanes};            \
        const long first = o * length * inner + i;                                 \
        body                                                                       \
      }                                                                            \
  }

static void NAME(softmax)(
    long outer, long length, long inner, int is_log, const REAL *x, REAL *y) {
  if (is_log) {
    EACH_LINE(NAME(softmax_of)(&lines, is_joined, 1, x + first, y + first);)
  } else {
    EACH_LINE(NAME(softmax_of)(&lines, is_joined, 0, x + first, y + first);)
  }
}

static void NAME(softmax_vjp)(
    long outer, long length, long inner, int is_log, const REAL *x, const REAL *y, const REAL *dy,
    REAL *dx) {
  if (is_log) {
    EACH_LINE(NAME(log_softmax_vjp_of)(&lines, is_joined, x + first, y + first, dy + first, dx + first);)
  } else {
    EACH_LINE(NAME(softmax_vjp_of)(&lines, is_joined, y + first, dy + first, dx + first);)
  }
}
#undef EACH_LINE
#undef DEFINE_OF_SUMS
#undef PIECES
#undef P
