// Copies of matrices with exchanged rows and columns.

/// Transposes the matrix of LANES vectors: interleaves two halves, once for each bit of LANES.
INLINE void NAME(transpose)(V *rows) {
  UNROLLED for (int lanes = LANES; lanes > 1; lanes /= 2) {
    V next[LANES];
    UNROLLED for (int i = 0; i < LANES / 2; i++) {
      V a = rows[i], b = rows[i + LANES / 2];
      next[2 * i].even = a.lo, next[2 * i].odd = b.lo;
      next[2 * i + 1].even = a.hi, next[2 * i + 1].odd = b.hi;
    }
    UNROLLED for (int i = 0; i < LANES; i++) rows[i] = next[i];
  }
}

typedef REAL NAME(pairs) __attribute__((ext_vector_type(2 * LANES)));

/// The transpose of a matrix of two columns, whose rows have no gaps.
INLINE void NAME(separate)(long rows, const REAL *x, REAL *even, REAL *odd, int adds) {
  long i = 0;
  for (; i + LANES <= rows; i += LANES) {
    NAME(pairs) v;
    __builtin_memcpy(&v, x + 2 * i, sizeof v);
    V a = v.even, b = v.odd;
    if (adds) a += NAME(load)(even + i), b += NAME(load)(odd + i);
    NAME(store)(even + i, a);
    NAME(store)(odd + i, b);
  }
  for (; i < rows; i++) {
    even[i] = adds ? even[i] + x[2 * i] : x[2 * i];
    odd[i] = adds ? odd[i] + x[2 * i + 1] : x[2 * i + 1];
  }
}

/// The transpose of a matrix of two rows, as rows without gaps.
INLINE void NAME(interleave)(long columns, const REAL *even, const REAL *odd, REAL *y, int adds) {
  long i = 0;
  for (; i + LANES <= columns; i += LANES) {
    NAME(pairs) v, sum;
    v.even = NAME(load)(even + i), v.odd = NAME(load)(odd + i);
    if (adds) {
      __builtin_memcpy(&sum, y + 2 * i, sizeof sum);
      v = sum + v;
    }
    __builtin_memcpy(y + 2 * i, &v, sizeof v);
  }
  for (; i < columns; i++) {
    y[2 * i] = adds ? y[2 * i] + even[i] : even[i];
    y[2 * i + 1] = adds ? y[2 * i + 1] + odd[i] : odd[i];
  }
}

/// y[j, i] ← x[i, j], or y[j, i] + x[i, j], for the `rows` × `columns` numbers of x. A row of x is x_step
/// numbers after the row before, and one of y y_step.
static void NAME(transposed)(
    long rows, long columns, const REAL *x, long x_step, REAL *y, long y_step, int adds) {
  if (columns == 2 && x_step == 2) return NAME(separate)(rows, x, y, y + y_step, adds);
  if (rows == 2 && y_step == 2) return NAME(interleave)(columns, x, x + x_step, y, adds);
  for (long j = 0; j < columns; j += LANES) {
    for (long i = 0; i < rows; i += LANES) {
      const REAL *from = x + i * x_step + j;
      REAL *to = y + j * y_step + i;
      if (rows - i >= LANES && columns - j >= LANES) {
        V v[LANES];
        UNROLLED for (int k = 0; k < LANES; k++) v[k] = NAME(load)(from + k * x_step);
        NAME(transpose)(v);
        if (adds) UNROLLED for (int k = 0; k < LANES; k++) v[k] += NAME(load)(to + k * y_step);
        UNROLLED for (int k = 0; k < LANES; k++) NAME(store)(to + k * y_step, v[k]);
        continue;
      }
      const long height = rows - i < LANES ? rows - i : LANES;
      const long width = columns - j < LANES ? columns - j : LANES;
      if (!adds && (width == LANES || MASKS)) {
        V v[LANES] = {0};
        for (long k = 0; k < height; k++)
          v[k] = width == LANES ? NAME(load)(from + k * x_step) : NAME(load_first)(from + k * x_step, width);
        NAME(transpose)(v);
        for (long k = 0; k < width; k++) NAME(store_first)(to + k * y_step, v[k], height);
      } else {
        for (long h = 0; h < height; h++) {
          for (long w = 0; w < width; w++) {
            REAL *place = to + w * y_step + h;
            const REAL number = from[h * x_step + w];
            *place = adds ? *place + number : number;
          }
        }
      }
    }
  }
}
