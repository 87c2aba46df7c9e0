// A formula on a strip of groups: one operation after the other, each on the whole strip, so that
// choosing the operation takes a few instructions per strip.
//
// A group has `entries` numbers (one, unless the formula combines the entries of a window). A
// register holds a number per group, or `entries` rows of them, a row `width` numbers after the
// one before. The rows of external memory have no gap between them.

static void NAME(power_rows)(const REAL *x, const REAL *p, REAL *y, long count);
static void NAME(map_sin)(const REAL *x, REAL *y, long count);
static void NAME(map_cos)(const REAL *x, REAL *y, long count);

/// y ← `expression` of the vectors a, b and c, which `loads` declares.
#define STRIP_VECTORS(loads, expression)                                           \
  _Pragma("clang loop unroll_count(4)")                                            \
  for (; i + LANES <= columns; i += LANES, pa += a_move, pb += b_move, pc += c_move) { \
    loads                                                                          \
    (void)b, (void)c;                                                              \
    NAME(store)(py + i, expression);                                               \
  }
#define STRIP_LOAD(x) V x = NAME(load)(p##x);

/// y ← `expression` for the columns that do not fill a vector.
#define STRIP_REST(expression)                                                     \
  if (i < columns) {                                                               \
    long rest = columns - i;                                                       \
    V a = NAME(load_first)(pa, rest), b = NAME(load_first)(pb, rest);              \
    V c = NAME(load_first)(pc, rest);                                              \
    (void)b, (void)c;                                                              \
    NAME(store_first)(py + i, expression, rest);                                   \
  }

/// y ← `expression` of vectors a, b and c. A constant stays at its first vector.
#define STRIP_LOOP(expression)                                                     \
  {                                                                                \
    long i = 0;                                                                    \
    STRIP_VECTORS(STRIP_LOAD(a) STRIP_LOAD(b) STRIP_LOAD(c), expression)           \
    STRIP_REST(expression)                                                         \
  }

/// The same for operations that often have constants as b and c: these are loaded once.
#define STRIP_ARITHMETIC(expression)                                               \
  STRIP_ROWS({                                                                     \
    long i = 0;                                                                    \
    if (!b_move && !c_move) {                                                      \
      STRIP_LOAD(b) STRIP_LOAD(c)                                                  \
      STRIP_VECTORS(STRIP_LOAD(a), expression)                                     \
    } else if (!b_move) {                                                          \
      STRIP_LOAD(b)                                                                \
      STRIP_VECTORS(STRIP_LOAD(a) STRIP_LOAD(c), expression)                       \
    } else {                                                                       \
      STRIP_VECTORS(STRIP_LOAD(a) STRIP_LOAD(b) STRIP_LOAD(c), expression)         \
    }                                                                              \
    STRIP_REST(expression)                                                         \
  })

/// The rows of an operation.
#define STRIP_ROWS(statement)                                                      \
  {                                                                                \
    const long columns = length;                                                   \
    for (long row = 0; row < rows; row++) {                                        \
      const REAL *pa = a + row * a_step, *pb = b + row * b_step, *pc = c + row * c_step; \
      REAL *py = y + row * y_step;                                                 \
      (void)pb, (void)pc;                                                          \
      statement                                                                    \
    }                                                                              \
  }

/// y ← the rows of a, combined one after the other.
#define STRIP_REDUCE(expression)                                                   \
  {                                                                                \
    REAL *py = y;                                                                  \
    const REAL *pa = a, *pb = a, *pc = a;                                          \
    const long a_move = LANES, b_move = LANES, c_move = LANES;                     \
    STRIP_LOOP(a)                                                                  \
    for (long row = 1; row < entries; row++) {                                     \
      pa = y;                                                                      \
      pb = pc = first + row * a_step;                                              \
      STRIP_LOOP(expression)                                                       \
    }                                                                              \
  }

/// 1 where the condition is true, otherwise 0.
INLINE V NAME(truth)(I condition) { return condition ? (V)1 : (V)0; }
/// The larger and the smaller number; NaN if one of them is NaN.
INLINE V NAME(larger_of)(V a, V b) {
  V y = a > b ? a : b;
  return a == a ? y : a;
}
INLINE V NAME(smaller_of)(V a, V b) {
  V y = a < b ? a : b;
  return a == a ? y : a;
}
/// The sign of x, or x if it is 0 or NaN.
INLINE V NAME(sign)(V x) { return x > 0 ? (V)1 : x < 0 ? (V)-1 : x; }

