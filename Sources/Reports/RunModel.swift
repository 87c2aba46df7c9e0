import Charts
import Datasets
import Engine
import ExperimentFile
import Explanation
import Files
import NNExp
import Results
import Running

/// The model of a run as its report shows it: the graph, the columns that it reads, and images
/// of filters, activations and samples.
///
/// The model is built from the run's folder. Plugins are not loaded, because a report executes
/// no code that a folder names.
struct RunModel {
  /// Images with a title each: a filter, an activation, a sample.
  struct Gallery {
    let title: String
    let images: [(label: String, image: PixelImage)]
  }

  /// The graph as SVG.
  let drawing: String
  /// The nodes with their types, inputs, shapes and numbers of parameters.
  let nodes: [[String]]
  /// The columns of the table under their heading; nil if the data are no table.
  let columns: [[String]]?
  /// The columns of the run's metrics.csv.
  let metricColumns: [MetricColumn]
  /// Filters and activations.
  let galleries: [Gallery]
  /// The samples in rows of the data, counted from 1; empty if the inputs are not images.
  let samples: [(row: Int, image: PixelImage)]
  /// Why images of samples are missing, if they are.
  let note: String?

  private static let mostImages = 16

  /// - Parameters:
  ///   - rows: the rows of the samples to draw, counted from 1.
  ///   - readsData: whether files outside the run's folder are read.
  /// - Throws: a `Diagnostic` if the model cannot be built.
  init(
    of run: RunDirectory, record: RunRecord, rows: [Int], registry: Registry, readsData: Bool
  ) throws {
    let experiment = try Experiment(
      resolved: run.read("resolved.yaml"), path: record.experiment,
      name: run.folder.path(of: "resolved.yaml"), registry: registry,
      plugins: .refuse("a report runs no code of plugins", remedy: "see resolved.yaml"))
    switch experiment.dtype {
    case .float32:
      self = try RunModel(experiment, run, record, rows, readsData, Float.self)
    case .float64:
      self = try RunModel(experiment, run, record, rows, readsData, Double.self)
    }
  }

  private init<S: Scalar>(
    _ experiment: Experiment, _ run: RunDirectory, _ record: RunRecord, _ rows: [Int],
    _ readsData: Bool, _ type: S.Type
  ) throws {
    let described = try PreparedExperiment<S>(experiment, columnsOf: run)
    guard described != nil || readsData else {
      throw Diagnostic("its data are outside the folder; 'nnexp report' draws it")
    }
    let prepared = try described ?? PreparedExperiment<S>(experiment, starts: false)
    drawing = GraphDrawing(prepared.graph, heads: prepared.heads).svg
    nodes = prepared.nodeRows
    metricColumns = prepared.trainer.columns
    columns = prepared.data.encoding.columnRows
    let wantsBest = try Summary.ifThere(in: run)?.delivered?.weights == "best"
    let weights = try? RunWeights(wantsBest ? .best : .last, of: run)
    try weights?.put(into: prepared)
    var galleries = weights == nil ? [] : Self.filters(prepared)
    var samples: [(row: Int, image: PixelImage)] = []
    var note: String?
    let hasImages = prepared.graph.ports.contains { Self.isImage($0.shape) }
    if hasImages, !readsData {
      note = "'nnexp report' also shows the images of samples, from the data outside this folder."
    } else if hasImages {
      do {
        let withData = try PreparedExperiment<S>(experiment, fittedAs: run)
        try withData.requireFiles(of: record, in: run)
        try weights?.put(into: withData)
        samples = try Self.samples(withData, rows: rows)
        if weights != nil {
          galleries += try Self.outputs(withData)
          galleries += try Self.activations(withData, row: rows.first)
        }
      } catch {
        note = "The images of samples are missing: \((error as? Diagnostic)?.message ?? "\(error)")"
      }
    }
    (self.galleries, self.samples, self.note) = (galleries, samples, note)
  }

  private static func isImage(_ shape: Shape) -> Bool {
    shape.rank == 3 && (shape[0] == 1 || shape[0] == 3) && shape[1] > 1 && shape[2] > 1
  }

  /// The first tensor of the shape `[filters, channels, rows, columns]`, one image per filter
  /// and channel.
  private static func filters<S: Scalar>(_ prepared: PreparedExperiment<S>) -> [Gallery] {
    let parameters = prepared.graph.parameters
    guard
      let found = parameters.first(where: {
        $0.shape.rank == 4 && $0.shape[2] * $0.shape[3] > 1
      })
    else { return [] }
    let w = prepared.trainer.network.parameters.slice(from: found.offset, shape: found.shape)
    let values = w.indices.map { Double(w[$0]) }
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let images = planes(
      values, count: found.shape[0] * found.shape[1], rows: found.shape[2],
      columns: found.shape[3], domain: low...high)
    return [
      Gallery(
        title: "The filters of '\(found.node)': black is \(rounded(low, digits: 3)), white is "
          + rounded(high, digits: 3),
        images: images)
    ]
  }

  private static func planes(
    _ values: [Double], count: Int, rows: Int, columns: Int, domain: ClosedRange<Double>
  ) -> [(label: String, image: PixelImage)] {
    let size = rows * columns
    return (0..<min(count, mostImages)).compactMap { plane in
      PixelImage(
        Array(values[plane * size..<(plane + 1) * size]), planes: 1, rows: rows, columns: columns,
        domain: domain
      ).map { ("\(plane)", $0) }
    }
  }

