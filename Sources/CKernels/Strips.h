// A formula on a strip of groups: one operation after the other, each on the whole strip, so that
// choosing the operation takes a few instructions per strip.
//
// A group has `entries` numbers (one, unless the formula combines the entries of a window). A
// register holds a number per group, or `entries` rows of them, a row `width` numbers after the
// one before. The rows of external memory have no gap between them.
//
// A chain is a sequence of steps whose first operand is the result of the step before. A few
// vectors at a time pass through all steps of a chain, so that only its end is stored.

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

/// y ← the rows of a, combined one after the other: four vectors at a time, which stay in registers.
#define STRIP_REDUCE(expression)                                                   \
  {                                                                                \
    const REAL *x = a;                                                             \
    long i = 0;                                                                    \
    for (; i + 4 * LANES <= columns; i += 4 * LANES) {                             \
      V v[4];                                                                      \
      _Pragma("clang loop unroll(full)")                                           \
      for (int j = 0; j < 4; j++) v[j] = NAME(load)(x + i + j * LANES);            \
      for (long row = 1; row < entries; row++) {                                   \
        _Pragma("clang loop unroll(full)")                                         \
        for (int j = 0; j < 4; j++) {                                              \
          const V a = v[j], b = NAME(load)(x + row * a_step + i + j * LANES);      \
          v[j] = expression;                                                       \
        }                                                                          \
      }                                                                            \
      _Pragma("clang loop unroll(full)")                                           \
      for (int j = 0; j < 4; j++) NAME(store)(y + i + j * LANES, v[j]);            \
    }                                                                              \
    for (; i < columns; i += LANES) {                                              \
      V sum = NAME(load_columns)(x, i, columns);                                   \
      for (long row = 1; row < entries; row++) {                                   \
        const V a = sum, b = NAME(load_columns)(x + row * a_step, i, columns);     \
        sum = expression;                                                          \
      }                                                                            \
      NAME(store_columns)(y, sum, i, columns);                                     \
    }                                                                              \
  }

