// Products of matrices with few rows, or with few terms per sum, such as those of a dense layer and a
// small batch. A library copies both matrices before it multiplies; this takes as long as the products if
// one of them is used only a few times. These kernels copy the small one.
//
// With fused multiply-add, as in Convolution.h. In a sum, the terms are added in order.

#if defined(HAS_FMA)
#define PRODUCT_ROWS TILE_ROWS
/// The numbers in a copy.
#define PRODUCT_ROOM NNEXP_PRODUCT_ROOM
/// The terms after which a sum is stored, so that the copy fits.
#define PRODUCT_TERMS (PRODUCT_ROOM / (2 * LANES))
/// The columns of a tile of Aᵀ·B.
#define PRODUCT_COLUMNS (TILE_VECTORS * LANES)

/// Entries [n, n + height) of `VECTORS`·LANES rows of C ← C + A·Bᵀ. The entries of A are interleaved.
INLINE void NAME(row_products_tile)(
    long rows, int height, long terms, const REAL *restrict a, const REAL *restrict b, long b_step,
    REAL *restrict c, long c_step, const int vectors) {
  V sums[PRODUCT_ROWS][2];
  const REAL *row[PRODUCT_ROWS];
  UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
    row[h] = b + (h < height ? h : 0) * b_step;
    UNROLLED for (int v = 0; v < vectors; v++) sums[h][v] = 0;
  }
  for (long k = 0; k < terms; k++) {
    V x[2];
    UNROLLED for (int v = 0; v < vectors; v++) x[v] = NAME(load)(a + (k * vectors + v) * LANES);
    UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
      const V factor = row[h][k];
      UNROLLED for (int v = 0; v < vectors; v++)
        sums[h][v] = NAME(add_product)(x[v], factor, sums[h][v]);
    }
  }
  REAL room[PRODUCT_ROWS][2 * LANES];
  UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++)
    UNROLLED for (int v = 0; v < vectors; v++) NAME(store)(room[h] + v * LANES, sums[h][v]);
  for (long m = 0; m < rows; m++)
    for (int h = 0; h < height; h++) c[m * c_step + h] += room[h][m];
}

/// The same for all n, with a copy of A.
INLINE void NAME(row_products_group)(
    REAL *restrict room, long rows, long columns, long terms, const REAL *restrict a, long a_step,
    const REAL *restrict b, long b_step, REAL *restrict c, long c_step, const int vectors) {
  for (long first = 0; first < terms; first += PRODUCT_TERMS) {
    const long count = terms - first < PRODUCT_TERMS ? terms - first : PRODUCT_TERMS;
    for (long k = 0; k < count; k += LANES)
      for (long m = 0; m < vectors * LANES; m++)
        for (long j = k; j < count && j < k + LANES; j++)
          room[j * vectors * LANES + m] = m < rows ? a[m * a_step + first + j] : 0;
    for (long n = 0; n < columns; n += PRODUCT_ROWS) {
      const int height = columns - n < PRODUCT_ROWS ? (int)(columns - n) : PRODUCT_ROWS;
      NAME(row_products_tile)(
          rows, height, count, room, b + n * b_step + first, b_step, c + n, c_step, vectors);
    }
  }
}

/// C ← A·Bᵀ, or C + A·Bᵀ: A has `rows` rows, B `columns`. Returns 0 if there is no memory for the copy.
static int NAME(row_products)(
    long rows, long columns, long terms, const REAL *a, long a_step, const REAL *b, long b_step, REAL *c,
    long c_step, int adds) {
  REAL *room = nnexp_product_room();
  if (!room) return 0;
  if (!adds)
    for (long m = 0; m < rows; m++)
      for (long n = 0; n < columns; n++) c[m * c_step + n] = 0;
  for (long m = 0; m < rows; m += 2 * LANES) {
    const long count = rows - m < 2 * LANES ? rows - m : 2 * LANES;
    const REAL *group = a + m * a_step;
    REAL *sums = c + m * c_step;
    if (count > LANES)
      NAME(row_products_group)(room, count, columns, terms, group, a_step, b, b_step, sums, c_step, 2);
    else
      NAME(row_products_group)(room, count, columns, terms, group, a_step, b, b_step, sums, c_step, 1);
  }
  return 1;
}

