public import Engine
import Files
import NNExp

/// The graph as inline SVG: the data at the top, the losses at the bottom. Each edge is labeled
/// with the value that it carries forward and its δ.
public struct GraphDrawing {
  private struct Box {
    var title: String
    var kind: String
    var anchor: String
    var x = 0
    var y = 0
  }

  private struct Edge {
    let from: Int
    let to: Int
    let letter: Formula.Symbol
    /// The letter of what reads the value, if it is not the only reader: the edge then carries
    /// its own part of δ.
    let reader: String?
    /// The number of rows that the edge passes.
    var skips: Int
  }

  private var boxes: [Box] = []
  private var edges: [Edge] = []
  private var width = 0
  private var height = 0

  /// The text before the value in the label of its error: `δ`, `∂E/∂`.
  private let error: String
  /// Whether boxes are links, and edges have labels.
  private let isLabeled: Bool

  private static let boxWidth = 208
  private static let boxHeight = 46
  private static let columnStep = 288
  private static let rowStep = 94
  private static let margin = 8
  /// The space next to the boxes for the first edge that passes a row, and for each further
  /// one.
  private static let sideways = 104
  private static let lane = 84

  /// The graph without letters and links.
  public init(_ graph: Graph, heads: [Head]) {
    self.init(graph, Notation(graph), heads, isLabeled: false)
  }

  init(_ graph: Graph, _ notation: Notation, _ heads: [Head], isLabeled: Bool = true) {
    self.isLabeled = isLabeled
    error = notation.hasDelta ? "δ" : "∂\(notation.differentiated.text)/∂"
    // The ports of the data come first, then the nodes, then the losses.
    let ports = graph.ports.count
    for port in graph.ports {
      boxes.append(Box(title: port.name, kind: "\(port)", anchor: "forward"))
    }
    var rows = graph.ports.map { _ in 0 }
    func box(_ edge: Graph.Edge) -> Int { edge.isData ? edge.output : ports + edge.node }
    for (k, node) in graph.nodes.enumerated() {
      let outputs = node.plan.outputs.map { "\($0.shape)" }.joined(separator: ", ")
      let kind = node.name == node.typeName ? outputs : "\(node.typeName) \(outputs)"
      boxes.append(Box(title: node.name, kind: kind, anchor: "forward-\(node.name)"))
      rows.append(1 + (node.inputs.map { rows[box($0)] }.max() ?? 0))
      var drawn: Set<Graph.Edge> = []
      for input in node.inputs.sorted(by: { box($0) < box($1) })
      where drawn.insert(input).inserted {
        edges.append(
          Edge(
            from: box(input), to: ports + k, letter: notation.symbol(input),
            reader: graph.isShared(input) ? notation.value(ofNode: k).text : nil,
            skips: rows[ports + k] - rows[box(input)] - 1))
      }
    }
    for (index, head) in heads.enumerated() {
      let from = ports + graph.heads[index]
      boxes.append(
        Box(
          title: head.name.map { "loss of \($0)" } ?? "loss", kind: head.lossName,
          anchor: "forward-loss\(head.suffix)"))
      rows.append(rows[from] + 1)
      edges.append(
        Edge(
          from: from, to: boxes.count - 1,
          letter: notation.symbol(Graph.Edge(node: graph.heads[index])),
          reader: graph.isShared(Graph.Edge(node: graph.heads[index]))
            ? notation.loss(of: index).text : nil,
          skips: 0))
    }
    place(rows)
  }

  private mutating func place(_ rows: [Int]) {
    let members = Dictionary(grouping: boxes.indices) { rows[$0] }
    let widest = members.values.map(\.count).max() ?? 1
    let room = (widest - 1) * GraphDrawing.columnStep + GraphDrawing.boxWidth
    let lanes = edges.count { $0.skips > 0 }
    let side =
      lanes == 0 ? 0 : GraphDrawing.sideways + (lanes - 1) * GraphDrawing.lane
    // The labels of straight edges need space too.
    width = room + 2 * (GraphDrawing.margin + side)
    height =
      (rows.max() ?? 0) * GraphDrawing.rowStep + GraphDrawing.boxHeight + 2 * GraphDrawing.margin
    for row in members.keys.sorted() {
      // Boxes are in the order of the boxes that they read.
      let boxesInRow = (members[row] ?? []).sorted {
        (center(ofSourcesOf: $0), $0) < (center(ofSourcesOf: $1), $1)
      }
      let rowWidth =
        (boxesInRow.count - 1) * GraphDrawing.columnStep + GraphDrawing.boxWidth
      for (column, index) in boxesInRow.enumerated() {
        boxes[index].x = (width - rowWidth) / 2 + column * GraphDrawing.columnStep
        boxes[index].y = GraphDrawing.margin + row * GraphDrawing.rowStep
      }
    }
  }

  /// The mean position of the boxes that a box reads; 0 for the ports of the data.
  private func center(ofSourcesOf box: Int) -> Double {
    let sources = edges.filter { $0.to == box }.map { boxes[$0.from].x }
    return sources.isEmpty ? 0 : Double(sources.reduce(0, +)) / Double(sources.count)
  }

  // MARK: SVG

