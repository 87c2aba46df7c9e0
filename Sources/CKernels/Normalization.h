// Normalization: means, variances and their gradients for each channel of a batch
// [samples, channels, positions]. A layer that normalizes each sample passes its samples as channels.
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
    const REAL *restrict x, long samples, long channels, REAL *restrict mean, REAL *restrict variance) {
  const REAL n = (REAL)samples;
  for (long c = 0; c < channels; c++) mean[c] = variance[c] = 0;
  for (long s = 0; s < samples; s++)
    for (long c = 0; c < channels; c++) mean[c] += x[s * channels + c];
  for (long c = 0; c < channels; c++) mean[c] /= n;
  for (long s = 0; s < samples; s++)
    for (long c = 0; c < channels; c++) {
      REAL d = x[s * channels + c] - mean[c];
      variance[c] += d * d;
    }
  for (long c = 0; c < channels; c++) variance[c] /= n;
}

static void NAME(norm_moments)(
    long samples, long channels, long positions, const REAL *restrict x, REAL *restrict mean, REAL *restrict variance) {
  if (positions == 1 && samples > 1) {
    NAME(moments_of_features)(x, samples, channels, mean, variance);
    return;
  }
  for (long c = 0; c < channels; c++) {
    struct NAME(moments) moments =
        NAME(moments_of)(x + c * positions, samples, channels * positions, positions);
    mean[c] = moments.mean, variance[c] = moments.variance;
  }
}

/// y ← (x − mean)·scale + shift
static void NAME(norm_apply)(
    long samples, long channels, long positions, const REAL *restrict x, const REAL *restrict mean, const REAL *restrict scale,
    const REAL *restrict shift, REAL *restrict y) {
  if (positions == 1) {
    for (long s = 0; s < samples; s++, x += channels, y += channels)
      for (long c = 0; c < channels; c++) y[c] = (x[c] - mean[c]) * scale[c] + shift[c];
    return;
  }
  for (long c = 0; c < channels; c++) {
    const REAL m = mean[c], w = scale[c], b = shift[c];
    for (long s = 0; s < samples; s++) {
      const long first = (s * channels + c) * positions;
      for (long i = first; i < first + positions; i++) y[i] = (x[i] - m) * w + b;
    }
  }
}

/// sum ← Σ∂y, product ← Σ∂y·x̂, x̂ = (x − mean)·inverse, for each channel.
static void NAME(norm_sums)(
    long samples, long channels, long positions, const REAL *restrict x, const REAL *restrict dy, const REAL *restrict mean,
    const REAL *restrict inverse, REAL *restrict sum, REAL *restrict product) {
  if (positions == 1) {
    for (long c = 0; c < channels; c++) sum[c] = product[c] = 0;
    for (long s = 0; s < samples; s++, x += channels, dy += channels)
      for (long c = 0; c < channels; c++) {
        sum[c] += dy[c];
        product[c] += dy[c] * ((x[c] - mean[c]) * inverse[c]);
      }
    return;
  }
  for (long c = 0; c < channels; c++) {
    const REAL m = mean[c], scale = inverse[c];
    S sums = 0, products = 0;
    for (long s = 0; s < samples; s++) {
      const REAL *from = x + (s * channels + c) * positions, *slope = dy + (s * channels + c) * positions;
      long i = 0;
      for (; i + SUMS <= positions; i += SUMS) {
        S g = NAME(load_sums)(slope + i);
        sums += g;
        products += g * ((NAME(load_sums)(from + i) - m) * scale);
      }
      if (i < positions) {
        S g = NAME(load_last)(slope + i, positions - i, 0);
        sums += g;
        products += g * ((NAME(load_last)(from + i, positions - i, m) - m) * scale);
      }
    }
    sum[c] = NAME(total)(sums), product[c] = NAME(total)(products);
  }
}

/// ∂x += weight·(∂y − a − x̂·b), x̂ = (x − mean)·inverse.
static void NAME(norm_vjp)(
    long samples, long channels, long positions, const REAL *restrict x, const REAL *restrict dy, const REAL *restrict mean,
    const REAL *restrict inverse, const REAL *restrict weight, const REAL *restrict a, const REAL *restrict b, REAL *restrict dx) {
  if (positions == 1) {
    for (long s = 0; s < samples; s++, x += channels, dy += channels, dx += channels)
      for (long c = 0; c < channels; c++)
        dx[c] += weight[c] * (dy[c] - a[c] - (x[c] - mean[c]) * inverse[c] * b[c]);
    return;
  }
  for (long c = 0; c < channels; c++) {
    const REAL m = mean[c], scale = inverse[c], w = weight[c], ac = a[c], bc = b[c];
    for (long s = 0; s < samples; s++) {
      const long first = (s * channels + c) * positions;
      for (long i = first; i < first + positions; i++)
        dx[i] += w * (dy[i] - ac - (x[i] - m) * scale * bc);
    }
  }
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
#undef S
#undef SUMS