/// A tile of Aᵀ·B, whose entries of B are copied, and those of A interleaved.
INLINE void NAME(column_products_tile)(
    int height, long width, long terms, const REAL *restrict a, const REAL *restrict b, REAL *restrict c,
    long c_step, int adds) {
  V sums[PRODUCT_ROWS][TILE_VECTORS];
  UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++)
    UNROLLED for (int v = 0; v < TILE_VECTORS; v++) sums[h][v] = 0;
  for (long k = 0; k < terms; k++) {
    V x[TILE_VECTORS];
    UNROLLED for (int v = 0; v < TILE_VECTORS; v++)
      x[v] = NAME(load)(b + k * PRODUCT_COLUMNS + v * LANES);
    UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
      const V factor = a[k * PRODUCT_ROWS + h];
      UNROLLED for (int v = 0; v < TILE_VECTORS; v++)
        sums[h][v] = NAME(add_product)(x[v], factor, sums[h][v]);
    }
  }
  UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
    if (h >= height) continue;
    UNROLLED for (int v = 0; v < TILE_VECTORS; v++) {
      const long rest = width - v * LANES;
      if (rest <= 0) continue;
      REAL *to = c + h * c_step + v * LANES;
      if (rest >= LANES)
        NAME(store)(to, adds ? NAME(load)(to) + sums[h][v] : sums[h][v]);
      else
        NAME(store_first)(
            to, adds ? NAME(load_first)(to, rest) + sums[h][v] : sums[h][v], rest);
    }
  }
}

/// C ← Aᵀ·B, or C + Aᵀ·B, for sums of at most NNEXP_PRODUCT_TERMS terms: A has `rows` columns,
/// B `columns`. Returns 0 if there is no memory for the copies.
static int NAME(column_products)(
    long rows, long columns, long terms, const REAL *a, long a_step, const REAL *b, long b_step, REAL *c,
    long c_step, int adds) {
  REAL *copy = nnexp_product_room();
  if (!copy) return 0;
  REAL *interleaved = copy + PRODUCT_ROOM;
  const long most = PRODUCT_ROOM / terms / PRODUCT_COLUMNS * PRODUCT_COLUMNS;
  for (long first = 0; first < columns; first += most) {
    const long last = columns - first < most ? columns : first + most;
    REAL *to = copy;
    for (long n = first; n < last; n += PRODUCT_COLUMNS)
      for (long k = 0; k < terms; k++, to += PRODUCT_COLUMNS)
        for (long j = 0; j < PRODUCT_COLUMNS; j++) to[j] = n + j < last ? b[k * b_step + n + j] : 0;
    for (long m = 0; m < rows; m += PRODUCT_ROWS) {
      const int height = rows - m < PRODUCT_ROWS ? (int)(rows - m) : PRODUCT_ROWS;
      for (long k = 0; k < terms; k++)
        for (int h = 0; h < PRODUCT_ROWS; h++)
          interleaved[k * PRODUCT_ROWS + h] = h < height ? a[k * a_step + m + h] : 0;
      const REAL *from = copy;
      for (long n = first; n < last; n += PRODUCT_COLUMNS, from += terms * PRODUCT_COLUMNS)
        NAME(column_products_tile)(
            height, last - n, terms, interleaved, from, c + m * c_step + n, c_step, adds);
    }
  }
  return 1;
}
#undef PRODUCT_ROWS
#undef PRODUCT_ROOM
#undef PRODUCT_TERMS
#undef PRODUCT_COLUMNS
#endif
