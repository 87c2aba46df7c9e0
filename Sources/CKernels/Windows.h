// Pooling over any windows: overlapping, padded, dilated, or over the whole plane.
//
// The rows of a window are combined first, for all columns of x at once; the result is a row with
// filled ends for the padding. Then the columns are combined, for a vector of windows at once. All
// pooling layers read and write x in this way; windows that do not overlap have faster kernels for
// some p in LpPooling.h.

/// The rows of x under row `r` of windows: the first one, and their number.
struct NAME(row_span) {
  long first, count;
};
INLINE struct NAME(row_span) NAME(rows_of)(const struct nnexp_window_geometry *w, long r) {
  long start = r * w->row_stride - w->row_padding, end = start + (w->window_rows - 1) * w->row_dilation;
  if (start >= 0 && end < w->rows) return (struct NAME(row_span)){start, w->window_rows};
  long skipped = start >= 0 ? 0 : (w->row_dilation - 1 - start) / w->row_dilation;
  long left = (w->rows - 1 - start) / w->row_dilation + 1;
  return (struct NAME(row_span)){
    start + skipped * w->row_dilation, (left < w->window_rows ? left : w->window_rows) - skipped};
}

/// The row's first window begins `column_padding` before the row of x.
INLINE void NAME(fill_ends)(const struct nnexp_window_geometry *w, REAL *row, REAL fill) {
  for (long i = 0; i < w->column_padding; i++) row[i] = fill;
  for (long i = w->column_padding + w->columns; i < w->row_room; i++) row[i] = fill;
}

/// Every `stride`th number from x on: `count` of them, or more that the caller ignores.
INLINE V NAME(load_every)(const REAL *x, long stride, long count) {
  if (stride == 1) return NAME(load)(x);
  V v;
  if (stride == 2) {
    V low = NAME(load)(x), high = NAME(load)(x + LANES);
    v.lo = low.even, v.hi = high.even;
    return v;
  }
  REAL lane[LANES] = {0};
  for (long i = 0; i < LANES && i < count; i++) lane[i] = x[i * stride];
  return NAME(load)(lane);
}

/// The lanes low..<high of x; the others are 0 and not read.
INLINE V NAME(load_range)(const REAL *x, long low, long high) {
  if (low <= 0 && high >= LANES) return NAME(load)(x);
#if defined(HAS_MASKS)
  const long first = low < 0 ? 0 : low < LANES ? low : LANES, end = high < 0 ? 0 : high < LANES ? high : LANES;
  return LOAD_MASKED(x, ((1u << end) - 1) & ~((1u << first) - 1));
#else
  V v = 0;
#pragma clang loop unroll(full)
  for (long i = 0; i < LANES; i++)
    if (i >= low && i < high) v[i] = x[i];
  return v;
#endif
}

/// The number of positions start, start + step, … that are in lower..<upper, of `count` positions.
INLINE long NAME(positions_within)(long start, long step, long count, long lower, long upper) {
  const long first = start >= lower ? 0 : (lower - start + step - 1) / step;
  const long end = start >= upper ? 0 : (upper - 1 - start) / step + 1;
  return (end < count ? end : count) - first;
}

/// counts ← the entries of every window of a plane, with those in the padding if `withPadding`.
static void NAME(window_counts)(const struct nnexp_window_geometry *w, int withPadding, REAL *counts) {
  const long above = withPadding ? w->row_padding : 0, below = withPadding ? w->row_padding_after : 0;
  const long left = withPadding ? w->column_padding : 0, right = withPadding ? w->column_padding_after : 0;
  for (long r = 0; r < w->position_rows; r++) {
    const long rows = NAME(positions_within)(
        r * w->row_stride - w->row_padding, w->row_dilation, w->window_rows, -above, w->rows + below);
    for (long c = 0; c < w->position_columns; c++)
      *counts++ = (REAL)(
          rows
          * NAME(positions_within)(
              c * w->column_stride - w->column_padding, w->column_dilation, w->window_columns, -left,
              w->columns + right));
  }
}

