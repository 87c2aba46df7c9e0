// Products of matrices that are small, or have few rows or columns: at most one operand is copied, and
// only if it is turned. Computes the columns of a row in vectors, the rows of a column, or the terms of a
// sum, whichever fills the vectors best.
//
// On an Intel Xeon (2026-11-29, one thread, in turns: `make bench-products`), `direct_products` takes 0.6 to
// 1.3 of OpenBLAS 0.3.21's time for small matrices, 2 and 3 for two tiny ones with three columns, and 0.2
// to 1.3 for large ones with few rows or columns. The BLAS would also have to be loaded, which took 6 ms.

#if defined(HAS_FMA)
/// Entries of C ← A·B, or C + A·B, without a copy of A: `height` rows, and `last` columns in the last vector.
/// The rows of a turned A are columns.
INLINE void NAME(direct_tile)(
    const int height, const int vectors, const int a_turned, long last, long terms, const REAL *restrict a,
    long a_step, const REAL *restrict b, long b_step, REAL *restrict c, long c_step, int adds) {
  V sums[PRODUCT_ROWS][PRODUCT_VECTORS];
  const REAL *row[PRODUCT_ROWS];
  UNROLLED for (int h = 0; h < height; h++) {
    row[h] = a + h * a_step;
    UNROLLED for (int v = 0; v < vectors; v++) sums[h][v] = 0;
  }
  for (long k = 0; k < terms; k++) {
    V x[PRODUCT_VECTORS];
    UNROLLED for (int v = 0; v < vectors; v++) {
      const REAL *from = b + k * b_step + v * LANES;
      x[v] = MASKS && v == vectors - 1 ? NAME(load_first)(from, last) : NAME(load)(from);
    }
    UNROLLED for (int h = 0; h < height; h++) {
      const V factor = a_turned ? a[k * a_step + h] : row[h][k];
      UNROLLED for (int v = 0; v < vectors; v++)
        sums[h][v] = NAME(add_product)(x[v], factor, sums[h][v]);
    }
  }
  UNROLLED for (int h = 0; h < height; h++) {
    UNROLLED for (int v = 0; v < vectors; v++) {
      REAL *to = c + h * c_step + v * LANES;
      if (v < vectors - 1 || last == LANES)
        NAME(store)(to, adds ? NAME(load)(to) + sums[h][v] : sums[h][v]);
      else
        NAME(store_first)(to, adds ? NAME(load_first)(to, last) + sums[h][v] : sums[h][v], last);
    }
  }
}

/// The same for all rows.
INLINE void NAME(direct_rows)(
    const int vectors, const int a_turned, long rows, long last, long terms, const REAL *restrict a,
    long a_step, const REAL *restrict b, long b_step, REAL *restrict c, long c_step, int adds) {
  long m = 0;
#define DIRECT_ROWS(height)                                                        \
  for (; m + height <= rows; m += height)                                          \
    NAME(direct_tile)(                                                             \
        height, vectors, a_turned, last, terms, a + m * (a_turned ? 1 : a_step), a_step, b, b_step, \
        c + m * c_step, c_step, adds)
  DIRECT_ROWS(PRODUCT_ROWS);
  if (PRODUCT_ROWS > 4) DIRECT_ROWS(4);
  DIRECT_ROWS(2);
  DIRECT_ROWS(1);
#undef DIRECT_ROWS
}

/// C ← A·B, or C + A·B, without a copy of A. `room` has space for a panel.
static void NAME(direct_sums)(
    REAL *room, long rows, long columns, long terms, const REAL *a, long a_step, int a_turned,
    const REAL *b, long b_step, int b_turned, REAL *c, long c_step, int adds) {
  const long parts = (terms + NNEXP_PRODUCT_TERMS - 1) / NNEXP_PRODUCT_TERMS;
  for (long part = 0; part < parts; part++) {
    const long first = terms * part / parts, count = terms * (part + 1) / parts - first;
    const REAL *part_of_a = a + first * (a_turned ? a_step : 1);
    for (long n = 0; n < columns; n += PRODUCT_COLUMNS) {
      const long width = columns - n < PRODUCT_COLUMNS ? columns - n : PRODUCT_COLUMNS;
      const int vectors = (int)((width + LANES - 1) / LANES);
      const long last = width - (vectors - 1) * LANES;
      const REAL *from = b_turned ? b + n * b_step + first : b + first * b_step + n;
      long step = b_step;
      if (b_turned || (!MASKS && last < LANES)) {
        NAME(arrange_columns)(count, width, vectors * LANES, from, b_step, b_turned, room);
        from = room, step = vectors * LANES;
      }
#define DIRECT(vectors, a_turned)                                                  \
  NAME(direct_rows)(                                                               \
      vectors, a_turned, rows, last, count, part_of_a, a_step, from, step, c + n, c_step, adds || part > 0)
      if (vectors == 3) {
        if (a_turned) DIRECT(PRODUCT_VECTORS, 1);
        else DIRECT(PRODUCT_VECTORS, 0);
      } else if (vectors == 2) {
        if (a_turned) DIRECT(2, 1);
        else DIRECT(2, 0);
      } else {
        if (a_turned) DIRECT(1, 1);
        else DIRECT(1, 0);
      }
#undef DIRECT
    }
  }
}

