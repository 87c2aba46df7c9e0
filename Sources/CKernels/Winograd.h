// Convolutions by Winograd's minimal filters F(4×4, 3×3): 36 products in place of 144 for a tile of
// 4 × 4 outputs of a window of 3 × 3.
//
//     U = G g Gᵀ,  V = Bᵀ d B,  y = Aᵀ (Σ U ⊗ V) A,  ∂g = Gᵀ (Σ (A ∂y Aᵀ) ⊗ V) G
//
// d is the tile of 6 × 6 inputs, and Σ a matrix product for each of the 36 entries, whose matrices
// are `step` numbers apart:
//
//     V `[tiles, channels]`,  U `[channels, units]`,  products and A ∂y Aᵀ `[tiles, units]`
//
// A row of a matrix is filled to a multiple of 16 numbers. U and its gradient are stored in panels, 32
// columns after the other, so that the numbers that are read one after the other are adjacent. A
// vector has the same number of LANES channels, so that the image may have any size.
//
// A larger window is the sum of parts of 3 × 3: its convolution is that of row_parts × column_parts
// times as many channels, where channel (a, b, i) is channel i moved by 3a rows and 3b columns. Taps
// beyond the window are 0.
//
// Only the sums of the matrix products use fused multiply-add: with it, the transforms are not faster.
//
// Source: Lavin, Gray 2015, "Fast algorithms for convolutional neural networks".

/// A vector at any address.
typedef REAL NAME(loose) __attribute__((ext_vector_type(LANES), aligned(sizeof(REAL))));
/// The numbers in a row of a matrix, the same for every instruction set.
#define FILLED(count) (((count) + 15) / 16 * 16)
/// The columns of the panel that begins at a multiple of 32, in a matrix of `columns`: 32, or 16 at its end.
#define PANEL_WIDTH(columns, n) ((columns) - (n) < 32 ? 16 : 32)

/// The position of row k at column n, a multiple of LANES, in a matrix of `rows` × `columns` in panels.
INLINE long NAME(panel_position)(long rows, long columns, long k, long n) {
  const long first = n / 32 * 32;
  return first * rows + k * PANEL_WIDTH(columns, first) + n - first;
}

/// The first LANES numbers of a row of `count`; zeros after its end.
INLINE V NAME(load_upto)(const REAL *x, long count) {
  return count >= LANES ? NAME(load)(x) : NAME(load_first)(x, count);
}

/// `rows` × `columns` numbers of up to LANES planes, as vectors of one number of each plane;
/// the rows of the result are `pitch` vectors apart.
INLINE void NAME(gather_planes)(
    const REAL *x, long plane, long planes, long rows, long columns, NAME(loose) *to, long pitch) {
  const long count = rows * columns;
  long column = 0;
  for (long i = 0; i < count; i += LANES) {
    V v[LANES];
    if (count - i >= LANES && planes == LANES) {
      UNROLLED for (int h = 0; h < LANES; h++) v[h] = NAME(load)(x + h * plane + i);
    } else {
      UNROLLED for (int h = 0; h < LANES; h++)
        v[h] = h < planes ? NAME(load_upto)(x + h * plane + i, count - i) : (V)0;
    }
    NAME(transpose)(v);
    if (column + LANES <= columns && count - i >= LANES) {
      UNROLLED for (int k = 0; k < LANES; k++) to[column + k] = v[k];
      column += LANES;
      if (column == columns) column = 0, to += pitch;
    } else {
      const long last = count - i < LANES ? count - i : LANES;
      V spilled[LANES];
      UNROLLED for (int k = 0; k < LANES; k++) spilled[k] = v[k];
      for (long k = 0; k < last; k++) {
        to[column] = spilled[k];
        if (++column == columns) column = 0, to += pitch;
      }
    }
  }
}