/// y ← Σ xᵢ of every window. `row` has `row_room` numbers.
static void NAME(window_sums)(
    const struct nnexp_window_geometry *w, const REAL *x, REAL *y, long planes, REAL *row) {
  NAME(fill_ends)(w, row, 0);
  REAL *middle = row + w->column_padding;
  for (; planes > 0; planes--, x += w->rows * w->columns)
    for (long r = 0; r < w->position_rows; r++, y += w->position_columns) {
      const struct NAME(row_span) span = NAME(rows_of)(w, r);
      const REAL *from = x + span.first * w->columns;
      const long step = w->row_dilation * w->columns;
      for (long i = 0; i < w->columns; i += LANES) {
        const long left = w->columns - i;
        V sum = NAME(load_some)(from + i, left);
        for (long u = 1; u < span.count; u++) sum += NAME(load_some)(from + i + u * step, left);
        NAME(store_some)(middle + i, sum, left);
      }
      for (long c = 0; c < w->position_columns; c += LANES) {
        const long left = w->position_columns - c;
        const REAL *start = row + c * w->column_stride;
        V sum = NAME(load_every)(start, w->column_stride, left);
        for (long v = 1; v < w->window_columns; v++)
          sum += NAME(load_every)(start + v * w->column_dilation, w->column_stride, left);
        NAME(store_some)(y + c, sum, left);
      }
    }
}

/// row ← the sums of ∂y over the windows that contain a column. Column s·j + k belongs to the
/// windows j − t whose entry v = (s·t + k)/dilation it is.
///
/// Each vector of the row is written once: to add to a vector that overlaps with one that was just
/// written makes a processor wait.
INLINE void NAME(spread_columns)(
    const struct nnexp_window_geometry *w, const long stride, const REAL *dy, REAL *row) {
  const long windows = w->position_columns;
  const long end = windows + (w->window_columns - 1) * w->column_dilation / stride;
  for (long c = 0; c < end; c += LANES) {
    V even = 0;
    for (long k = 0; k < stride; k++) {
      V sum = 0;
      for (long v = 0, offset = 0; v < w->window_columns; v++, offset += w->column_dilation) {
        if (stride > 1 && offset % stride != k) continue;
        const long t = offset / stride;
        sum += NAME(load_range)(dy + c - t, t - c, windows + t - c);
      }
      if (stride == 1) {
        NAME(store)(row + c, sum);
      } else if (stride == 2 && k == 0) {
        even = sum;
      } else if (stride == 2) {
        V low, high;
        low.even = even.lo, low.odd = sum.lo, high.even = even.hi, high.odd = sum.hi;
        NAME(store)(row + 2 * c, low);
        NAME(store)(row + 2 * c + LANES, high);
      } else {
        REAL lane[LANES];
        NAME(store)(lane, sum);
        for (long i = 0; i < LANES && c + i < end; i++) row[(c + i) * stride + k] = lane[i];
      }
    }
  }
}

/// ∂x += ∂y of every window to all of its entries.
static void NAME(window_spread)(
    const struct nnexp_window_geometry *w, const REAL *dy, REAL *dx, long planes, REAL *row) {
  const REAL *middle = row + w->column_padding;
  // Columns that no window covers.
  for (long i = 0; i < w->row_room; i++) row[i] = 0;
  for (; planes > 0; planes--, dx += w->rows * w->columns)
    for (long r = 0; r < w->position_rows; r++, dy += w->position_columns) {
      switch (w->column_stride) {
      case 1: NAME(spread_columns)(w, 1, dy, row); break;
      case 2: NAME(spread_columns)(w, 2, dy, row); break;
      default: NAME(spread_columns)(w, w->column_stride, dy, row); break;
      }
      const struct NAME(row_span) span = NAME(rows_of)(w, r);
      for (long u = 0; u < span.count; u++) {
        REAL *to = dx + (span.first + u * w->row_dilation) * w->columns;
        for (long i = 0; i < w->columns; i += LANES) {
          const long left = w->columns - i;
          NAME(store_some)(
              to + i, NAME(load_some)(to + i, left) + NAME(load_some)(middle + i, left), left);
        }
      }
    }
}

/// True where a is larger than b; NaN is larger than any number.
INLINE I NAME(is_above)(V a, V b) { return (a > b) | ((a != a) & (b == b)); }
INLINE I NAME(is_level)(V a, V b) { return (a == b) | ((a != a) & (b != b)); }

