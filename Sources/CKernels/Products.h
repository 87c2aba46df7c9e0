// Products of matrices. Those with few rows, such as those of a dense layer and a small batch, copy only
// the small matrix: copying both, as a library does, takes as long as the products. Others copy both, one
// part at a time: rows of A that stay in the second cache, and a few columns of B that stay in the first.
// DirectProducts.h has those for which even that is not worthwhile.
//
// On an Intel Xeon (2026-11-29, one thread, interleaved), `products` takes 0.86 to 0.96 of OpenBLAS 0.3.21's
// time at the shapes of W3 and W9 and 0.78 to 0.93 at those of W2, and oneDNN 2.6's sgemm 0.75 to 0.95. With
// 16 registers (AVX2), it takes 1.0 to 1.15 times OpenBLAS's time unless sums have few terms.
//
// On an AMD EPYC (2026-11-30, in the same way), it takes 0.87 to 1.0 of OpenBLAS's time at these shapes. Until
// the first tile of some columns copied them, A·B and Aᵀ·B took up to 1.13.
//
// With fused multiply-add, as in Convolution.h. In a sum, the terms are added in order.

#if defined(HAS_FMA)
/// A tile has this many rows, and columns in this many vectors.
#define PRODUCT_ROWS TILE_ROWS
#define PRODUCT_VECTORS (TILE_ROWS == 8 ? 3 : 2)
#define PRODUCT_COLUMNS (PRODUCT_VECTORS * LANES)
/// The numbers in a copy of rows.
#define PRODUCT_ROOM (NNEXP_PRODUCT_ROOM / (long)sizeof(REAL))
/// The terms after which a sum of few rows is stored, so that the copy fits.
#define ROW_TERMS (PRODUCT_ROOM / (2 * LANES))

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
  for (long first = 0; first < terms; first += ROW_TERMS) {
    const long count = terms - first < ROW_TERMS ? terms - first : ROW_TERMS;
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

/// A tile of C ← A·B, or C + A·B, from the copies of A and B: `height` rows and `width` columns. If it
/// `copies`, the rows of B are read from `source` and copied to `b`, while the processor multiplies.
INLINE void NAME(matrix_tile)(
    int height, long width, long terms, const REAL *restrict a, REAL *restrict b, REAL *restrict c, long c_step,
    int adds, const int vectors, const int copies, const REAL *restrict source, long step) {
  const int isWhole = height == PRODUCT_ROWS && width == vectors * LANES;
  V sums[PRODUCT_ROWS][PRODUCT_VECTORS];
  UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++)
    UNROLLED for (int v = 0; v < vectors; v++) sums[h][v] = 0;
  if (isWhole)
    UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++)
      UNROLLED for (int v = 0; v < vectors; v++) __builtin_prefetch(c + h * c_step + v * LANES, 1);
  _Pragma("clang loop unroll_count(4)")
  for (long k = 0; k < terms; k++) {
    // The rows of the next tile, which are in the second cache.
    __builtin_prefetch(a + (k + 64) * PRODUCT_ROWS);
    V x[PRODUCT_VECTORS];
    UNROLLED for (int v = 0; v < vectors; v++) {
      REAL *copy = b + (k * vectors + v) * LANES;
      x[v] = NAME(load)(copies ? source + k * step + v * LANES : copy);
      if (copies) NAME(store)(copy, x[v]);
    }
    UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
      const V factor = a[k * PRODUCT_ROWS + h];
      UNROLLED for (int v = 0; v < vectors; v++)
        sums[h][v] = NAME(add_product)(x[v], factor, sums[h][v]);
    }
  }
  if (isWhole) {
    UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
      UNROLLED for (int v = 0; v < vectors; v++) {
        REAL *to = c + h * c_step + v * LANES;
        NAME(store)(to, adds ? NAME(load)(to) + sums[h][v] : sums[h][v]);
      }
    }
    return;
  }
  UNROLLED for (int h = 0; h < PRODUCT_ROWS; h++) {
    if (h >= height) continue;
    UNROLLED for (int v = 0; v < vectors; v++) {
      const long rest = width - v * LANES < LANES ? width - v * LANES : LANES;
      REAL *to = c + h * c_step + v * LANES;
      NAME(store_first)(to, adds ? NAME(load_first)(to, rest) + sums[h][v] : sums[h][v], rest);
    }
  }
}

/// Copies `count` ≤ `width` columns of a matrix with `terms` rows, and zeros for the other columns of `to`.
/// The rows of a turned matrix are columns.
static void NAME(arrange_columns)(
    long terms, long count, long width, const REAL *x, long step, int isTurned, REAL *to) {
  for (long j = 0; j < width; j += LANES) {
    const long part = count - j < LANES ? count - j : LANES;
    if (part < LANES)
      for (long k = 0; k < terms; k++) NAME(store)(to + k * width + j, (V){0});
    if (isTurned) {
      NAME(transposed)(part, terms, x + j * step, step, to + j, width, 0);
    } else if (part == LANES) {
      for (long k = 0; k < terms; k++) NAME(store)(to + k * width + j, NAME(load)(x + k * step + j));
    } else {
      for (long k = 0; k < terms; k++)
        for (long i = 0; i < part; i++) to[k * width + j + i] = x[k * step + j + i];
    }
  }
}

