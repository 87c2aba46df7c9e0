import Foundation
import TestSupport
import Testing

/// A loss that learns variances: the network predicts a mean and a standard deviation of each number
/// of the target.
@Suite struct VarianceTests {
  private func tool(
    targets: String = "[price, size]", scale: String = "standardize", units: Int = 4
  ) throws -> Tool {
    let tool = try Tool()
    try tool.write("x,price,size\n1,10,1\n2,20,3\n3,30,5\n", to: "d.csv")
    try tool.write(
      """
      name: v
      dtype: float64
      data: {csv: {path: d.csv, inputs: x, targets: \(targets)}, scale: {targets: \(scale)}}
      model: [{type: dense, units: \(units), name: out, initial: {weight: zeros}}]
      loss: gaussian_nll
      metrics: [mean_absolute_error]
      train: {epochs: 1, batch_size: full, optimizer: {type: sgd, learning_rate: 0}}
      predictions: [train]

      """, to: "v.yaml")
    return tool
  }

  @Test func `predictions and their standard deviations have the units of the data`() throws {
    let tool = try tool()
    defer { tool.remove() }
    let run = try tool.run("run", "v.yaml", "-q")
    #expect(run.code == 0, "\(run.errors)")
    let folder = "results/v/run-0001"
    #expect(
      try tool.read("\(folder)/predictions.csv") == """
        split,row,target_price,target_size,prediction_price,prediction_size,\
        standard_deviation_price,standard_deviation_size
        train,1,10,1,20,3,8.16496580927726,1.632993161855452
        train,2,20,3,20,3,8.16496580927726,1.632993161855452
        train,3,30,5,20,3,8.16496580927726,1.632993161855452

        """)
    let metrics = try tool.rows(of: "\(folder)/metrics.csv")
    let values = Dictionary(uniqueKeysWithValues: zip(metrics[0], metrics[1]))
    #expect(values["train_mean_absolute_error"] == "4")
    #expect(abs(try #require(values["train_loss"].flatMap(Double.init)) - 1) < 1e-15)
    try tool.write("x\n7\n", to: "new.csv")
    #expect(
      try tool.run("predict", folder, "--input", "new.csv").output == """
        row,prediction_price,prediction_size,standard_deviation_price,standard_deviation_size
        1,20,3,8.16496580927726,1.632993161855452

        """)
    #expect(try tool.run("evaluate", folder).code == 0)
    #expect(try tool.run("report", folder).code == 0)
    #expect(try tool.run("explain", "v.yaml").code == 0)
    #expect(try tool.run("export", folder, "--onnx", "v.onnx").code == 0)
  }

  @Test func `an output without variances is an error`() throws {
    let tool = try tool(units: 3)
    defer { tool.remove() }
    #expect(
      try tool.run("validate", "v.yaml").errors == """
        v.yaml:5:7: error: loss 'gaussian_nll': the output [3] does not fit the targets [2], which \
        need [4]: the means, then the variances
            loss: gaussian_nll
                  ^
        v.yaml:4:16: note: 'out' produces [3]
            model: [{type: dense, units: 3, name: out, initial: {weight: zeros}}]
                           ^

        """)
  }

  @Test func `a logarithm of a target has no standard deviation`() throws {
    let tool = try tool(targets: "price", scale: "log", units: 2)
    defer { tool.remove() }
    #expect(
      try tool.run("validate", "v.yaml").errors == """
        v.yaml:5:7: error: loss 'gaussian_nll': the scale log of its targets has no standard \
        deviation; choose another scale, such as data: {scale: {targets: standardize}}
            loss: gaussian_nll
                  ^
        v.yaml:4:16: note: 'out' produces [2]
            model: [{type: dense, units: 2, name: out, initial: {weight: zeros}}]
                           ^

        """)
  }
}