/// y ← the columns of a, combined, in every column. The numbers of interleaved sequences are combined
/// one after the other, then the sequences in pairs, so that the order is the same with any vectors.
#define STRIP_COLUMNS(neutral, expression)                                         \
  {                                                                                \
    S sums = NAME(load_lanes)(a, columns < SUMS ? columns : SUMS, neutral);        \
    for (long i = SUMS; i < columns; i += SUMS) {                                  \
      const long rest = columns - i;                                               \
      const S x = sums, z = NAME(load_lanes)(a + i, rest < SUMS ? rest : SUMS, neutral);\
      sums = expression;                                                           \
    }                                                                              \
    REAL lanes[SUMS];                                                              \
    __builtin_memcpy(lanes, &sums, sizeof sums);                                   \
    for (long half = SUMS / 2; half > 0; half /= 2) {                              \
      for (long i = 0; i < half; i++) {                                            \
        const REAL x = lanes[i], z = lanes[i + half];                              \
        lanes[i] = expression;                                                     \
      }                                                                            \
    }                                                                              \
    for (long i = 0; i < columns; i++) y[i] = lanes[0];                            \
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
/// The largest integer that is not above x; without an instruction that only some processors have.
INLINE V NAME(floor)(V x) {
  const V size = NAME(magnitude)(x), integers = (V)((REAL)((UINT)1 << MANTISSA_BITS));
  V nearest = (size + integers) - integers;
  nearest = x < 0 ? -nearest : nearest;
  V y = nearest > x ? nearest - 1 : nearest;
  // Larger numbers are integers; and −0 stays as it is.
  return size < integers && y != x ? y : x;
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

#define STRIP_ADDRESS(operand)                                                     \
  ((operand).external >= 0 ? external[(operand).external]                          \
                           : registers + ((operand).groups + (operand).entries * entries) * width)
#define STRIP_MOVE(operand) ((operand).has_rows == 2 ? 0 : LANES)

/// The vectors that pass through a chain together.
#define CHAIN_VECTORS 8
/// The operands of a step after the first operand, and the distance between their vectors.
struct NAME(chain_link) {
  long operation;
  const REAL *b, *c;
  long b_move, c_move;
};

#define CHAIN_EACH(loads, expression)                                              \
  _Pragma("clang loop unroll(full)")                                               \
  for (int j = 0; j < vectors; j++) {                                              \
    V a = v[j];                                                                    \
    loads                                                                          \
    v[j] = expression;                                                             \
  }
#define CHAIN_LINK(x, j) V x = CHAIN_LOAD(link->x, link->x##_move, j);             \
  (void)x;
/// Constants are loaded once.
#define CHAIN_CASE(name, expression)                                               \
  case nnexp_strip_##name:                                                         \
    if (!link->b_move && !link->c_move) {                                          \
      CHAIN_LINK(b, 0) CHAIN_LINK(c, 0)                                            \
      CHAIN_EACH(, expression)                                                     \
    } else {                                                                       \
      CHAIN_EACH(CHAIN_LINK(b, j) CHAIN_LINK(c, j), expression)                    \
    }                                                                              \
    break;
/// v[j] ← the last result of a chain that begins with v[j]; `i` is the column of v[0].
#define CHAIN_BODY                                                                 \
  for (const struct NAME(chain_link) *link = links; link < links + count; link++)  \
    switch ((enum nnexp_strip_operation)link->operation) {                         \
      CHAIN_CASE(negate, -a)                                                       \
      CHAIN_CASE(abs, NAME(magnitude)(a))                                          \
      CHAIN_CASE(sign, NAME(sign)(a))                                              \
      CHAIN_CASE(floor, NAME(floor)(a))                                            \
      CHAIN_CASE(square, a *a)                                                     \
      CHAIN_CASE(sqrt, __builtin_elementwise_sqrt(a))                              \
      CHAIN_CASE(add, a + b)                                                       \
      CHAIN_CASE(subtract, a - b)                                                  \
      CHAIN_CASE(multiply, a *b)                                                   \
      CHAIN_CASE(divide, a / b)                                                    \
      CHAIN_CASE(min, NAME(smaller_of)(a, b))                                      \
      CHAIN_CASE(max, NAME(larger_of)(a, b))                                       \
      CHAIN_CASE(less, NAME(truth)(a < b))                                         \
      CHAIN_CASE(less_or_equal, NAME(truth)(a <= b))                               \
      CHAIN_CASE(equal, NAME(truth)(a == b))                                       \
      CHAIN_CASE(select, (a != 0 ? b : c))                                         \
      CHAIN_CASE(multiply_add, a *b + c)                                           \
      CHAIN_CASE(multiply_subtract, a *b - c)                                      \
      CHAIN_CASE(subtract_product, c - a * b)                                      \
      CHAIN_CASE(multiply_multiply, a *b *c)                                       \
      CHAIN_CASE(add_multiply, (a + b) * c)                                        \
      CHAIN_CASE(subtract_multiply, (a - b) * c)                                   \
      CHAIN_CASE(add_add, a + b + c)                                               \
      CHAIN_CASE(subtract_add, a - b + c)                                          \
      CHAIN_CASE(select_add, (a != 0 ? b : (V)0) + c)                              \
      CHAIN_CASE(logistic_slope, a *(1 - a))                                       \
      CHAIN_CASE(tanh_slope, (1 - a) * (1 + a))                                    \
      CHAIN_CASE(share, (a == b ? (V)1 : a / b))                                   \
      CHAIN_CASE(multiply_logistic_slope, a *(1 - a) * b)                          \
      CHAIN_CASE(multiply_tanh_slope, (1 - a) * (1 + a) * b)                       \
      CHAIN_CASE(add_logistic_slope, a *(1 - a) * b + c)                           \
      CHAIN_CASE(add_tanh_slope, (1 - a) * (1 + a) * b + c)                        \
      default: break;                                                              \
    }

/// Runs a chain of at most `nnexp_chain_limit` steps, each of which has one row.
static void NAME(run_chain)(
    const struct nnexp_strip_step *steps, long count, REAL *registers, REAL *const *external,
    long entries, long width, long columns) {
  struct NAME(chain_link) links[nnexp_chain_limit];
  for (long k = 0; k < count; k++) {
    struct NAME(chain_link) link = {
        steps[k].operation, STRIP_ADDRESS(steps[k].b), STRIP_ADDRESS(steps[k].c),
        STRIP_MOVE(steps[k].b), STRIP_MOVE(steps[k].c)};
    links[k] = link;
  }
  const REAL *x = STRIP_ADDRESS(steps[0].a);
  const long x_move = STRIP_MOVE(steps[0].a);
  REAL *y = STRIP_ADDRESS(steps[count - 1].y);
  long i = 0;
#define CHAIN_LOAD(p, move, j) NAME(load)(move ? p + i + j * LANES : p)
  for (; i + CHAIN_VECTORS * LANES <= columns; i += CHAIN_VECTORS * LANES) {
    enum { vectors = CHAIN_VECTORS };
    V v[vectors];
    for (int j = 0; j < vectors; j++) v[j] = CHAIN_LOAD(x, x_move, j);
    CHAIN_BODY
    for (int j = 0; j < vectors; j++) NAME(store)(y + i + j * LANES, v[j]);
  }
#undef CHAIN_LOAD
#define CHAIN_LOAD(p, move, j) NAME(load_columns)(move ? p + i : p, 0, columns - i)
  for (; i < columns; i += LANES) {
    enum { vectors = 1 };
    V v[vectors] = {CHAIN_LOAD(x, x_move, 0)};
    CHAIN_BODY
    NAME(store_columns)(y, v[0], i, columns);
  }
#undef CHAIN_LOAD
}

static void NAME(run_strip)(
    const struct nnexp_strip_step *steps, long count, REAL *registers, REAL *const *external,
    long entries, long width, long columns) {
#define STRIP_STEP(operand)                                                        \
  ((operand).has_rows != 1 ? 0 : (operand).external >= 0 ? columns : width)
  for (const struct nnexp_strip_step *step = steps; step < steps + count; step++) {
    long chain = 1;
    while (step + chain < steps + count && step[chain].continues) chain++;
    if (chain > 1) {
      NAME(run_chain)(step, chain, registers, external, entries, width, columns);
      step += chain - 1;
      continue;
    }
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
    switch ((enum nnexp_strip_operation)step->operation) {
    case nnexp_strip_copy: STRIP_ROWS(STRIP_LOOP(a)) break;
    case nnexp_strip_negate: STRIP_ROWS(STRIP_LOOP(-a)) break;
    case nnexp_strip_abs: STRIP_ROWS(STRIP_LOOP(NAME(magnitude)(a))) break;
    case nnexp_strip_sign: STRIP_ROWS(STRIP_LOOP(NAME(sign)(a))) break;
    case nnexp_strip_floor: STRIP_ROWS(STRIP_LOOP(NAME(floor)(a))) break;
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
    case nnexp_strip_multiply_logistic_slope: STRIP_ROWS(STRIP_LOOP(a * (1 - a) * b)) break;
    case nnexp_strip_multiply_tanh_slope: STRIP_ROWS(STRIP_LOOP((1 - a) * (1 + a) * b)) break;
    case nnexp_strip_add_logistic_slope: STRIP_ROWS(STRIP_LOOP(a * (1 - a) * b + c)) break;
    case nnexp_strip_add_tanh_slope: STRIP_ROWS(STRIP_LOOP((1 - a) * (1 + a) * b + c)) break;
    case nnexp_strip_share: STRIP_ROWS(STRIP_LOOP(a == b ? (V)1 : a / b)) break;
    case nnexp_strip_select_add: STRIP_ROWS(STRIP_LOOP((a != 0 ? b : (V)0) + c)) break;
    case nnexp_strip_logistic_slope: STRIP_ROWS(STRIP_LOOP(a * (1 - a))) break;
    case nnexp_strip_tanh_slope: STRIP_ROWS(STRIP_LOOP((1 - a) * (1 + a))) break;
    case nnexp_strip_sum: STRIP_REDUCE(a + b) break;
    case nnexp_strip_product: STRIP_REDUCE(a * b) break;
    case nnexp_strip_largest: STRIP_REDUCE(NAME(larger_of)(a, b)) break;
    case nnexp_strip_smallest: STRIP_REDUCE(NAME(smaller_of)(a, b)) break;
    case nnexp_strip_column_sum: STRIP_COLUMNS(0, x + z) break;
    case nnexp_strip_column_product: STRIP_COLUMNS(1, x * z) break;
    case nnexp_strip_column_largest:
      STRIP_COLUMNS(-(REAL)__builtin_inf(), x != x ? x : x > z ? x : z)
      break;
    case nnexp_strip_column_smallest:
      STRIP_COLUMNS((REAL)__builtin_inf(), x != x ? x : x < z ? x : z)
      break;
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
#undef S
#undef SUMS