/// The vector at column i, or what is left of it.
INLINE V NAME(load_columns)(const REAL *x, long i, long columns) {
  return i + LANES <= columns ? NAME(load)(x + i) : NAME(load_first)(x + i, columns - i);
}
INLINE void NAME(store_columns)(REAL *y, V x, long i, long columns) {
  if (i + LANES <= columns)
    NAME(store)(y + i, x);
  else
    NAME(store_first)(y + i, x, columns - i);
}

/// y[row] ← the product of the other rows of a.
static void NAME(products_of_others)(
    const REAL *a, long a_step, REAL *y, long y_step, long entries, long columns) {
  for (long i = 0; i < columns; i += LANES) {
    V product = (V)1;
    for (long row = 0; row < entries; row++) {
      NAME(store_columns)(y + row * y_step, product, i, columns);
      product *= NAME(load_columns)(a + row * a_step, i, columns);
    }
    product = (V)1;
    for (long row = entries - 1; row >= 0; row--) {
      V before = NAME(load_columns)(y + row * y_step, i, columns);
      NAME(store_columns)(y + row * y_step, before * product, i, columns);
      product *= NAME(load_columns)(a + row * a_step, i, columns);
    }
  }
}

/// y[row] ← 1 at the first row of a that is equal to b, or NaN; otherwise 0.
static void NAME(mark_first)(
    const REAL *a, long a_step, const REAL *b, REAL *y, long y_step, long entries, long columns) {
  for (long i = 0; i < columns; i += LANES) {
    V value = NAME(load_columns)(b, i, columns), found = (V)0;
    for (long row = 0; row < entries; row++) {
      V x = NAME(load_columns)(a + row * a_step, i, columns);
      V here = NAME(truth)((x == value) | (x != x));
      here = found != 0 ? (V)0 : here;
      NAME(store_columns)(y + row * y_step, here, i, columns);
      found += here;
    }
  }
}