  public var svg: String {
    var lanes = 0
    var parts: [String] = []
    for edge in edges {
      parts.append(edge.skips > 0 ? bend(edge, lane: lanes) : straight(edge))
      if edge.skips > 0 { lanes += 1 }
    }
    parts += boxes.map(draw)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" role="img" aria-label="the graph of the network">
      <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" \
      markerHeight="7" orient="auto"><path d="M0 0.8 L8 4 L0 7.2 Z"/></marker></defs>
      \(parts.joined(separator: "\n"))
      </svg>
      """
  }

  private func draw(_ box: Box) -> String {
    let center = box.x + Self.boxWidth / 2
    let shape = """
      <rect x="\(box.x)" y="\(box.y)" \
      width="\(Self.boxWidth)" height="\(Self.boxHeight)" rx="5"/>\
      <text x="\(center)" y="\(box.y + 20)" text-anchor="middle">\
      \(Escaping.xml(shortened(box.title)))</text>\
      <text class="kind" x="\(center)" y="\(box.y + 37)" text-anchor="middle">\
      \(Escaping.xml(shortened(box.kind)))</text>
      """
    return isLabeled ? "<a href=\"#\(Escaping.xml(box.anchor))\">\(shape)</a>" : shape
  }

  private func shortened(_ text: String) -> String {
    text.count <= 28 ? text : text.prefix(27) + "…"
  }

  /// The path from the lower side of a box to the upper side of the next one, with its label
  /// at a position that is not near another edge.
  private func straight(_ edge: Edge) -> String {
    let (a, b) = (boxes[edge.from], boxes[edge.to])
    let (x1, y1) = (a.x + GraphDrawing.boxWidth / 2, a.y + GraphDrawing.boxHeight)
    let (x2, y2) = (b.x + GraphDrawing.boxWidth / 2, b.y)
    if x1 == x2 {
      return "<path d=\"M\(x1) \(y1) V\(y2)\" marker-end=\"url(#tip)\"/>"
        + labels(edge, x1, (y1 + y2) / 2 + 5)
    }
    // The short end is at the box that several edges share.
    let fansOut = edges.count { $0.from == edge.from } > 1
    let meetsOthers = edges.count { $0.to == edge.to && $0.skips <= 0 } > 1
    let y = fansOut ? y1 + 12 : y2 - 16
    let side = x1 < x2 ? 8 : -8
    return """
      <path d="M\(x1) \(y1) V\(y - 8) Q\(x1) \(y) \(x1 + side) \(y) H\(x2 - side) \
      Q\(x2) \(y) \(x2) \(y + 8) V\(y2)" marker-end="url(#tip)"/>\
      \(!fansOut ? labels(edge, x1, y1 + 21)
        : meetsOthers ? labels(edge, (x1 + x2) / 2, y + 17) : labels(edge, x2, y2 - 13))
      """
  }

  /// The path around the boxes between, on the right.
  private func bend(_ edge: Edge, lane: Int) -> String {
    let (a, b) = (boxes[edge.from], boxes[edge.to])
    let half = GraphDrawing.boxHeight / 2
    let (x1, y1) = (a.x + GraphDrawing.boxWidth, a.y + half)
    let (x2, y2) = (b.x + GraphDrawing.boxWidth, b.y + half)
    let rightmost = boxes.map { $0.x + GraphDrawing.boxWidth }.max() ?? 0
    let x = rightmost + 50 + lane * GraphDrawing.lane
    return """
      <path d="M\(x1) \(y1) H\(x - 12) Q\(x) \(y1) \(x) \(y1 + 12) V\(y2 - 12) \
      Q\(x) \(y2) \(x - 12) \(y2) H\(x2)" marker-end="url(#tip)"/>\
      \(labels(edge, x, (y1 + y2) / 2 + 5))
      """
  }

  private func labels(_ edge: Edge, _ x: Int, _ y: Int) -> String {
    guard isLabeled else { return "" }
    let letter = Escaping.xml(
      edge.letter.letter + String(repeating: "′", count: edge.letter.primes))
    let number = edge.letter.number ?? ""
    let part = edge.reader.map { Escaping.xml(" → " + $0) } ?? ""
    let (low, level) = error == "δ" ? (" class=\"low\" dy=\"5\"", -4) : ("", -6)
    return """
      <text class="letter value" x="\(x + 9)" y="\(y)">\(letter)\
      <tspan class="high" dy="-6">\(number)</tspan></text>\
      <text class="letter delta" x="\(x - 9)" y="\(y)" text-anchor="end">\
      \(Escaping.xml(error))<tspan\(low)>\(letter)</tspan>\
      <tspan class="high" dy="\(level)">\(number)</tspan>\
      \(part.isEmpty ? "" : "<tspan class=\"low\" dy=\"\(-level)\">\(part)</tspan>")</text>
      """
  }
}

extension Graph {
  /// The number of nodes and losses that read an edge.
  func readerCount(of edge: Edge) -> Int {
    nodes.reduce(0) { $0 + $1.inputs.count { $0 == edge } } + readingHeads(of: edge).count
  }

  /// True if the gradient of an edge is a sum over several readers.
  func isShared(_ edge: Edge) -> Bool { readerCount(of: edge) > 1 }
}
