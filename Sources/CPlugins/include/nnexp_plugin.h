// nnexp_plugin.h, version 2: layers for nnexp in C, C++, Rust, ….
//
// A plugin defines `nnexp_plugin`, which lists its layers, and contains once
//
//     NNEXP_PLUGIN_STAMP
//
// This stamp states what it was built with, and nnexp reads it before it runs the plugin. Build
// it with `nnexp plugin build FOLDER`, or with any compiler as a shared object.
//
// Layout: row-major, samples outermost; shapes are per sample. Forward overwrites y; backward
// adds to `d_inputs` and `gradients`, which nnexp sets to zero. A pass must not allocate memory
// or keep state, and may run on several threads at once.
//
// Within a version, only additions at the end of structs that nnexp fills are made. A plugin of
// another version is an error: nnexp rebuilds sources automatically, and other shared objects
// must be compiled again.
//
// Version 2: `nnexp_layer` ends with `forward_changing`. Initializers for version 1 still
// compile, and set it to null.
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

// Extents, outermost first; only the first `rank` are used.
typedef struct {
  int32_t rank;
  int64_t extents[NNEXP_MOST_AXES];
} nnexp_shape;

// The numbers of one tensor: `const float *` or `const double *`, depending on the pass.
typedef struct {
  void *start;
  int64_t count;  // of all samples together
  nnexp_shape shape;  // of one sample; of the whole for parameters and scratch
} nnexp_tensor;

// Reads options of the experiment file, each once. An error is reported with its location, and
// the function returns the fallback, so that reading continues.
typedef struct nnexp_options nnexp_options;
struct nnexp_options {
  void *context;
  int64_t (*integer)(nnexp_options *, const char *key, int64_t fallback, int64_t least,
                     int64_t most, const char *explanation);
  // Bounds are included; use -INFINITY and INFINITY for none.
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

// The outputs, parameters and memory of a layer; all zero at first.
typedef struct {
  nnexp_shape output;
  int32_t parameter_count;
  nnexp_parameter parameters[NNEXP_MOST_PARAMETERS];
  int32_t scratch_count;
  nnexp_scratch scratch[NNEXP_MOST_SCRATCH];
  int32_t couples_samples;  // a sample's output depends on other samples
  int64_t work;  // approximate multiplications of one sample's forward pass; 0 for the output's count
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
  int32_t needs_input_gradient;  // 0: d_inputs may stay unchanged
  const nnexp_tensor *inputs;
  nnexp_tensor y;
  nnexp_tensor dy;
  const nnexp_tensor *d_inputs;
  const nnexp_tensor *parameters;
  const nnexp_tensor *gradients;
  const nnexp_tensor *scratch;
} nnexp_backward;

// An option of an example; an integer is given as a whole number.
typedef struct {
  const char *key;
  double value;
} nnexp_option;

// A case that a layer is tested on.
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

  // The number of bytes in which `read` stores the layer's options. At most 1 MiB.
  int64_t size;
  void (*read)(void *self, nnexp_options *);

  // Returns null, or the reason why these inputs do not fit: "window 3 does not fit 2 columns".
  const char *(*plan)(const void *self, int32_t count, const nnexp_shape *inputs, nnexp_plan *);

  void (*forward_float)(const void *self, const nnexp_forward *);
  void (*forward_double)(const void *self, const nnexp_forward *);
  void (*backward_float)(const void *self, const nnexp_backward *);
  void (*backward_double)(const void *self, const nnexp_backward *);

  const nnexp_example *examples;
  int32_t example_count;

  // Null, or a function that recomputes the part of y that depends on one entry (row-major) of
  // a parameter (by its index in the plan), when everything else is as the last forward_double
  // left it. It returns 0 if that part is all of y; the whole pass is run then. This makes
  // gradient checks faster, which change one number at a time.
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
