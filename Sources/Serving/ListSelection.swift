import NNExp
import Reports
import Results

/// The part of the list that a query selects: a filter, an order and a page.
struct ListSelection {
  enum Order: String, CaseIterable {
    case name, status, started, epochs, metric
  }

  static let pageSize = 100

  let query: QueryFields
  /// Words that must all occur in the path or the name of the metric.
  let words: [String]
  /// A status, or empty for all.
  let status: String
  let order: Order
  let isReversed: Bool
  private let requestedPage: Int

  init(_ query: QueryFields) {
    self.query = query
    words = (query["filter"] ?? "").split(atByte: " ").map { $0.lowercased() }
    status = query["status"] ?? ""
    order = query["sort"].flatMap(Order.init) ?? .started
    isReversed = query["reverse"] == "1"
    requestedPage = max(1, query["page"].flatMap { Int($0) } ?? 1)
  }

  /// The query of the same selection with its first page in another order; the opposite order
  /// if it is already so.
  func sorted(by order: Order) -> QueryFields {
    query.setting("page", nil).setting("sort", order == .started ? nil : order.rawValue)
      .setting("reverse", self.order == order && !isReversed ? "1" : nil)
  }

  func matches(_ entry: RunList.Entry) -> Bool {
    guard status.isEmpty || ListPage.words(of: entry.status).contains(status) else { return false }
    if words.isEmpty { return true }
    let text = (entry.path + " " + (entry.metric?.column.name ?? "")).lowercased()
    return words.allSatisfy { text.contains($0) }
  }

  /// The selected entries in order.
  func apply(to entries: [RunList.Entry]) -> [RunList.Entry] {
    var found = words.isEmpty && status.isEmpty ? entries : entries.filter(matches)
    switch order {
    case .started: break
    case .name: found.sort { $0.path < $1.path }
    case .status:
      found = stable(found) { $0.status == $1.status ? nil : $0.status < $1.status }
    case .epochs:
      found = stable(found) { a, b in
        (a.epochs ?? -1) == (b.epochs ?? -1) ? nil : (a.epochs ?? -1) > (b.epochs ?? -1)
      }
    case .metric: found = stable(found, Self.isBetter)
    }
    return isReversed ? found.reversed() : found
  }

  /// Sorts; equal entries keep their order.
  private func stable(
    _ entries: [RunList.Entry], _ isBefore: (RunList.Entry, RunList.Entry) -> Bool?
  ) -> [RunList.Entry] {
    entries.indices.sorted { isBefore(entries[$0], entries[$1]) ?? ($0 < $1) }
      .map { entries[$0] }
  }

  /// By the name of the metric, then by its value, the best first. Nil for equal entries.
  private static func isBetter(_ a: RunList.Entry, _ b: RunList.Entry) -> Bool? {
    guard let x = a.metric, let y = b.metric else {
      return (a.metric == nil) == (b.metric == nil) ? nil : a.metric != nil
    }
    guard x.column.name.hasSameBytes(as: y.column.name) else {
      return x.column.name < y.column.name
    }
    if x.value.isNaN || y.value.isNaN {
      return x.value.isNaN == y.value.isNaN ? nil : y.value.isNaN
    }
    if x.value == y.value { return nil }
    return x.column.largerIsBetter == true ? x.value > y.value : x.value < y.value
  }

  /// The number of the page, at most that of the last one.
  func page(of count: Int) -> Int { min(requestedPage, Self.pages(of: count)) }

  static func pages(of count: Int) -> Int { max(1, (count + pageSize - 1) / pageSize) }
}