  private static func samples<S: Scalar>(
    _ prepared: PreparedExperiment<S>, rows: [Int]
  ) throws -> [(row: Int, image: PixelImage)] {
    let network = prepared.trainer.network
    guard let port = prepared.graph.ports.firstIndex(where: { isImage($0.shape) }) else {
      return []
    }
    let shape = prepared.graph.ports[port].shape
    return try rows.compactMap { row in
      guard let sample = try sample(ofRow: row, prepared) else { return nil }
      try network.load(sample)
      let x = network.activation(Graph.Edge(node: -1, output: port))
      return PixelImage(
        (0..<shape.count).map { Double(x[$0]) }, planes: shape[0], rows: shape[1],
        columns: shape[2]
      ).map { (row, $0) }
    }
  }

  private static func sample<S: Scalar>(
    ofRow row: Int, _ prepared: PreparedExperiment<S>
  ) throws -> Dataset<S>? {
    for data in [prepared.data.test, prepared.data.validation, prepared.data.train] {
      guard let data, let index = (0..<data.count).first(where: { data.row(of: $0) == row - 1 })
      else { continue }
      return try data.held(index..<index + 1)
    }
    return nil
  }

  /// For each head whose output is an image: some samples with the input, the target and the output.
  private static func outputs<S: Scalar>(_ prepared: PreparedExperiment<S>) throws -> [Gallery] {
    let network = prepared.trainer.network
    let splits = [
      ("test", prepared.data.test), ("validation", prepared.data.validation),
      ("training", prepared.data.train),
    ]
    guard let (split, found) = splits.first(where: { $0.1 != nil }), let data = found else {
      return []
    }
    func image(_ values: [Double], _ shape: Shape) -> PixelImage? {
      PixelImage(values, planes: shape[0], rows: shape[1], columns: shape[2])
    }
    // An output of rows and columns is an image if the input is one of as many.
    let ports = prepared.graph.ports.map(\.shape).filter(isImage)
    func asImage(_ shape: Shape) -> Shape {
      let isFlat = shape.rank == 2 && ports.contains { $0[1] == shape[0] && $0[2] == shape[1] }
      return isFlat ? [1, shape[0], shape[1]] : shape
    }
    return try prepared.heads.filter { isImage(asImage($0.predictionShape)) }.map { head in
      let shape = asImage(head.predictionShape)
      var images: [(label: String, image: PixelImage)] = []
      for index in 0..<min(8, data.count) {
        let sample = try data.held(index..<index + 1)
        try network.load(sample)
        let label = "row \(data.row(of: index) + 1)"
        if let port = prepared.graph.ports.firstIndex(where: { isImage($0.shape) }) {
          let (x, own) = (
            network.activation(Graph.Edge(node: -1, output: port)), prepared.graph.ports[port].shape
          )
          let input = image((0..<own.count).map { Double(x[$0]) }, own)
          images += input.map { [("\(label), input", $0)] } ?? []
        }
        if sample.targets.count == shape.count {
          let target = image(sample.targets.map { Double($0) }, shape)
          images += target.map { [("\(label), target", $0)] } ?? []
        }
        network.passes(1, isTraining: false).forward()
        let y = network.activation(Graph.Edge(node: head.node))
        let output = image((0..<shape.count).map { Double(y[$0]) }, shape)
        images += output.map { [("\(label), output", $0)] } ?? []
      }
      return Gallery(
        title: "The first samples of the \(split) split with the outputs of "
          + "'\(prepared.graph.nodes[head.node].name)': black is the smallest number of an image, "
          + "white the largest", images: images)
    }
  }

  /// The outputs with rows and columns of the first nodes for one sample.
  private static func activations<S: Scalar>(
    _ prepared: PreparedExperiment<S>, row: Int?
  ) throws -> [Gallery] {
    // The network of a training does not store all outputs.
    let trained = prepared.trainer.network
    let network = try Network<S>(
      prepared.graph, heads: prepared.heads, capacity: 1, seed: prepared.experiment.seed)
    network.parameters.update(from: trained.parameters)
    network.state.update(from: trained.state)
    var (data, words) = (try prepared.data.train.held(0..<1), "the first training sample")
    if let row, let found = try sample(ofRow: row, prepared) {
      (data, words) = (found, "row \(row)")
    }
    try network.load(data)
    network.passes(1, isTraining: false).forward()
    var galleries: [Gallery] = []
    for (k, node) in prepared.graph.nodes.enumerated() where galleries.count < 4 {
      let shape = node.plan.output
      guard shape.rank == 3, shape[1] * shape[2] > 1 else { continue }
      let y = network.activation(Graph.Edge(node: k))
      let values = (0..<shape.count).map { Double(y[$0]) }
      let finite = values.filter(\.isFinite)
      let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
      galleries.append(
        Gallery(
          title: "The output of '\(node.name)' for \(words): black is \(rounded(low, digits: 3)), "
            + "white is \(rounded(high, digits: 3))",
          images: planes(
            values, count: shape[0], rows: shape[1], columns: shape[2], domain: low...high)))
    }
    return galleries
  }
}