/// The inverse: stores or adds vectors to up to LANES planes.
INLINE void NAME(scatter_planes)(
    const NAME(loose) *from, long pitch, long rows, long columns, REAL *y, long plane, long planes, int adds) {
  const long count = rows * columns;
  long column = 0;
  for (long i = 0; i < count; i += LANES) {
    const long last = count - i < LANES ? count - i : LANES;
    V v[LANES];
    if (column + LANES <= columns && last == LANES) {
      UNROLLED for (int k = 0; k < LANES; k++) v[k] = from[column + k];
      column += LANES;
      if (column == columns) column = 0, from += pitch;
    } else {
      V spilled[LANES];
      UNROLLED for (int k = 0; k < LANES; k++) spilled[k] = 0;
      for (long k = 0; k < last; k++) {
        spilled[k] = from[column];
        if (++column == columns) column = 0, from += pitch;
      }
      UNROLLED for (int k = 0; k < LANES; k++) v[k] = spilled[k];
    }
    NAME(transpose)(v);
    if (last == LANES && planes == LANES) {
      UNROLLED for (int h = 0; h < LANES; h++) {
        REAL *at = y + h * plane + i;
        NAME(store)(at, adds ? NAME(load)(at) + v[h] : v[h]);
      }
    } else {
      UNROLLED for (int h = 0; h < LANES; h++) {
        if (h >= planes) continue;
        REAL *at = y + h * plane + i;
        if (last == LANES)
          NAME(store)(at, adds ? NAME(load)(at) + v[h] : v[h]);
        else
          NAME(store_first)(at, adds ? NAME(load_first)(at, last) + v[h] : v[h], last);
      }
    }
  }
}

// The transforms evaluate polynomials at 0, ±P, ±Q and ∞. With the usual 1 and 2, the largest
// error of y is five times as large. These numbers and their products are exact.
#define P ((REAL)0.75)
#define Q ((REAL)1.5)
/// The products of the differences of a point from the others.
#define N_0 (P * P * Q * Q)
#define N_P (2 * P * P * (P * P - Q * Q))
#define N_Q (2 * Q * Q * (Q * Q - P * P))

/// Bᵀ e for six numbers.
#define INPUT_TRANSFORM(e, to)                                                     \
  {                                                                                \
    const V a = e[4] - e[2] * (Q * Q), b = (e[3] - e[1] * (Q * Q)) * P;            \
    const V c = e[4] - e[2] * (P * P), d = (e[3] - e[1] * (P * P)) * Q;            \
    to(0, e[0] * N_0 - e[2] * (P * P + Q * Q) + e[4])                              \
    to(1, a + b)                                                                   \
    to(2, a - b)                                                                   \
    to(3, c + d)                                                                   \
    to(4, c - d)                                                                   \
    to(5, e[1] * N_0 - e[3] * (P * P + Q * Q) + e[5])                              \
  }
/// A e for four numbers.
#define SLOPE_TRANSFORM(e, to)                                                     \
  {                                                                                \
    const V a = e[0] + e[2] * (P * P), b = (e[1] + e[3] * (P * P)) * P;            \
    const V c = e[0] + e[2] * (Q * Q), d = (e[1] + e[3] * (Q * Q)) * Q;            \
    to(0, e[0])                                                                    \
    to(1, a + b)                                                                   \
    to(2, a - b)                                                                   \
    to(3, c + d)                                                                   \
    to(4, c - d)                                                                   \
    to(5, e[3])                                                                    \
  }
/// Aᵀ e for six numbers.
#define OUTPUT_TRANSFORM(e, to)                                                    \
  {                                                                                \
    const V a = e[1] + e[2], b = (e[1] - e[2]) * P, c = e[3] + e[4], d = (e[3] - e[4]) * Q; \
    to(0, e[0] + a + c)                                                            \
    to(1, b + d)                                                                   \
    to(2, a * (P * P) + c * (Q * Q))                                               \
    to(3, b * (P * P) + d * (Q * Q) + e[5])                                        \
  }
/// G e for three numbers, and Gᵀ e for six.
#define FILTER_TRANSFORM(e, to)                                                    \
  {                                                                                \
    const V a = (e[0] + e[2] * (P * P)) * (1 / N_P), b = e[1] * (P / N_P);         \
    const V c = (e[0] + e[2] * (Q * Q)) * (1 / N_Q), d = e[1] * (Q / N_Q);         \
    to(0, e[0] * (1 / N_0))                                                        \
    to(1, a + b)                                                                   \
    to(2, a - b)                                                                   \
    to(3, c + d)                                                                   \
    to(4, c - d)                                                                   \
    to(5, e[2])                                                                    \
  }
