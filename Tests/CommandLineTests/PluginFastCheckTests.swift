import Foundation
import TestSupport
import Testing

/// The gradient check of a plugin's layer recomputes only the part that one entry affects, if
/// the layer supports it. If the guard did not forward this call, whole passes would run.
@Suite struct PluginFastCheckTests {
  /// Each whole pass in float64 appends `w` to the file `calls`, and each partial pass `s`.
  private func calls(_ tool: Tool) throws -> (whole: Int, short: Int) {
    let text = try tool.read("calls")
    return (text.count { $0 == "w" }, text.count { $0 == "s" })
  }

  private func check(_ tool: Tool, plugin: String) throws {
    try tool.writeExperiment(plugins: "[\(plugin)]", layer: "gain")
    let result = try tool.runPlugin("gradcheck", "x.yaml")
    #expect(result.code == 0, "\(result.output)\(result.errors)")
    let (whole, short) = try calls(tool)
    #expect(short >= 4, "\(whole) whole passes and \(short) short ones")
  }

  @Test func `a layer in Swift recomputes only what one entry changes`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      """
      import Glibc
      import NNExp

      func note(_ text: String) {
        let file = fopen("calls", "a")
        fputs(text, file)
        fclose(file)
      }

      struct Gain: Layer, Component {
        static let typeName = "gain"
        init(from options: inout Options) {}
        func plan(for inputs: [Port]) throws -> Plan {
          Plan(output: inputs[0].shape, parameters: [.init("gain", inputs[0].shape, initial: .constant(2))])
        }
        func forward<S: Scalar>(_ pass: ForwardPass<S>) {
          if S.self == Double.self { note("w") }
          let n = pass.parameters[0].count
          for i in pass.y.indices { pass.y[i] = pass.parameters[0][i % n] * pass.x[i] }
        }
        func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
          note("s")
          let n = pass.parameters[0].count
          for s in 0..<pass.samples {
            let i = s * n + entry
            pass.y[i] = pass.parameters[0][entry] * pass.x[i]
          }
          return true
        }
        func backward<S: Scalar>(_ pass: BackwardPass<S>) {
          let n = pass.parameters[0].count
          for i in pass.y.indices {
            pass.dx[i] += pass.dy[i] * pass.parameters[0][i % n]
            pass.gradients[0][i % n] += pass.dy[i] * pass.x[i]
          }
        }
      }
      func register(in registry: inout Registry) { registry.register(Gain.self) }

      """, to: "Gain.swift")
    try check(tool, plugin: "Gain.swift")
  }

  @Test func `a layer in C recomputes only what one entry changes`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    func passes(_ scalar: String, _ note: String) -> String {
      """
      static void forward_\(scalar)(const void *self, const nnexp_forward *pass) {
        const \(scalar) *x = pass->inputs[0].start, *w = pass->parameters[0].start;
        \(scalar) *y = pass->y.start;
        int64_t n = pass->parameters[0].count;
        \(note)
        for (int64_t i = 0; i < pass->y.count; i++) y[i] = w[i % n] * x[i];
      }
      static void backward_\(scalar)(const void *self, const nnexp_backward *pass) {
        const \(scalar) *x = pass->inputs[0].start, *w = pass->parameters[0].start;
        const \(scalar) *dy = pass->dy.start;
        \(scalar) *dx = pass->d_inputs[0].start, *dw = pass->gradients[0].start;
        int64_t n = pass->parameters[0].count;
        for (int64_t i = 0; i < pass->y.count; i++) {
          dx[i] += dy[i] * w[i % n];
          dw[i % n] += dy[i] * x[i];
        }
      }
      """
    }
    try tool.write(
      """
      #include "nnexp_plugin.h"
      #include <stdio.h>
      NNEXP_PLUGIN_STAMP
      static void note(const char *text) {
        FILE *file = fopen("calls", "a");
        fputs(text, file);
        fclose(file);
      }
      static const char *plan(
          const void *self, int32_t count, const nnexp_shape *inputs, nnexp_plan *plan) {
        plan->output = inputs[0];
        plan->parameter_count = 1;
        plan->parameters[0] = (nnexp_parameter){.name = "gain", .shape = inputs[0], .constant = 2};
        return 0;
      }
      \(passes("float", ""))
      \(passes("double", "note(\"w\");"))
      static int32_t forward_changing(
          const void *self, const nnexp_forward *pass, int32_t parameter, int64_t entry) {
        const double *x = pass->inputs[0].start, *w = pass->parameters[0].start;
        double *y = pass->y.start;
        int64_t n = pass->parameters[0].count;
        note("s");
        for (int64_t i = entry; i < pass->y.count; i += n) y[i] = w[entry] * x[i];
        return 1;
      }
      static const nnexp_layer layer = {
          .type_name = "gain", .least_inputs = 1, .most_inputs = 1, .size = 1, .plan = plan,
          .forward_float = forward_float, .forward_double = forward_double,
          .backward_float = backward_float, .backward_double = backward_double,
          .forward_changing = forward_changing};
      const nnexp_plugin_table nnexp_plugin = {NNEXP_PLUGIN_VERSION, 1, &layer};

      """, to: "Gain.c")
    try check(tool, plugin: "Gain.c")
  }
}