/// Partial sums of as many terms on every instruction set.
#define DOT_TERMS (64 / (long)sizeof(REAL))
/// A tile of dot products has this many rows of A, and four of B.
#define DOT_ROWS (MASKS ? 4 : 1)
typedef REAL NAME(dots) __attribute__((ext_vector_type(DOT_TERMS)));
typedef REAL NAME(four) __attribute__((ext_vector_type(4)));

INLINE NAME(dots) NAME(load_dots)(const REAL *x) {
  NAME(dots) v;
  memcpy(&v, x, sizeof v);
  return v;
}

/// The first `count` numbers; the others are 0.
INLINE NAME(dots) NAME(load_terms)(const REAL *x, long count) {
  NAME(dots) v;
#if defined(HAS_MASKS)
  v = NAME(load_first)(x, count);
#else
  REAL room[DOT_TERMS];
  for (long i = 0; i < DOT_TERMS; i++) room[i] = i < count ? x[i] : 0;
  memcpy(&v, room, sizeof v);
#endif
  return v;
}

/// The sum of the numbers of each vector.
INLINE NAME(four) NAME(totals)(const NAME(dots) *sums) {
  NAME(four) q[4], pairs[2], total;
  UNROLLED for (int i = 0; i < 4; i++) q[i] = FOLDED(sums[i]);
  UNROLLED for (int i = 0; i < 2; i++)
    pairs[i] = __builtin_shufflevector(q[2 * i], q[2 * i + 1], 0, 2, 4, 6)
        + __builtin_shufflevector(q[2 * i], q[2 * i + 1], 1, 3, 5, 7);
  total = __builtin_shufflevector(pairs[0], pairs[1], 0, 2, 4, 6)
      + __builtin_shufflevector(pairs[0], pairs[1], 1, 3, 5, 7);
  return total;
}

/// The products of `height` rows of A and up to four rows of B.
INLINE void NAME(dot_tile)(
    const int height, long width, long terms, const REAL *restrict a, long a_step, const REAL *restrict b,
    long b_step, REAL *restrict c, long c_step, int adds) {
  NAME(dots) sums[DOT_ROWS][4] = {{0}};
  const REAL *row[4];
  UNROLLED for (int n = 0; n < 4; n++) row[n] = b + (n < width ? n : 0) * b_step;
  long k = 0;
#define ADD_DOTS(LOAD)                                                             \
  NAME(dots) x[DOT_ROWS];                                                          \
  UNROLLED for (int m = 0; m < height; m++) x[m] = LOAD(a + m * a_step + k);       \
  UNROLLED for (int n = 0; n < 4; n++) {                                           \
    const NAME(dots) y = LOAD(row[n] + k);                                         \
    UNROLLED for (int m = 0; m < height; m++)                                      \
      sums[m][n] = __builtin_elementwise_fma(x[m], y, sums[m][n]);                 \
  }
#define WHOLE(x) NAME(load_dots)(x)
#define REST(x) NAME(load_terms)(x, terms - k)
  for (; k + DOT_TERMS <= terms; k += DOT_TERMS) { ADD_DOTS(WHOLE) }
  if (k < terms) { ADD_DOTS(REST) }
#undef ADD_DOTS
#undef WHOLE
#undef REST
  UNROLLED for (int m = 0; m < height; m++) {
    const NAME(four) total = NAME(totals)(sums[m]);
    REAL *to = c + m * c_step;
    UNROLLED for (int n = 0; n < 4; n++)
      if (n < width) to[n] = adds ? to[n] + total[n] : total[n];
  }
}