#define FILTER_GRADIENT_TRANSFORM(e, to)                                           \
  {                                                                                \
    const V a = (e[1] + e[2]) * (1 / N_P), b = (e[3] + e[4]) * (1 / N_Q);          \
    to(0, e[0] * (1 / N_0) + a + b)                                                \
    to(1, (e[1] - e[2]) * (P / N_P) + (e[3] - e[4]) * (Q / N_Q))                   \
    to(2, a * (P * P) + b * (Q * Q) + e[5])                                        \
  }
#define TO_COLUMN(k, value) between[k][j] = value;
#define TO_HALF(k, value) halves[6 * n + (k)] = value;
#define TO_ENTRY(k, value) NAME(store)(to + (6 * i + (k)) * step, value);
#define TO_LAST_ENTRY(k, value) NAME(store_first)(to + (6 * i + (k)) * step, value, planes);
#define TO_OUTPUT(k, value) out[i * pitch + (k)] = (value) + offset;
#define TO_TAP(k, value) taps[3 * i + (k)] = value;

/// V of the tiles in `count` rows of tiles, from row `first` on. `room` has the rows of the image that
/// a row of tiles reads, then Bᵀ d of its columns.
static void NAME(winograd_input)(
    const struct nnexp_winograd *w, const REAL *x, long first, long count, REAL *values, long step,
    REAL *room) {
  const long tiles = (w->position_columns + 3) / 4, parts = w->row_parts * w->column_parts;
  const long pitch = 4 * tiles + 3 * w->column_parts - 1, height = 3 * w->row_parts + 3;
  const long width = FILLED(parts * w->channels);
  NAME(loose) *rows = (NAME(loose) *)room, *halves = rows + height * pitch;
  for (long c = 0; c < w->channels; c += LANES) {
    const long planes = w->channels - c < LANES ? w->channels - c : LANES;
    for (long n = 0; n < height * pitch; n++) rows[n] = 0;
    for (long r = first; r < first + count; r++) {
      // The rows of the image in this row of tiles; the others are zeros.
      const long top = 4 * r - w->row_padding;
      const long from = top < 0 ? 0 : top, end = top + height < w->rows ? top + height : w->rows;
      NAME(loose) *begin = rows + (from - top) * pitch + w->column_padding;
      if (from < end)
        NAME(gather_planes)(
            x + (c * w->rows + from) * w->columns, w->rows * w->columns, planes, end - from, w->columns,
            begin, pitch);
      if (end < top + height)
        for (long n = (from < end ? end - top : 0) * pitch; n < height * pitch; n++) rows[n] = 0;
      for (long part = 0; part < parts; part++) {
        const long a = part / w->column_parts, b = part - a * w->column_parts;
        if (b == 0)
          for (long n = 0; n < pitch; n++) {
            V e[6];
            UNROLLED for (int i = 0; i < 6; i++) e[i] = rows[(3 * a + i) * pitch + n];
            INPUT_TRANSFORM(e, TO_HALF)
          }
        REAL *to = values + (r - first) * tiles * width + part * w->channels + c;
        for (long t = 0; t < tiles; t++, to += width) {
          const NAME(loose) *half = halves + 6 * (4 * t + 3 * b);
          if (planes == LANES) {
            UNROLLED for (int i = 0; i < 6; i++) {
              V e[6];
              UNROLLED for (int j = 0; j < 6; j++) e[j] = half[6 * j + i];
              INPUT_TRANSFORM(e, TO_ENTRY)
            }
          } else {
            UNROLLED for (int i = 0; i < 6; i++) {
              V e[6];
              UNROLLED for (int j = 0; j < 6; j++) e[j] = half[6 * j + i];
              INPUT_TRANSFORM(e, TO_LAST_ENTRY)
            }
          }
        }
      }
    }
  }
}

