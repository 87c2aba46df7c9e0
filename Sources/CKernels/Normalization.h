// Normalization: means, variances and their gradients for some channels of a batch
// [samples, channels, positions], whose samples are `step` numbers apart. A layer that normalizes each
// sample passes its samples as channels. Each channel is computed for itself: which others are computed
// with it does not change its bits.
//
// A channel is reduced at a time, so that its numbers are still in the cache when they are
// normalized. A sum has as many partial sums on every instruction set, which are added in the same
// order.

#define SUMS (128 / (long)sizeof(REAL))
typedef REAL NAME(sums) __attribute__((ext_vector_type(SUMS)));
#define S NAME(sums)

INLINE S NAME(load_sums)(const REAL *restrict x) {
  S v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

/// The first `count` lanes; the others are `fill`.
INLINE S NAME(load_last)(const REAL *restrict x, long count, REAL fill) {
  REAL room[SUMS];
  for (long i = 0; i < SUMS; i++) room[i] = i < count ? x[i] : fill;
  return NAME(load_sums)(room);
}

/// The sum of the lanes, of halves each time.
INLINE REAL NAME(total)(S sums) {
  REAL room[SUMS];
  __builtin_memcpy(room, &sums, sizeof sums);
  for (long half = SUMS / 2; half > 0; half /= 2)
    for (long i = 0; i < half; i++) room[i] += room[i + half];
  return room[0];
}

struct NAME(moments) {
  REAL mean, variance;
};

/// The mean, then the mean squared distance from it, of the `samples` rows of `positions` numbers
/// that are `step` apart.
INLINE struct NAME(moments) NAME(moments_of)(
    const REAL *restrict x, long samples, long step, long positions) {
  const REAL n = (REAL)(samples * positions);
  S sums = 0;
  for (long s = 0; s < samples; s++) {
    const REAL *row = x + s * step;
    long i = 0;
    for (; i + SUMS <= positions; i += SUMS) sums += NAME(load_sums)(row + i);
    if (i < positions) sums += NAME(load_last)(row + i, positions - i, 0);
  }
  struct NAME(moments) moments = {.mean = NAME(total)(sums) / n};
  const REAL mean = moments.mean;
  sums = 0;
  for (long s = 0; s < samples; s++) {
    const REAL *row = x + s * step;
    long i = 0;
    for (; i + SUMS <= positions; i += SUMS) {
      S d = NAME(load_sums)(row + i) - mean;
      sums += d * d;
    }
    if (i < positions) {
      S d = NAME(load_last)(row + i, positions - i, mean) - mean;
      sums += d * d;
    }
  }
  moments.variance = NAME(total)(sums) / n;
  return moments;
}

/// The means and variances of channels of one number per sample: vectors over the channels.
static void NAME(moments_of_features)(
    const REAL *restrict x, long samples, long channels, long step, REAL *restrict mean,
    REAL *restrict variance) {
  const REAL n = (REAL)samples;
  for (long c = 0; c < channels; c++) mean[c] = variance[c] = 0;
  for (long s = 0; s < samples; s++)
    for (long c = 0; c < channels; c++) mean[c] += x[s * step + c];
  for (long c = 0; c < channels; c++) mean[c] /= n;
  for (long s = 0; s < samples; s++)
    for (long c = 0; c < channels; c++) {
      REAL d = x[s * step + c] - mean[c];
      variance[c] += d * d;
    }
  for (long c = 0; c < channels; c++) variance[c] /= n;
}

static void NAME(norm_moments)(
    long samples, long channels, long positions, long step, const REAL *restrict x, REAL *restrict mean,
    REAL *restrict variance) {
  if (positions == 1 && samples > 1) {
    NAME(moments_of_features)(x, samples, channels, step, mean, variance);
    return;
  }
  for (long c = 0; c < channels; c++) {
    struct NAME(moments) moments =
        NAME(moments_of)(x + c * positions, samples, step, positions);
    mean[c] = moments.mean, variance[c] = moments.variance;
  }
}

/// x, or 0 if x ≤ 0; NaN stays NaN.
#define RECTIFIED(x) ((x) <= 0 ? 0 : (x))
/// The slope of that at x, which is computed as in `norm_apply`.
#define RECTIFIED_SLOPE(x, m, w, b) (((x) - (m)) * (w) + (b) > 0 ? (REAL)1 : (REAL)0)

/// y ← (x − mean)·scale + shift, or 0 in place of numbers below it if `rectifies`.
INLINE void NAME(norm_apply_as)(
    long samples, long channels, long positions, long step, const REAL *restrict x,
    const REAL *restrict mean, const REAL *restrict scale, const REAL *restrict shift, REAL *restrict y,
    const int rectifies) {
  if (positions == 1) {
    for (long s = 0; s < samples; s++, x += step, y += step)
      for (long c = 0; c < channels; c++) {
        const REAL value = (x[c] - mean[c]) * scale[c] + shift[c];
        y[c] = rectifies ? RECTIFIED(value) : value;
      }
    return;
  }
  for (long c = 0; c < channels; c++) {
    const REAL m = mean[c], w = scale[c], b = shift[c];
    for (long s = 0; s < samples; s++) {
      const long first = s * step + c * positions;
      for (long i = first; i < first + positions; i++) {
        const REAL value = (x[i] - m) * w + b;
        y[i] = rectifies ? RECTIFIED(value) : value;
      }
    }
  }
}
static void NAME(norm_apply)(
    long samples, long channels, long positions, long step, const REAL *restrict x,
    const REAL *restrict mean, const REAL *restrict scale, const REAL *restrict shift, REAL *restrict y,
    int rectifies) {
  if (rectifies)
    NAME(norm_apply_as)(samples, channels, positions, step, x, mean, scale, shift, y, 1);
  else
    NAME(norm_apply_as)(samples, channels, positions, step, x, mean, scale, shift, y, 0);
}

/// sum ← Σ∂y, product ← Σ∂y·x̂, x̂ = (x − mean)·inverse, for each channel. With a shift, ∂y is that of
/// the rectified (x − mean)·weight + shift, and 0 where this is 0.
INLINE void NAME(norm_sums_as)(
    long samples, long channels, long positions, long step, const REAL *restrict x,
    const REAL *restrict shift, const REAL *restrict dy, const REAL *restrict mean,
    const REAL *restrict inverse, const REAL *restrict weight, REAL *restrict sum,
    REAL *restrict product, const int rectifies) {
  if (positions == 1) {
    for (long c = 0; c < channels; c++) sum[c] = product[c] = 0;
    for (long s = 0; s < samples; s++)
      for (long c = 0; c < channels; c++) {
        const long i = s * step + c;
        const REAL g =
            rectifies ? dy[i] * RECTIFIED_SLOPE(x[i], mean[c], weight[c], shift[c]) : dy[i];
        sum[c] += g;
        product[c] += g * ((x[i] - mean[c]) * inverse[c]);
      }
    return;
  }
  for (long c = 0; c < channels; c++) {
    const REAL m = mean[c], scale = inverse[c];
    const REAL w = rectifies ? weight[c] : 0, b = rectifies ? shift[c] : 0;
    S sums = 0, products = 0;
    for (long s = 0; s < samples; s++) {
      const long first = s * step + c * positions;
      const REAL *from = x + first, *slope = dy + first;
      long i = 0;
      for (; i + SUMS <= positions; i += SUMS) {
        S g = NAME(load_sums)(slope + i);
        const S centered = NAME(load_sums)(from + i) - m;
        if (rectifies) g = g * (centered * w + b > 0 ? (S)1 : (S)0);
        sums += g;
        products += g * (centered * scale);
      }
      if (i < positions) {
        S g = NAME(load_last)(slope + i, positions - i, 0);
        const S centered = NAME(load_last)(from + i, positions - i, m) - m;
        if (rectifies) g = g * (centered * w + b > 0 ? (S)1 : (S)0);
        sums += g;
        products += g * (centered * scale);
      }
    }
    sum[c] = NAME(total)(sums), product[c] = NAME(total)(products);
  }
}
static void NAME(norm_sums)(
    long samples, long channels, long positions, long step, const REAL *restrict x,
    const REAL *restrict shift, const REAL *restrict dy, const REAL *restrict mean,
    const REAL *restrict inverse, const REAL *restrict weight, REAL *restrict sum,
    REAL *restrict product) {
#define ARGUMENTS samples, channels, positions, step, x, shift, dy, mean, inverse, weight, sum, product
  if (shift)
    NAME(norm_sums_as)(ARGUMENTS, 1);
  else
    NAME(norm_sums_as)(ARGUMENTS, 0);
#undef ARGUMENTS
}

/// ∂x += weight·(∂y − a − x̂·b), x̂ = (x − mean)·inverse, with the shift as above; ∂x ← that unless `adds`.
INLINE void NAME(norm_vjp_as)(
    long samples, long channels, long positions, long step, const REAL *restrict x,
    const REAL *restrict shift, const REAL *restrict dy, const REAL *restrict mean,
    const REAL *restrict inverse, const REAL *restrict weight, const REAL *restrict a,
    const REAL *restrict b, REAL *restrict dx, const int rectifies, const int adds) {
  if (positions == 1) {
    for (long s = 0; s < samples; s++)
      for (long c = 0; c < channels; c++) {
        const long i = s * step + c;
        const REAL g =
            rectifies ? dy[i] * RECTIFIED_SLOPE(x[i], mean[c], weight[c], shift[c]) : dy[i];
        const REAL gradient = weight[c] * (g - a[c] - (x[i] - mean[c]) * inverse[c] * b[c]);
        dx[i] = adds ? dx[i] + gradient : gradient;
      }
    return;
  }
  for (long c = 0; c < channels; c++) {
    const REAL m = mean[c], scale = inverse[c], w = weight[c], ac = a[c], bc = b[c];
    const REAL above = rectifies ? shift[c] : 0;
    for (long s = 0; s < samples; s++) {
      const long first = s * step + c * positions;
      for (long i = first; i < first + positions; i++) {
        const REAL g = rectifies ? dy[i] * RECTIFIED_SLOPE(x[i], m, w, above) : dy[i];
        const REAL gradient = w * (g - ac - (x[i] - m) * scale * bc);
        dx[i] = adds ? dx[i] + gradient : gradient;
      }
    }
  }
}
static void NAME(norm_vjp)(
    long samples, long channels, long positions, long step, const REAL *restrict x,
    const REAL *restrict shift, const REAL *restrict dy, const REAL *restrict mean,
    const REAL *restrict inverse, const REAL *restrict weight, const REAL *restrict a,
    const REAL *restrict b, REAL *restrict dx, int adds) {
#define ARGUMENTS samples, channels, positions, step, x, shift, dy, mean, inverse, weight, a, b, dx
  if (shift && adds)
    NAME(norm_vjp_as)(ARGUMENTS, 1, 1);
  else if (shift)
    NAME(norm_vjp_as)(ARGUMENTS, 1, 0);
  else if (adds)
    NAME(norm_vjp_as)(ARGUMENTS, 0, 1);
  else
    NAME(norm_vjp_as)(ARGUMENTS, 0, 0);
#undef ARGUMENTS
}

// The same with a weight for each entry of a sample instead of each channel.

/// y ← (x − mean)·inverse ⊗ weight + bias, for each of the samples.
static void NAME(entry_norm_apply)(
    long samples, long count, const REAL *restrict x, const REAL *restrict mean, const REAL *restrict inverse,
    const REAL *restrict weight, const REAL *restrict bias, REAL *restrict y) {
  for (long s = 0; s < samples; s++, x += count, y += count) {
    const REAL m = mean[s], scale = inverse[s];
    for (long i = 0; i < count; i++) y[i] = ((x[i] - m) * scale) * weight[i] + bias[i];
  }
}

/// For each sample: ∂weight += ∂y ⊗ x̂, ∂bias += ∂y,
/// ∂x += inverse·(g − mean g − x̂·mean(g ⊗ x̂)), g = weight ⊗ ∂y.
static void NAME(entry_norm_vjp)(
    long samples, long count, const REAL *restrict x, const REAL *restrict dy, const REAL *restrict mean, const REAL *restrict inverse,
    const REAL *restrict weight, REAL *restrict dweight, REAL *restrict dbias, REAL *restrict dx) {
  for (long s = 0; s < samples; s++, x += count, dy += count, dx += count) {
    const REAL m = mean[s], scale = inverse[s];
    S sums = 0, products = 0;
    long i = 0;
    for (; i + SUMS <= count; i += SUMS) {
      S g = NAME(load_sums)(weight + i) * NAME(load_sums)(dy + i);
      sums += g;
      products += g * ((NAME(load_sums)(x + i) - m) * scale);
    }
    if (i < count) {
      S g = NAME(load_last)(weight + i, count - i, 0) * NAME(load_last)(dy + i, count - i, 0);
      sums += g;
      products += g * ((NAME(load_last)(x + i, count - i, m) - m) * scale);
    }
    const REAL a = NAME(total)(sums) / (REAL)count, b = NAME(total)(products) / (REAL)count;
    for (long k = 0; k < count; k++) {
      const REAL normalized = (x[k] - m) * scale;
      dx[k] += scale * (weight[k] * dy[k] - a - normalized * b);
      dweight[k] += dy[k] * normalized;
      dbias[k] += dy[k];
    }
  }
}
#undef RECTIFIED
#undef RECTIFIED_SLOPE