/// y ← the largest xᵢ, or the largest |xᵢ|; `positions` ← its position in the plane, the first of
/// equal ones, as an integer in the bits of a REAL. NaN counts as the largest. `row` has 2·`row_room`
/// numbers.
INLINE void NAME(window_maxima_by)(
    const struct nnexp_window_geometry *w, int isAbsolute, const REAL *x, REAL *y, REAL *positions,
    long planes, REAL *row) {
  REAL *places = row + w->row_room;
  const REAL last = __builtin_bit_cast(REAL, (INT)(((UINT)-1) >> 1));
  NAME(fill_ends)(w, row, (REAL)-__builtin_inf());
  NAME(fill_ends)(w, places, last);
  REAL *middle = row + w->column_padding, *middlePlaces = places + w->column_padding;
  INT lane[LANES];
  for (long i = 0; i < LANES; i++) lane[i] = (INT)(i * w->column_stride);
  I offsets;
  __builtin_memcpy(&offsets, lane, sizeof offsets);
  for (; planes > 0; planes--, x += w->rows * w->columns)
    for (long r = 0; r < w->position_rows; r++) {
      const struct NAME(row_span) span = NAME(rows_of)(w, r);
      const long step = w->row_dilation * w->columns;
      const REAL *from = x + span.first * w->columns;
      for (long i = 0; i < w->columns; i += LANES) {
        const long left = w->columns - i;
        V most = NAME(load_some)(from + i, left);
        if (isAbsolute) most = NAME(magnitude)(most);
        I place = (INT)(span.first * w->columns);
        for (long u = 1; u < span.count; u++) {
          V next = NAME(load_some)(from + i + u * step, left);
          if (isAbsolute) next = NAME(magnitude)(next);
          I isAbove = NAME(is_above)(next, most);
          most = isAbove ? next : most;
          place = isAbove ? (I)(INT)(span.first * w->columns + u * step) : place;
        }
        NAME(store_some)(middle + i, most, left);
        NAME(store_some)(middlePlaces + i, NAME(number)(place), left);
      }
      for (long c = 0; c < w->position_columns; c += LANES) {
        const long left = w->position_columns - c, start = c * w->column_stride;
        V most = NAME(load_every)(row + start, w->column_stride, left);
        I place = NAME(bits)(NAME(load_every)(places + start, w->column_stride, left));
        I column = 0;
        for (long v = 1; v < w->window_columns; v++) {
          const long i = start + v * w->column_dilation;
          V next = NAME(load_every)(row + i, w->column_stride, left);
          I nextPlace = NAME(bits)(NAME(load_every)(places + i, w->column_stride, left));
          I isBetter = NAME(is_above)(next, most) | (NAME(is_level)(next, most) & (nextPlace < place));
          most = isBetter ? next : most;
          place = isBetter ? nextPlace : place;
          column = isBetter ? (I)(INT)(v * w->column_dilation) : column;
        }
        place += column + offsets + (INT)(start - w->column_padding);
        NAME(store_some)(y + c, most, left);
        NAME(store_some)(positions + c, NAME(number)(place), left);
      }
      y += w->position_columns;
      positions += w->position_columns;
    }
}

static void NAME(window_maxima)(
    const struct nnexp_window_geometry *w, int isAbsolute, const REAL *x, REAL *y, REAL *positions,
    long planes, REAL *row) {
  if (isAbsolute)
    NAME(window_maxima_by)(w, 1, x, y, positions, planes, row);
  else
    NAME(window_maxima_by)(w, 0, x, y, positions, planes, row);
}

/// ∂x += ∂y, or ∂y·sign(x), at the position of each window's largest entry.
static void NAME(window_maxima_vjp)(
    const struct nnexp_window_geometry *w, int isAbsolute, const REAL *x, const REAL *positions,
    const REAL *dy, REAL *dx, long planes) {
  const long windows = w->position_rows * w->position_columns, plane = w->rows * w->columns;
  for (; planes > 0; planes--, x += plane, dx += plane, positions += windows, dy += windows)
    for (long j = 0; j < windows; j++) {
      const INT i = __builtin_bit_cast(INT, positions[j]);
      // For 0 and NaN, x itself in place of its sign.
      REAL slope = !isAbsolute ? 1 : x[i] > 0 ? 1 : x[i] < 0 ? -1 : x[i];
      dx[i] += dy[j] * slope;
    }
}