/// C ← A·Bᵀ, or C + A·Bᵀ, without copies.
static void NAME(dot_products)(
    long rows, long columns, long terms, const REAL *a, long a_step, const REAL *b, long b_step, REAL *c,
    long c_step, int adds) {
  for (long n = 0; n < columns; n += 4) {
    const REAL *rows_of_b = b + n * b_step;
    long m = 0;
    for (; m + DOT_ROWS <= rows; m += DOT_ROWS)
      NAME(dot_tile)(
          DOT_ROWS, columns - n, terms, a + m * a_step, a_step, rows_of_b, b_step, c + m * c_step + n,
          c_step, adds);
    for (; m < rows; m++)
      NAME(dot_tile)(
          1, columns - n, terms, a + m * a_step, a_step, rows_of_b, b_step, c + m * c_step + n, c_step, adds);
  }
}

/// The rows of Cᵀ that are computed at a time.
#define SWAPPED_ROWS 512

/// C ← A·B by Cᵀ ← Bᵀ·Aᵀ, with the same sums.
static void NAME(swapped_sums)(
    REAL *room, long rows, long columns, long terms, const REAL *a, long a_step, int a_turned,
    const REAL *b, long b_step, int b_turned, REAL *c, long c_step, int adds) {
  REAL *sums = room + NNEXP_PRODUCT_TERMS * PRODUCT_COLUMNS;
  for (long m = 0; m < rows; m += PRODUCT_COLUMNS) {
    const long height = rows - m < PRODUCT_COLUMNS ? rows - m : PRODUCT_COLUMNS;
    for (long n = 0; n < columns; n += SWAPPED_ROWS) {
      const long width = columns - n < SWAPPED_ROWS ? columns - n : SWAPPED_ROWS;
      REAL *place = c + m * c_step + n;
      if (adds) NAME(transposed)(height, width, place, c_step, sums, height, 0);
      NAME(direct_sums)(
          room, width, height, terms, b + n * (b_turned ? b_step : 1), b_step, !b_turned,
          a + m * (a_turned ? 1 : a_step), a_step, !a_turned, sums, height, adds);
      NAME(transposed)(width, height, sums, height, place, c_step, 0);
    }
  }
}

/// As `products`, for matrices so small that a copy of A is not worthwhile. Computes the columns of a row
/// in vectors, the rows of a column, or the terms of a sum, whichever fills them best.
static int NAME(direct_products)(
    long rows, long columns, long terms, const REAL *a, long a_step, int a_turned, const REAL *b,
    long b_step, int b_turned, REAL *c, long c_step, int adds) {
  REAL *room = nnexp_product_room();
  if (!room) return 0;
  // In operations on vectors, measured. To turn a matrix takes some for each number, and some at least.
  const long whole = (terms + LANES - 1) / LANES * LANES;
  const double turned_a = 150 + 0.35 * (double)(rows * whole), turned_b = 150 + 0.35 * (double)(columns * whole);
#define VECTORS_OF(count, length) (double)(((count) + (length) - 1) / (length))
  const double by_column =
      (double)(rows * terms) * VECTORS_OF(columns, LANES) + (b_turned ? turned_b : 0);
  const double by_row = (double)(columns * terms) * VECTORS_OF(rows, LANES) + (a_turned ? 0 : turned_a)
      + 150 + 2 * (double)(rows * columns);
  double by_term = (double)(rows * columns) * (VECTORS_OF(terms, DOT_TERMS) * (64 / VECTOR_BYTES) + 4)
      + (b_turned ? 0 : turned_b);
  if (a_turned || (!b_turned && columns * terms > PRODUCT_ROOM)) by_term = (double)__builtin_inff();
#undef VECTORS_OF
  if (by_term < by_column && by_term < by_row) {
    if (!b_turned) {
      NAME(transposed)(terms, columns, b, b_step, room, terms, 0);
      b = room, b_step = terms;
    }
    NAME(dot_products)(rows, columns, terms, a, a_step, b, b_step, c, c_step, adds);
  } else if (by_row < by_column) {
    NAME(swapped_sums)(
        room, rows, columns, terms, a, a_step, a_turned, b, b_step, b_turned, c, c_step, adds);
  } else {
    NAME(direct_sums)(
        room, rows, columns, terms, a, a_step, a_turned, b, b_step, b_turned, c, c_step, adds);
  }
  return 1;
}
#undef PRODUCT_ROWS
#undef SWAPPED_ROWS
#undef DOT_TERMS
#undef DOT_ROWS
#undef PRODUCT_ROOM
#undef ROW_TERMS
#undef PRODUCT_VECTORS
#undef PRODUCT_COLUMNS
#endif
