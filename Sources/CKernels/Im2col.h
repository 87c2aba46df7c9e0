// Copies the windows of a convolution to the columns of a matrix, and adds them back.

typedef REAL NAME(eight) __attribute__((ext_vector_type(8)));
typedef REAL NAME(four) __attribute__((ext_vector_type(4)));
typedef REAL NAME(two) __attribute__((ext_vector_type(2)));

/// y ← x for size ≤ count ≤ 2·size numbers; the numbers in the middle are copied twice.
#define COPY_ENDS(size)                                                            \
  {                                                                                \
    NAME(size) first, last;                                                        \
    const long n = sizeof first / sizeof(REAL);                                    \
    if (count == n) {                                                              \
      for (long r = 0; r < rows; r++, x += pitch, y += n) {                        \
        __builtin_memcpy(&first, x, sizeof first);                                 \
        __builtin_memcpy(y, &first, sizeof first);                                 \
      }                                                                            \
      return;                                                                      \
    }                                                                              \
    for (long r = 0; r < rows; r++, x += pitch, y += count) {                      \
      __builtin_memcpy(&first, x, sizeof first);                                   \
      __builtin_memcpy(&last, x + count - n, sizeof last);                         \
      __builtin_memcpy(y, &first, sizeof first);                                   \
      __builtin_memcpy(y + count - n, &last, sizeof last);                         \
    }                                                                              \
  }

/// y ← x for rows of `count` numbers that are `pitch` apart in x and adjacent in y.
INLINE void NAME(copy_rows)(const REAL *x, long pitch, REAL *y, long count, long rows) {
  if (count >= 16) {
    for (long r = 0; r < rows; r++, x += pitch, y += count) {
      for (long i = 0; i + LANES <= count; i += LANES) NAME(store)(y + i, NAME(load)(x + i));
      NAME(store)(y + count - LANES, NAME(load)(x + count - LANES));
    }
  } else if (count >= 8) {
    COPY_ENDS(eight)
  } else if (count >= 4) {
    COPY_ENDS(four)
  } else if (count >= 2) {
    COPY_ENDS(two)
  } else {
    for (long r = 0; r < rows; r++) y[r] = x[r * pitch];
  }
}

#define ADD(size)                                                                  \
  {                                                                                \
    NAME(size) sum, term;                                                          \
    __builtin_memcpy(&sum, y + i, sizeof sum);                                     \
    __builtin_memcpy(&term, x + i, sizeof term);                                   \
    sum += term;                                                                   \
    __builtin_memcpy(y + i, &sum, sizeof sum);                                     \
    i += sizeof sum / sizeof(REAL);                                                \
  }

/// y ← y + x for rows of `count` numbers that are adjacent in x and `pitch` apart in y.
INLINE void NAME(add_rows)(const REAL *x, REAL *y, long pitch, long count, long rows) {
  if (count == 8) {
    for (long r = 0, i = 0; r < rows; r++, x += count, y += pitch, i = 0) ADD(eight)
    return;
  }
  for (long r = 0; r < rows; r++, x += count, y += pitch) {
    long i = 0;
    while (i + 16 <= count) {
      ADD(eight)
      ADD(eight)
    }
    if (count & 8) ADD(eight)
    if (count & 4) ADD(four)
    if (count & 2) ADD(two)
    if (count & 1) y[i] += x[i];
  }
}

/// y ← every `stride`th number of x, for rows of `count` numbers. With `isInner`, the number before x
/// belongs to its row, too; otherwise the one after the last that is read does. With
/// `isPaired`, the stride is 2, and pairs are read.
INLINE void NAME(copy_every)(
    const REAL *x, long pitch, long stride, int isPaired, int isInner, REAL *y, long count, long rows) {
  for (long r = 0; r < rows; r++, x += pitch, y += count) {
    long i = 0;
    if (isPaired)
      for (; i + 4 <= count; i += 4) {
        NAME(eight) pairs;
        __builtin_memcpy(&pairs, x + 2 * i - isInner, sizeof pairs);
        NAME(four) chosen = isInner ? pairs.odd : pairs.even;
        __builtin_memcpy(y + i, &chosen, sizeof chosen);
      }
    for (; i < count; i++) y[i] = x[i * stride];
  }
}