/// A ∂y Aᵀ of the tiles in `count` rows of tiles, from row `first` on.
static void NAME(winograd_slopes)(
    const struct nnexp_winograd *w, long units, const REAL *dy, long first, long count, REAL *slopes,
    long step, REAL *room) {
  const long tiles = (w->position_columns + 3) / 4, pitch = 4 * tiles, width = FILLED(units);
  const long plane = w->position_rows * w->position_columns;
  NAME(loose) *rows = (NAME(loose) *)room;
  for (long c = 0; c < width; c += LANES) {
    const long planes = units - c < LANES ? units - c : LANES;
    for (long n = 0; n < 4 * pitch; n++) rows[n] = 0;
    for (long r = first; r < first + count; r++) {
      const long left = w->position_rows - 4 * r, height = left < 4 ? left : 4;
      NAME(gather_planes)(
          dy + c * plane + 4 * r * w->position_columns, plane, planes, height, w->position_columns, rows,
          pitch);
      for (long n = height * pitch; n < 4 * pitch; n++) rows[n] = 0;
      REAL *to = slopes + (r - first) * tiles * width + c;
      for (long t = 0; t < tiles; t++, to += width) {
        V between[6][4];
        UNROLLED for (int j = 0; j < 4; j++) {
          V e[4];
          UNROLLED for (int i = 0; i < 4; i++) e[i] = rows[i * pitch + 4 * t + j];
          SLOPE_TRANSFORM(e, TO_COLUMN)
        }
        UNROLLED for (int i = 0; i < 6; i++) SLOPE_TRANSFORM(between[i], TO_ENTRY)
      }
    }
  }
}

/// y ← c + Aᵀ M A for the tiles in `count` rows of tiles, where M are the products; without c, y ←
/// y + Aᵀ M A if `adds`.
static void NAME(winograd_output)(
    const struct nnexp_winograd *w, long units, const REAL *products, long step, const REAL *c, int adds,
    REAL *y, long first, long count, REAL *room) {
  const long tiles = (w->position_columns + 3) / 4, pitch = 4 * tiles, width = FILLED(units);
  const long plane = w->position_rows * w->position_columns;
  NAME(loose) *rows = (NAME(loose) *)room;
  for (long o = 0; o < units; o += LANES) {
    const long planes = units - o < LANES ? units - o : LANES;
    const V offset = c ? NAME(load_upto)(c + o, planes) : (V)0;
    for (long r = first; r < first + count; r++) {
      const REAL *from = products + (r - first) * tiles * width + o;
      for (long t = 0; t < tiles; t++, from += width) {
        V between[4][6];
        NAME(loose) *out = rows + 4 * t;
        UNROLLED for (int j = 0; j < 6; j++) {
          V e[6];
          UNROLLED for (int i = 0; i < 6; i++) e[i] = NAME(load)(from + (6 * i + j) * step);
          OUTPUT_TRANSFORM(e, TO_COLUMN)
        }
        UNROLLED for (int i = 0; i < 4; i++) OUTPUT_TRANSFORM(between[i], TO_OUTPUT)
      }
      const long left = w->position_rows - 4 * r, height = left < 4 ? left : 4;
      REAL *to = y + o * plane + 4 * r * w->position_columns;
      if (adds)
        NAME(scatter_planes)(rows, pitch, height, w->position_columns, to, plane, planes, 1);
      else
        NAME(scatter_planes)(rows, pitch, height, w->position_columns, to, plane, planes, 0);
    }
  }
}

/// The taps of part (a, b) of a filter within the window, from (row, column) on, and the distance from
/// one row to the next in memory. With `flips`, the first tap is the last in memory.
struct NAME(part_of_filter) {
  long rows, columns, offset, row_step, column_step;
};

INLINE struct NAME(part_of_filter) NAME(part_of_filter)(
    const struct nnexp_filters *f, long a, long b) {
  const long rows = f->rows - 3 * a, columns = f->columns - 3 * b;
  const long offset = 3 * a * f->columns + 3 * b, last = f->rows * f->columns - 1;
  return (struct NAME(part_of_filter)){
      rows < 3 ? rows : 3, columns < 3 ? columns : 3, f->flips ? last - offset : offset,
      f->flips ? -f->columns : f->columns, f->flips ? -1 : 1};
}

/// Vectors of the nine taps of `rows` filters, which are `unit_step` numbers apart.
INLINE void NAME(gather_taps)(const REAL *from, long unit_step, long rows, V *g) {
  UNROLLED for (int first = 0; first < 9; first += LANES) {
    V v[LANES];
    UNROLLED for (int h = 0; h < LANES; h++)
      v[h] = h < rows ? NAME(load_upto)(from + h * unit_step + first, 9 - first) : (V)0;
    NAME(transpose)(v);
    UNROLLED for (int h = 0; h < LANES; h++)
      if (first + h < 9) g[first + h] = v[h];
  }
}

