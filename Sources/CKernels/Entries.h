// Products of a matrix with samples of which few entries are not 0: each entry has a value and the row
// of the matrix that it multiplies. The terms of a sum are added in the order of the entries.

/// The vectors of a row that are summed at a time.
#define ENTRY_VECTORS 4

/// The first `count` numbers in `vectors` vectors, of which only the last may be incomplete.
#define LOAD_ROW(v, x)                                                             \
  UNROLLED for (int k = 0; k < vectors; k++)                                       \
    v[k] = count < LANES ? NAME(load_first)(x, count) : NAME(load)((x) + k * LANES)
#define STORE_ROW(x, v)                                                            \
  UNROLLED for (int k = 0; k < vectors; k++) {                                     \
    if (count < LANES) NAME(store_first)(x, v[k], count);                          \
    else NAME(store)((x) + k * LANES, v[k]);                                       \
  }

INLINE void NAME(sum_entries)(
    const int vectors, const long count, long samples, long entries, long step, const REAL *values,
    const int *rows, const REAL *w, const REAL *b, REAL *y) {
  for (long s = 0; s < samples; s++) {
    V sums[ENTRY_VECTORS] = {0};
    if (b) LOAD_ROW(sums, b);
    for (long e = s * entries; e < (s + 1) * entries; e++) {
      V row[ENTRY_VECTORS];
      LOAD_ROW(row, w + rows[e] * step);
      UNROLLED for (int k = 0; k < vectors; k++) sums[k] += values[e] * row[k];
    }
    STORE_ROW(y + s * step, sums);
  }
}

INLINE void NAME(spread_entries)(
    const int vectors, const long count, long samples, long entries, long step, const REAL *values,
    const int *rows, const REAL *dy, REAL *g) {
  int next = 0;
  for (long s = 0; s < samples; s++) {
    V slope[ENTRY_VECTORS];
    LOAD_ROW(slope, dy + s * step);
    for (long e = s * entries; e < (s + 1) * entries; e++) {
      REAL *place = g + rows[e] * step;
      V sum[ENTRY_VECTORS] = {0};
      if (rows[e] < next) LOAD_ROW(sum, place);
      else next = rows[e] + 1;
      UNROLLED for (int k = 0; k < vectors; k++) sum[k] += values[e] * slope[k];
      STORE_ROW(place, sum);
    }
  }
}

/// Calls `f(vectors, count, position)` for all parts of `units` numbers.
#define EACH_PART(f)                                                               \
  long i = 0;                                                                      \
  for (; i + ENTRY_VECTORS * LANES <= units; i += ENTRY_VECTORS * LANES)           \
    f(ENTRY_VECTORS, ENTRY_VECTORS * LANES, i);                                    \
  for (; i + LANES <= units; i += LANES) f(1, LANES, i);                           \
  if (i < units) f(1, units - i, i)

/// y[s, :] ← b + Σ values[s, e]·w[rows[s, e], :] for `units` columns of w, b and y. Rows of w and y are
/// `step` numbers apart. b may be NULL.
static void NAME(entry_sums)(
    long samples, long entries, long units, long step, const REAL *values, const int *rows,
    const REAL *w, const REAL *b, REAL *y) {
#define SUM(vectors, count, i)                                                     \
  NAME(sum_entries)(                                                               \
      vectors, count, samples, entries, step, values, rows, w + i, b ? b + i : b, y + i)
  EACH_PART(SUM);
#undef SUM
}

/// g[r, :] ← Σ values[s, e]·dy[s, :] over all entries with rows[s, e] = r, for `units` columns of dy
/// and g. The rows are numbered in the order of their first entries.
static void NAME(entry_gradients)(
    long samples, long entries, long units, long step, const REAL *values, const int *rows,
    const REAL *dy, REAL *g) {
#define SPREAD(vectors, count, i)                                                  \
  NAME(spread_entries)(vectors, count, samples, entries, step, values, rows, dy + i, g + i)
  EACH_PART(SPREAD);
#undef SPREAD
}

/// y[k, :] ← x[rows[k], :], or x[rows[k], :] ← y[k, :] with `stores`, for rows of `units` numbers.
static void NAME(transfer_rows)(long count, long units, const int *rows, REAL *x, REAL *y, int stores) {
  const long ahead = 16, line = 64 / sizeof(REAL);
  for (long k = 0; k < count; k++) {
    if (k + ahead < count) {
      const REAL *soon = x + rows[k + ahead] * units;
      for (long i = 0; i < units; i += line) __builtin_prefetch(soon + i);
    }
    REAL *row = x + rows[k] * units, *copy = y + k * units;
    REAL *to = stores ? row : copy;
    const REAL *from = stores ? copy : row;
    long i = 0;
    for (; i + LANES <= units; i += LANES) NAME(store)(to + i, NAME(load)(from + i));
    if (i < units) NAME(store_first)(to + i, NAME(load_first)(from + i, units - i), units - i);
  }
}

#undef ENTRY_VECTORS
#undef LOAD_ROW
#undef STORE_ROW
#undef EACH_PART
