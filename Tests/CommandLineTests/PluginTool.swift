import Foundation
import TestSupport

/// A layer whose passes a test makes wrong, and an experiment that uses it.
extension Tool {
  /// The cache of all tests, so that equal plugins are built only once.
  static let pluginCache = FileManager.default.temporaryDirectory
    .appendingPathComponent("nnexp-test-plugins-\(getuid())").path

  func runPlugin(_ arguments: String..., environment: [String: String] = [:]) throws
    -> CommandResult
  {
    try run(
      arguments, environment: ["XDG_CACHE_HOME": Tool.pluginCache].merging(environment) { $1 })
  }

  /// The layer y = factor · x² in C, which compiles in a tenth of the time.
  ///
  /// - Parameters:
  ///   - top: declarations before the layer.
  ///   - forward: additional code of the forward pass in float32; `calls` counts its calls.
  func writeCSquare(
    factor: String = "1", top: String = "", forward: String = "", to file: String = "Square.c"
  ) throws {
    func passes(_ scalar: String, _ forward: String) -> String {
      """
      static void forward_\(scalar)(const void *self, const nnexp_forward *pass) {
        const \(scalar) *x = pass->inputs[0].start;
        \(scalar) *y = pass->y.start;
        for (int64_t i = 0; i < pass->y.count; i++) y[i] = \(factor) * x[i] * x[i];
        \(forward)
      }
      static void backward_\(scalar)(const void *self, const nnexp_backward *pass) {
        const \(scalar) *x = pass->inputs[0].start, *dy = pass->dy.start;
        \(scalar) *dx = pass->d_inputs[0].start;
        for (int64_t i = 0; i < pass->y.count; i++) dx[i] += \(factor) * 2 * dy[i] * x[i];
      }
      """
    }
    try write(
      """
      #include "nnexp_plugin.h"
      #include <fcntl.h>
      #include <fenv.h>
      #include <pthread.h>
      #include <signal.h>
      #include <stdlib.h>
      #include <sys/stat.h>
      #include <sys/wait.h>
      #include <unistd.h>
      NNEXP_PLUGIN_STAMP
      static int calls;
      \(top)
      static const char *plan(
          const void *self, int32_t count, const nnexp_shape *inputs, nnexp_plan *plan) {
        plan->output = inputs[0];
        return 0;
      }
      \(passes("float", "calls++; " + forward))
      \(passes("double", ""))
      static const nnexp_layer layer = {
          .type_name = "square", .summary = "squares", .equation = "y = x²",
          .least_inputs = 1, .most_inputs = 1, .size = 1, .plan = plan,
          .forward_float = forward_float, .forward_double = forward_double,
          .backward_float = backward_float, .backward_double = backward_double};
      const nnexp_plugin_table nnexp_plugin = {NNEXP_PLUGIN_VERSION, 1, &layer};

      """, to: file)
  }

  func writeSquare(
    forward: String = "for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }",
    backward: String = "for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * 2 * pass.x[i] }",
    plan: String = "Plan(output: inputs[0].shape)",
    register: String = "registry.register(Square.self)",
    to file: String = "Square.swift"
  ) throws {
    try write(
      """
      import Glibc
      import NNExp

      struct Square: Layer, Component {
        static let typeName = "square"
        static let examples = [Example(inputs: [3])]
        init(from options: inout Options) {}
        func plan(for inputs: [Port]) throws -> Plan { \(plan) }
        func forward<S: Scalar>(_ pass: ForwardPass<S>) { \(forward) }
        func backward<S: Scalar>(_ pass: BackwardPass<S>) { \(backward) }
      }
      func register(in registry: inout Registry) { \(register) }

      """, to: file)
  }

  func writeExperiment(plugins: String = "[Square.swift]", layer: String = "square") throws {
    try write(
      """
      name: x
      seed: 4
      plugins: \(plugins)
      data:
        inline:
          inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
          targets: [[0], [1], [1], [0]]
      model:
        - {type: dense, units: 2, name: hidden}
        - {type: \(layer), name: bent}
        - {type: dense, units: 1, name: output}
      train: {epochs: 20, batch_size: full}
      loss: squared_error

      """, to: "x.yaml")
  }
}