/// U of all filters.
static void NAME(winograd_filters)(
    const struct nnexp_filters *f, const REAL *a, REAL *filters, long step) {
  const long width = FILLED(f->units), column_parts = (f->columns + 2) / 3;
  const long parts = (f->rows + 2) / 3 * column_parts;
  REAL taps[9 * LANES] = {0};
  for (long part = 0; part < parts; part++) {
    const struct NAME(part_of_filter) p =
        NAME(part_of_filter)(f, part / column_parts, part % column_parts);
    UNROLLED for (int n = 0; n < 9 * LANES; n++) taps[n] = 0;
    for (long o = 0; o < width; o += LANES) {
      const long rows = f->units - o < LANES ? f->units - o : LANES;
      for (long k = 0; k < f->channels; k++) {
        const REAL *from = a + o * f->unit_step + k * f->channel_step;
        V g[9];
        if (parts == 1) {
          NAME(gather_taps)(from, f->unit_step, rows, g);
          if (f->flips) UNROLLED for (int t = 0; t < 4; t++) {
            V other = g[t];
            g[t] = g[8 - t], g[8 - t] = other;
          }
        } else {
          from += p.offset;
          for (long h = 0; h < rows; h++)
            for (long i = 0; i < p.rows; i++)
              for (long j = 0; j < p.columns; j++)
                taps[9 * h + 3 * i + j] = from[h * f->unit_step + i * p.row_step + j * p.column_step];
          NAME(gather_taps)(taps, 9, rows, g);
        }
        V between[6][3];
        UNROLLED for (int j = 0; j < 3; j++) {
          const V e[3] = {g[j], g[3 + j], g[6 + j]};
          FILTER_TRANSFORM(e, TO_COLUMN)
        }
        REAL *to = filters
            + NAME(panel_position)(parts * f->channels, width, part * f->channels + k, o);
        UNROLLED for (int i = 0; i < 6; i++) FILTER_TRANSFORM(between[i], TO_ENTRY)
      }
    }
  }
}

/// g ← g + Gᵀ S G for all filters; the matrices S are like those of U.
static void NAME(winograd_filter_gradient)(
    const struct nnexp_filters *f, const REAL *sums, long step, REAL *g) {
  const long width = FILLED(f->units), column_parts = (f->columns + 2) / 3;
  const long parts = (f->rows + 2) / 3 * column_parts;
  for (long part = 0; part < parts; part++) {
    const struct NAME(part_of_filter) p =
        NAME(part_of_filter)(f, part / column_parts, part % column_parts);
    for (long o = 0; o < f->units; o += LANES) {
      const long rows = f->units - o < LANES ? f->units - o : LANES;
      for (long k = 0; k < f->channels; k++) {
        const REAL *from = sums
            + NAME(panel_position)(parts * f->channels, width, part * f->channels + k, o);
        REAL *into = g + o * f->unit_step + k * f->channel_step + p.offset;
        V between[3][6], taps[9 + LANES];
        UNROLLED for (int j = 0; j < 6; j++) {
          V e[6];
          UNROLLED for (int i = 0; i < 6; i++) e[i] = NAME(load)(from + (6 * i + j) * step);
          FILTER_GRADIENT_TRANSFORM(e, TO_COLUMN)
        }
        UNROLLED for (int i = 0; i < 3; i++) FILTER_GRADIENT_TRANSFORM(between[i], TO_TAP)
        if (parts > 1) {
          for (long i = 0; i < p.rows; i++)
            for (long j = 0; j < p.columns; j++)
              for (long h = 0; h < rows; h++)
                into[h * f->unit_step + i * p.row_step + j * p.column_step] += taps[3 * i + j][h];
          continue;
        }
        UNROLLED for (int first = 0; first < 9; first += LANES) {
          const int count = 9 - first < LANES ? 9 - first : LANES;
          V v[LANES];
          UNROLLED for (int h = 0; h < LANES; h++) v[h] = first + h < 9 ? taps[first + h] : (V)0;
          NAME(transpose)(v);
          REAL *to = into + first;
          UNROLLED for (int h = 0; h < LANES; h++, to += f->unit_step) {
            if (h >= rows) continue;
            NAME(store_first)(to, NAME(load_first)(to, count) + v[h], count);
          }
        }
      }
    }
  }
}