/// Stores PRODUCT_ROWS numbers of a vector to each of the places that are `step` apart.
INLINE void NAME(store_groups)(REAL *to, long step, V v) {
  UNROLLED for (int g = 0; g < LANES / PRODUCT_ROWS; g++)
    memcpy(to + g * step, (const REAL *)&v + g * PRODUCT_ROWS, PRODUCT_ROWS * sizeof(REAL));
}

/// Copies `count` rows of a matrix with `terms` columns in groups of PRODUCT_ROWS, and zeros for the rows
/// that the last group lacks. The rows of a turned matrix are columns.
static void NAME(arrange_rows)(long terms, long count, const REAL *x, long step, int isTurned, REAL *to) {
  const long group = terms * PRODUCT_ROWS;
  for (long i = 0; i < count; i += LANES, to += group * (LANES / PRODUCT_ROWS)) {
    const long height = count - i < LANES ? count - i : LANES;
    const REAL *row = x + i * (isTurned ? 1 : step);
    long k = 0;
    if (height == LANES && isTurned) {
      for (; k < terms; k++) {
        const V v = NAME(load)(row + k * step);
        NAME(store_groups)(to + k * PRODUCT_ROWS, group, v);
      }
    } else if (height == LANES) {
      for (; k <= terms - LANES; k += LANES) {
        V v[LANES];
        UNROLLED for (int h = 0; h < LANES; h++) v[h] = NAME(load)(row + h * step + k);
        NAME(transpose)(v);
        UNROLLED for (int h = 0; h < LANES; h++)
          NAME(store_groups)(to + (k + h) * PRODUCT_ROWS, group, v[h]);
      }
    }
    const long forRow = isTurned ? 1 : step, forTerm = isTurned ? step : 1;
    for (long g = 0; g < height; g += PRODUCT_ROWS) {
      const long last = height - g < PRODUCT_ROWS ? height - g : PRODUCT_ROWS;
      for (long j = k; j < terms; j++) {
        REAL *place = to + g * terms + j * PRODUCT_ROWS;
        for (long h = 0; h < last; h++) place[h] = row[(g + h) * forRow + j * forTerm];
        for (long h = last; h < PRODUCT_ROWS; h++) place[h] = 0;
      }
    }
  }
}

/// C ← A·B, or C + A·B. A turned matrix is stored by column. The terms of a sum are added in order, in
/// parts of at most NNEXP_PRODUCT_TERMS, so that neither the other extents nor the instruction set affect it.
/// Returns 0 if there is no memory for the copies.
static int NAME(products)(
    long rows, long columns, long terms, const REAL *a, long a_step, int a_turned, const REAL *b,
    long b_step, int b_turned, REAL *c, long c_step, int adds) {
  REAL *room = nnexp_product_room();
  if (!room) return 0;
  REAL *panel = room + PRODUCT_ROOM;
  const long parts = (terms + NNEXP_PRODUCT_TERMS - 1) / NNEXP_PRODUCT_TERMS;
  for (long part = 0; part < parts; part++) {
    const long first = terms * part / parts, count = terms * (part + 1) / parts - first;
    const long most = PRODUCT_ROOM / count / LANES * LANES;
    for (long m = 0; m < rows; m += most) {
      const long height = rows - m < most ? rows - m : most;
      NAME(arrange_rows)(
          count, height, a_turned ? a + first * a_step + m : a + m * a_step + first, a_step, a_turned, room);
      for (long n = 0; n < columns; n += PRODUCT_COLUMNS) {
        const long width = columns - n < PRODUCT_COLUMNS ? columns - n : PRODUCT_COLUMNS;
        const int vectors = (int)((width + LANES - 1) / LANES);
        const REAL *source = b_turned ? b + n * b_step + first : b + first * b_step + n;
        // The first tile copies the columns.
        const int copies = !b_turned && width == PRODUCT_COLUMNS;
        if (!copies) NAME(arrange_columns)(count, width, vectors * LANES, source, b_step, b_turned, panel);
        for (long h = 0; h < height; h += PRODUCT_ROWS) {
          const int tile = height - h < PRODUCT_ROWS ? (int)(height - h) : PRODUCT_ROWS;
          const REAL *rows_of_a = room + h * count;
          REAL *sums = c + (m + h) * c_step + n;
          const int continues = adds || part > 0;
          if (copies && h == 0)
            NAME(matrix_tile)(
                tile, width, count, rows_of_a, panel, sums, c_step, continues, PRODUCT_VECTORS, 1, source, b_step);
          else if (vectors == 3)
            NAME(matrix_tile)(tile, width, count, rows_of_a, panel, sums, c_step, continues, 3, 0, 0, 0);
          else if (vectors == 2)
            NAME(matrix_tile)(tile, width, count, rows_of_a, panel, sums, c_step, continues, 2, 0, 0, 0);
          else
            NAME(matrix_tile)(tile, width, count, rows_of_a, panel, sums, c_step, continues, 1, 0, 0, 0);
        }
      }
    }
  }
  return 1;
}
#endif