static void NAME(run_strip)(
    const struct nnexp_strip_step *steps, long count, REAL *registers, REAL *const *external,
    long entries, long width, long columns) {
#define STRIP_ADDRESS(operand)                                                     \
  ((operand).external >= 0 ? external[(operand).external]                          \
                           : registers + ((operand).groups + (operand).entries * entries) * width)
#define STRIP_STEP(operand)                                                        \
  ((operand).has_rows != 1 ? 0 : (operand).external >= 0 ? columns : width)
#define STRIP_MOVE(operand) ((operand).has_rows == 2 ? 0 : LANES)
  for (const struct nnexp_strip_step *step = steps; step < steps + count; step++) {
    const REAL *a = STRIP_ADDRESS(step->a), *b = STRIP_ADDRESS(step->b);
    const REAL *c = STRIP_ADDRESS(step->c);
    REAL *y = STRIP_ADDRESS(step->y);
    long a_step = STRIP_STEP(step->a), b_step = STRIP_STEP(step->b);
    long c_step = STRIP_STEP(step->c), y_step = STRIP_STEP(step->y);
    // The kernel of powers reads whole rows.
    const int has_vectors = step->operation != nnexp_strip_power;
    const long a_move = has_vectors ? STRIP_MOVE(step->a) : LANES;
    const long b_move = has_vectors ? STRIP_MOVE(step->b) : LANES;
    const long c_move = has_vectors ? STRIP_MOVE(step->c) : LANES;
    long rows = step->y.has_rows == 1 ? entries : 1, length = columns;
    // Rows without gaps are one.
    if (rows > 1 && y_step == columns && (a_step == columns || !a_move) &&
        (b_step == columns || !b_move) && (c_step == columns || !c_move)) {
      length = rows * columns;
      rows = 1;
    }
    const REAL *first = a;
    switch ((enum nnexp_strip_operation)step->operation) {
    case nnexp_strip_copy: STRIP_ROWS(STRIP_LOOP(a)) break;
    case nnexp_strip_negate: STRIP_ROWS(STRIP_LOOP(-a)) break;
    case nnexp_strip_abs: STRIP_ROWS(STRIP_LOOP(NAME(magnitude)(a))) break;
    case nnexp_strip_sign: STRIP_ROWS(STRIP_LOOP(NAME(sign)(a))) break;
    case nnexp_strip_square: STRIP_ROWS(STRIP_LOOP(a * a)) break;
    case nnexp_strip_sqrt: STRIP_ROWS(STRIP_LOOP(__builtin_elementwise_sqrt(a))) break;
    case nnexp_strip_exp: STRIP_ROWS(NAME(map_exp)(pa, py, columns);) break;
    case nnexp_strip_expm1: STRIP_ROWS(NAME(map_expm1)(pa, py, columns);) break;
    case nnexp_strip_log: STRIP_ROWS(NAME(map_log)(pa, py, columns);) break;
    case nnexp_strip_log1p: STRIP_ROWS(NAME(map_log1p)(pa, py, columns);) break;
    case nnexp_strip_tanh: STRIP_ROWS(NAME(map_tanh)(pa, py, columns);) break;
    case nnexp_strip_logistic: STRIP_ROWS(NAME(map_logistic)(pa, py, columns);) break;
    case nnexp_strip_gaussian: STRIP_ROWS(NAME(map_gaussian)(pa, py, columns);) break;
    case nnexp_strip_erf: STRIP_ROWS(NAME(map_erf)(pa, py, columns);) break;
    case nnexp_strip_erfc: STRIP_ROWS(NAME(map_erfc)(pa, py, columns);) break;
    case nnexp_strip_sin: STRIP_ROWS(NAME(map_sin)(pa, py, columns);) break;
    case nnexp_strip_cos: STRIP_ROWS(NAME(map_cos)(pa, py, columns);) break;
    case nnexp_strip_add: STRIP_ARITHMETIC(a + b) break;
    case nnexp_strip_subtract: STRIP_ARITHMETIC(a - b) break;
    case nnexp_strip_multiply: STRIP_ARITHMETIC(a * b) break;
    case nnexp_strip_divide: STRIP_ARITHMETIC(a / b) break;
    case nnexp_strip_power: STRIP_ROWS(NAME(power_rows)(pa, pb, py, columns);) break;
    case nnexp_strip_min: STRIP_ARITHMETIC(NAME(smaller_of)(a, b)) break;
    case nnexp_strip_max: STRIP_ARITHMETIC(NAME(larger_of)(a, b)) break;
    case nnexp_strip_less: STRIP_ROWS(STRIP_LOOP(NAME(truth)(a < b))) break;
    case nnexp_strip_less_or_equal: STRIP_ROWS(STRIP_LOOP(NAME(truth)(a <= b))) break;
    case nnexp_strip_equal: STRIP_ROWS(STRIP_LOOP(NAME(truth)(a == b))) break;
    case nnexp_strip_select: STRIP_ROWS(STRIP_LOOP((a != 0 ? b : c))) break;
    case nnexp_strip_multiply_add: STRIP_ARITHMETIC(a * b + c) break;
    case nnexp_strip_multiply_subtract: STRIP_ARITHMETIC(a * b - c) break;
    case nnexp_strip_subtract_product: STRIP_ARITHMETIC(c - a * b) break;
    case nnexp_strip_multiply_multiply: STRIP_ARITHMETIC(a * b * c) break;
    case nnexp_strip_add_multiply: STRIP_ARITHMETIC((a + b) * c) break;
    case nnexp_strip_subtract_multiply: STRIP_ARITHMETIC((a - b) * c) break;
    case nnexp_strip_add_add: STRIP_ARITHMETIC(a + b + c) break;
    case nnexp_strip_subtract_add: STRIP_ARITHMETIC(a - b + c) break;
    case nnexp_strip_share: STRIP_ROWS(STRIP_LOOP(a == b ? (V)1 : a / b)) break;
    case nnexp_strip_select_add: STRIP_ROWS(STRIP_LOOP((a != 0 ? b : (V)0) + c)) break;
    case nnexp_strip_logistic_slope: STRIP_ROWS(STRIP_LOOP(a * (1 - a))) break;
    case nnexp_strip_tanh_slope: STRIP_ROWS(STRIP_LOOP((1 - a) * (1 + a))) break;
    case nnexp_strip_sum: STRIP_REDUCE(a + b) break;
    case nnexp_strip_product: STRIP_REDUCE(a * b) break;
    case nnexp_strip_largest: STRIP_REDUCE(NAME(larger_of)(a, b)) break;
    case nnexp_strip_smallest: STRIP_REDUCE(NAME(smaller_of)(a, b)) break;
    case nnexp_strip_product_of_others:
      NAME(products_of_others)(a, a_step, y, y_step, entries, columns);
      break;
    case nnexp_strip_first:
      NAME(mark_first)(a, a_step, b, y, y_step, entries, columns);
      break;
    }
  }
#undef STRIP_ADDRESS
#undef STRIP_STEP
#undef STRIP_MOVE
}