// MARK: C ← A·B

/// The matrices of a product: A[m, k] is at a + m·a_row + k·a_column; the rows of B and C are b_row
/// and c_row numbers apart.
struct NAME(product) {
  long depth, a_row, a_column, b_row, c_row;
};

INLINE void NAME(product_tile)(
    const struct NAME(product) *p, const REAL *a, const REAL *b, REAL *c, const int height, const int width,
    const int adds) {
  V sum[TILE_ROWS][2];
  UNROLLED for (int h = 0; h < height; h++)
    UNROLLED for (int v = 0; v < width; v++)
      sum[h][v] = adds ? NAME(load)(c + h * p->c_row + v * LANES) : (V)0;
  for (long k = 0; k < p->depth; k++, a += p->a_column, b += p->b_row) {
    V x[2];
    UNROLLED for (int v = 0; v < width; v++) x[v] = NAME(load)(b + v * LANES);
    UNROLLED for (int h = 0; h < height; h++) {
      const V factor = a[h * p->a_row];
      UNROLLED for (int v = 0; v < width; v++) sum[h][v] = NAME(add_product)(factor, x[v], sum[h][v]);
    }
  }
  UNROLLED for (int h = 0; h < height; h++)
    UNROLLED for (int v = 0; v < width; v++) NAME(store)(c + h * p->c_row + v * LANES, sum[h][v]);
}
#define PRODUCT(height)                                                            \
  APART void NAME(product_##height)(                                               \
      const struct NAME(product) *p, const REAL *a, const REAL *b, REAL *c, int width, int adds) { \
    if (width == 2)                                                                \
      if (adds)                                                                    \
        NAME(product_tile)(p, a, b, c, height, 2, 1);                              \
      else                                                                         \
        NAME(product_tile)(p, a, b, c, height, 2, 0);                              \
    else                                                                           \
      NAME(product_tile)(p, a, b, c, height, 1, adds);                             \
  }
EACH_HEIGHT(PRODUCT)

/// C ← A·B, or C + A·B if `adds`, for A of `rows` rows; B is stored in panels if `b_rows` is not 0, and
/// C if `c_rows` is not 0, which are the numbers of their rows.
INLINE void NAME(multiply)(
    long depth, long a_row, long a_column, long rows, long columns, const REAL *a, const REAL *b,
    long b_rows, REAL *c, long c_rows, int adds) {
  for (long n = 0; n < columns;) {
    const long panel = PANEL_WIDTH(columns, n / 32 * 32);
    const struct NAME(product) p = {
        depth, a_row, a_column, b_rows ? panel : columns, c_rows ? panel : columns};
    const REAL *from = b + (b_rows ? NAME(panel_position)(b_rows, columns, 0, n) : n);
    REAL *to = c + (c_rows ? NAME(panel_position)(c_rows, columns, 0, n) : n);
    const int width = n % 32 + 2 * LANES <= panel ? 2 : 1;
    for (long m = 0; m < rows;) {
      const long height = NAME(block)(rows - m);
      FOR_HEIGHT(height, product, &p, a + m * a_row, from, to + m * p.c_row, width, adds)
      m += height;
    }
    n += width * LANES;
  }
}

/// The products V·U of `tiles` tiles.
static void NAME(winograd_products)(
    long tiles, long channels, long units, const REAL *values, long value_step, const REAL *filters,
    long filter_step, REAL *products, long product_step) {
  for (long k = 0; k < 36; k++)
    NAME(multiply)(
        channels, FILLED(channels), 1, tiles, FILLED(units), values + k * value_step,
        filters + k * filter_step, channels, products + k * product_step, 0, 0);
}

/// S ← S + Vᵀ·(A ∂y Aᵀ) over `tiles` tiles.
static void NAME(winograd_sums)(
    long tiles, long channels, long units, const REAL *values, long value_step, const REAL *slopes,
    long slope_step, REAL *sums, long sum_step) {
  for (long k = 0; k < 36; k++)
    NAME(multiply)(
        tiles, 1, FILLED(channels), channels, FILLED(units), values + k * value_step,
        slopes + k * slope_step, 0, sums + k * sum_step, channels, 1);
}
#undef P
#undef Q
#undef N_0
#undef N_P
#undef N_Q
