// nnexp_plugin.h, version 2: layers for nnexp in C, C++, Rust, ….
//
// A plugin defines `nnexp_plugin`, which lists its layers, and says once
//
//     NNEXP_PLUGIN_STAMP
//
// so that nnexp knows, before it runs any of it, what it was built with. Build it
// with `nnexp plugin build FOLDER`, or by any compiler as a shared object.
//
// Layout: row-major, samples outermost; shapes are per sample. Forward overwrites
// y; backward adds to `d_inputs` and `gradients`, which nnexp zeroes. A pass
// allocates nothing, keeps nothing, and may run on several threads at once.
//
// Within a version only additions at the end of structs that nnexp fills are made. A
// plugin of another version is refused: nnexp builds sources again by itself, and any
// other shared object must be compiled again.
//
// Version 2: `nnexp_layer` ends with `forward_changing`. Initializers of version 1
// compile as they are, and leave it null.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNEXP_PLUGIN_VERSION 2

#define NNEXP_PLUGIN_STAMP                                             \
  __attribute__((section(".nnexp"), used)) const char nnexp_stamp[] = \
      "nnexp plugin, c, , 2";

enum {
  NNEXP_MOST_AXES = 4,
  NNEXP_MOST_PARAMETERS = 8,
  NNEXP_MOST_SCRATCH = 4,
};

// Extents, outermost first; the first `rank` count.
typedef struct {
  int32_t rank;
  int64_t extents[NNEXP_MOST_AXES];
} nnexp_shape;

// Numbers of one tensor: `const float *` or `const double *`, by the pass.
typedef struct {
  void *start;
  int64_t count;  // all samples together
  nnexp_shape shape;  // of one sample; of the whole for parameters and scratch
} nnexp_tensor;

// Reads options of the experiment file, each once. A mistake is told with its
// place and the fallback returned; reading goes on.
typedef struct nnexp_options nnexp_options;
struct nnexp_options {
  void *context;
  int64_t (*integer)(nnexp_options *, const char *key, int64_t fallback, int64_t least,
                     int64_t most, const char *explanation);
  // Bounds are included; -INFINITY and INFINITY for none.
  double (*number)(nnexp_options *, const char *key, double fallback, double least, double most,
                   const char *explanation);
  int32_t (*boolean)(nnexp_options *, const char *key, int32_t fallback, const char *explanation);
};

typedef struct {
  const char *name;
  nnexp_shape shape;
  const char *initial;  // "zeros", "glorot_uniform", …; null for `constant`
  double constant;
} nnexp_parameter;

typedef struct {
  int64_t count;
  int32_t is_per_sample;
} nnexp_scratch;

// What a layer needs; all zero at first.
typedef struct {
  nnexp_shape output;
  int32_t parameter_count;
  nnexp_parameter parameters[NNEXP_MOST_PARAMETERS];
  int32_t scratch_count;
  nnexp_scratch scratch[NNEXP_MOST_SCRATCH];
  int32_t couples_samples;  // a sample's output depends on the others'
  int64_t work;  // multiplications of one sample's forward pass, about; 0 for the output's count
} nnexp_plan;

typedef struct {
  int64_t samples;
  int32_t is_training;
  const nnexp_tensor *inputs;
  nnexp_tensor y;
  const nnexp_tensor *parameters;
  const nnexp_tensor *scratch;
} nnexp_forward;

typedef struct {
  int64_t samples;
  int32_t is_training;
  int32_t needs_input_gradient;  // 0: d_inputs may be left alone
  const nnexp_tensor *inputs;
  nnexp_tensor y;
  nnexp_tensor dy;
  const nnexp_tensor *d_inputs;
  const nnexp_tensor *parameters;
  const nnexp_tensor *gradients;
  const nnexp_tensor *scratch;
} nnexp_backward;

// One option of an example; a whole number serves where an integer is read.
typedef struct {
  const char *key;
  double value;
} nnexp_option;

// What a layer is proven on.
typedef struct {
  int32_t option_count;
  nnexp_option options[8];
  int32_t input_count;
  nnexp_shape inputs[4];
} nnexp_example;

typedef struct {
  const char *type_name;  // after `type:` in the file, in snake_case
  const char *summary;  // one line
  const char *equation;
  int32_t least_inputs, most_inputs;

  // Bytes of a layer's own: where `read` leaves its options. Up to 1 MiB.
  int64_t size;
  void (*read)(void *self, nnexp_options *);

  // Null, or the fact why these inputs do not fit: "window 3 does not fit 2 columns".
  const char *(*plan)(const void *self, int32_t count, const nnexp_shape *inputs, nnexp_plan *);

  void (*forward_float)(const void *self, const nnexp_forward *);
  void (*forward_double)(const void *self, const nnexp_forward *);
  void (*backward_float)(const void *self, const nnexp_backward *);
  void (*backward_double)(const void *self, const nnexp_backward *);

  const nnexp_example *examples;
  int32_t example_count;

  // Null, or: recomputes what one entry (counted row-major) of a parameter (its position
  // in the plan) moves in y; everything else is as the last forward_double left it.
  // Returns 0 if that is all of y: the whole pass is run then. Gradient checks, which
  // change one number at a time, are faster by it.
  int32_t (*forward_changing)(const void *self, const nnexp_forward *, int32_t parameter,
                              int64_t entry);
} nnexp_layer;

typedef struct {
  int32_t version;  // NNEXP_PLUGIN_VERSION
  int32_t layer_count;
  const nnexp_layer *layers;
} nnexp_plugin_table;

extern const nnexp_plugin_table nnexp_plugin;

#ifdef __cplusplus
}
#endif