/// Every `stride`th number of y ← itself + x, for rows of `count` numbers.
INLINE void NAME(add_every_row)(
    const REAL *x, REAL *y, long pitch, long stride, int isPaired, int isInner, long count, long rows) {
  for (long r = 0; r < rows; r++, x += count, y += pitch) {
    long i = 0;
    if (isPaired)
      for (; i + 4 <= count; i += 4) {
        NAME(eight) pairs;
        NAME(four) terms;
        __builtin_memcpy(&pairs, y + 2 * i - isInner, sizeof pairs);
        __builtin_memcpy(&terms, x + i, sizeof terms);
        if (isInner)
          pairs.odd += terms;
        else
          pairs.even += terms;
        __builtin_memcpy(y + 2 * i - isInner, &pairs, sizeof pairs);
      }
    for (; i < count; i++) y[i * stride] += x[i];
  }
}

/// True if windows are one position apart.
INLINE int NAME(is_dense)(const struct nnexp_patch_geometry *w) {
  return w->row_stride == 1 && w->column_stride == 1;
}

/// P[i, u, v; r, c] ← x[i, r·stride + u·dilation, c·stride + v·dilation]
static void NAME(im2col)(const struct nnexp_patch_geometry *w, const REAL *x, REAL *patches) {
  const long positions = w->position_rows * w->position_columns;
  for (long i = 0; i < w->channels; i++, x += w->rows * w->columns)
    for (long u = 0; u < w->window_rows; u++)
      for (long v = 0; v < w->window_columns; v++, patches += positions) {
        const REAL *from = x + u * w->row_dilation * w->columns + v * w->column_dilation;
        if (NAME(is_dense)(w))
          NAME(copy_rows)(from, w->columns, patches, w->position_columns, w->position_rows);
        else if (w->column_stride == 2 && w->window_columns > 1)
          NAME(copy_every)(
              from, w->row_stride * w->columns, 2, 1, v > 0, patches, w->position_columns,
              w->position_rows);
        else
          NAME(copy_every)(
              from, w->row_stride * w->columns, w->column_stride, 0, 0, patches, w->position_columns,
              w->position_rows);
      }
}

/// x[i, r·stride + u·dilation, c·stride + v·dilation] += P[i, u, v; r, c]
static void NAME(col2im)(const struct nnexp_patch_geometry *w, const REAL *patches, REAL *x) {
  const long plane = w->rows * w->columns, positions = w->position_rows * w->position_columns;
  const long window = w->window_rows * w->window_columns;
  // Alternates between several planes, as many as fit into the cache: a processor waits when it
  // reads numbers that overlap numbers which it has just written.
  const long most = 4096 / plane + 1;
  for (long first = 0; first < w->channels; first += most) {
    const long end = first + most < w->channels ? first + most : w->channels;
    for (long u = 0; u < w->window_rows; u++)
      for (long v = 0; v < w->window_columns; v++) {
        const long position = u * w->row_dilation * w->columns + v * w->column_dilation;
        const REAL *from = patches + (u * w->window_columns + v) * positions;
        for (long i = first; i < end; i++) {
          const REAL *terms = from + i * window * positions;
          REAL *to = x + i * plane + position;
          if (NAME(is_dense)(w))
            NAME(add_rows)(terms, to, w->columns, w->position_columns, w->position_rows);
          else if (w->column_stride == 2 && w->window_columns > 1)
            NAME(add_every_row)(
                terms, to, w->row_stride * w->columns, 2, 1, v > 0, w->position_columns,
                w->position_rows);
          else
            NAME(add_every_row)(
                terms, to, w->row_stride * w->columns, w->column_stride, 0, 0, w->position_columns,
                w->position_rows);
        }
      }
  }
}
