import NNExp

/// The division of the samples of one source into training, validation and test data.
struct Split: Sendable {
  let validation: Double
  let test: Double
  let isStratified: Bool
  /// The target port whose classes have the same shares in each part; nil for the only port
  /// of classes.
  let stratum: PortName?
  let column: ColumnSelection?
  /// Further words of the column, in addition to train, validation and test.
  let words: [(word: String, part: Part)]
  /// The column whose values define groups; all rows of a group are in the same part.
  let group: ColumnSelection?
  /// Whether the last samples are for testing and those before them for validation.
  let isOrdered: Bool
  /// The column that orders the samples; nil for the order of the file.
  let order: ColumnSelection?
  let folds: Folds?
  let location: SourceLocation?

  /// Parts of equal size, one of which is for validation.
  struct Folds: Sendable {
    let count: Int
    /// The fold for validation, from 1; nil for one run per fold.
    let fold: Int?
  }

  /// Whether the parts are a function of the seed too.
  var dependsOnSeed: Bool { !isOrdered && (validation > 0 || test > 0 || folds != nil) }

  static let none = Split()

  private init() {
    (validation, test, isStratified, stratum) = (0, 0, false, nil)
    (column, words, group, isOrdered, order) = (nil, [], nil, false, nil)
    (folds, location) = (nil, nil)
  }

  init(from options: inout Options, targets: DeclaredHalf) {
    location = options.location
    validation = options.double(
      "validation", default: 0, in: .fraction, "the share of the samples for validation")
    options.suggest("validation", for: "val", "valid", "validation_split")
    options.suggest("test", for: "test_size")
    options.suggest("stratified", for: "stratify")
    options.suggest("folds", for: "k", "n_splits", "cross_validation", "k_fold")
    options.suggest("group", for: "groups")
    test = options.double("test", default: 0, in: .fraction, "the share of the samples for testing")
    stratum = Split.stratum(from: &options, targets: targets)
    isStratified =
      stratum != nil
      || options.bool(
        "stratified", default: false,
        "keep the shares of the classes in every part; with several targets, the name of one")
    options.document("stratified", .either([.truth, .text]))
    column = ColumnSelection(
      "column", from: &options, "the column that contains train, validation or test for each row")
    words = Split.words(from: &options)
    group = ColumnSelection(
      "group", from: &options, "the column whose values define groups; a group stays in one part")
    (isOrdered, order) = Split.order(from: &options)
    let count = options.contains("folds") ? options.optionalInt("folds", in: 2...1000, "") : nil
    if !options.contains("folds") {
      _ = options.value(
        "folds", "an integer from 2 to 1000",
        "parts, each of which is for validation in one run: nnexp run makes all of them",
        of: .either([.integers(2...1000), .null]))
    }
    let fold = options.contains("fold") ? options.optionalInt("fold", in: 1...1000, "") : nil
    if !options.contains("fold") {
      _ = options.value(
        "fold", "an integer ≥ 1", "the number of the only fold to run, from 1",
        of: .either([.integers(1...1000), .null]))
    }
    folds = count.map { Folds(count: $0, fold: fold) }
    reject(from: &options, fold)
  }

  /// Records errors about settings that exclude each other.
  private func reject(from options: inout Options, _ fold: Int?) {
    if !words.isEmpty, column == nil {
      options.reject("words", "'words' needs 'column', the column with the words")
    }
    if validation + test >= 1 {
      options.reject(
        "test",
        "validation \(shortest(validation)) and test \(shortest(test)) leave no training data")
    }
    if column != nil, validation > 0 || test > 0 || isStratified {
      options.reject("column", "a split uses fractions or a column, not both")
    }
    if column != nil, group != nil || isOrdered || folds != nil {
      options.reject("column", "a split by a column needs no 'group', 'ordered' or 'folds'")
    }
    if isOrdered, isStratified || group != nil || folds != nil {
      options.reject("ordered", "an ordered split is neither stratified, nor grouped, nor of folds")
    }
    if group != nil, isStratified {
      options.reject("group", "a grouped split cannot be stratified; leave one out")
    }
    if folds != nil, validation > 0 {
      options.reject("folds", "the validation data are a fold; leave out 'validation'")
    }
    if let folds, let fold, fold > folds.count {
      options.reject("fold", "fold must be an integer from 1 to \(folds.count), found \(fold)")
    }
    if folds == nil, fold != nil {
      options.reject(
        "fold", "'fold' is the number of one of several folds; set 'folds' to their number")
    }
  }

  /// Whether the samples are in order, and the column that orders them.
  private static func order(from options: inout Options) -> (Bool, ColumnSelection?) {
    switch options.entry("ordered")?.content {
    case .bool?: return (options.bool("ordered", default: false, ""), nil)
    case .string?, .int?, .list?:
      let column = ColumnSelection("ordered", from: &options, "")
      return (true, column)
    default:
      let range = "true, false or a column"
      let other = options.value(
        "ordered", range,
        "the last samples are for testing, those before for validation; or the column to sort by",
        default: "false", of: .either([.truth, .text]))
      if let other { options.reject("ordered", "ordered must be \(range), found \(other.kind)") }
      return (false, nil)
    }
  }

  /// Reads the words of the column that the file declares.
  private static func words(from options: inout Options) -> [(word: String, part: Part)] {
    let range = "a mapping from words to train, validation or test"
    guard
      let config = options.value(
        "words", range, "further words of the column, with the parts that they mean",
        of: .mapping(.words(Part.allCases.map(\.rawValue))))
    else { return [] }
    guard case .map(let entries) = config.content else {
      options.reject("words", "words must be \(range), found \(config.kind)")
      return []
    }
    let words = options.component("words", from: config) { inner in
      entries.map { entry in
        (word: entry.key, part: inner.choice(entry.key, of: Part.self))
      }
    }
    return words ?? []
  }

  /// The name of a target port under `stratified`; nil if the value is not a name.
  private static func stratum(from options: inout Options, targets: DeclaredHalf) -> PortName? {
    guard case .string(let name)? = options.entry("stratified")?.content,
      targets.names != nil || !targets.isKnown
    else { return nil }
    let config = options.value("stratified", "true, false or the name of a target port")!
    if let fault = targets.fault(inName: name, at: config.location) {
      options.reject("stratified", fault)
    }
    options.resolve("stratified", config)
    return (name, config.location)
  }

  /// The rows of each part, in ascending order.
  struct Rows: Sendable {
    private(set) var train: [Int] = []
    private(set) var validation: [Int] = []
    private(set) var test: [Int] = []

    /// - Parameters:
    ///   - rows: rows in ascending order.
    ///   - parts: the part of each of these rows.
    init(_ rows: [Int], parts: [Part]) {
      train.reserveCapacity(rows.count)
      for (row, part) in zip(rows, parts) {
        switch part {
        case .train: train.append(row)
        case .validation: validation.append(row)
        case .test: test.append(row)
        }
      }
    }
  }

  /// Divides samples by fractions. The first samples of a seeded permutation are for
  /// validation, and the next ones are for testing. If the split is stratified, each class
  /// gives its share to within one sample, and the sizes of the parts are the same as without
  /// stratification.
  ///
  /// - Parameter classes: the class of each sample, −1 for samples without a label, which
  ///   form a class of their own.
  private func parts(count: Int, classes: [Int]?, seed: UInt64) throws -> [Part] {
    var parts = [Part](repeating: .train, count: count)
    guard dependsOnSeed else { return parts }
    let classes = Split.withoutMissing(classes)
    let sizes = classes.map { classes in
      var sizes = [Int](repeating: 0, count: (classes.max() ?? 0) + 1)
      for index in classes { sizes[index] += 1 }
      return sizes
    }
    let strata = sizes ?? [count]
    var forValidation = Split.quotas(validation, of: strata, taken: strata.map { _ in 0 })
    var forTest = Split.quotas(test, of: strata, taken: forValidation)

    let order = RandomStream(seed: seed, purpose: "split").permutation(count)
    for row in order {
      let stratum = classes?[row] ?? 0
      if forValidation[stratum] > 0 {
        forValidation[stratum] -= 1
        parts[row] = .validation
      } else if forTest[stratum] > 0 {
        forTest[stratum] -= 1
        parts[row] = .test
      }
    }
    if let folds {
      let training = order.filter { parts[$0] == .train }
      try checkFolds(folds, of: training.count, "sample")
      assignFolds(folds, of: training, classes, in: &parts)
    }
    return parts
  }

  private static func withoutMissing(_ classes: [Int]?) -> [Int]? {
    classes.map { classes in
      let missing = (classes.max() ?? 0) + 1
      return classes.contains(-1) ? classes.map { $0 < 0 ? missing : $0 } : classes
    }
  }

  /// Distributes training samples over the folds, class after class. One fold is for
  /// validation.
  private func assignFolds(
    _ folds: Folds, of training: [Int], _ classes: [Int]?, in parts: inout [Part]
  ) {
    let order = classes.map { classes in
      training.enumerated().sorted { a, b in
        (classes[a.element], a.offset) < (classes[b.element], b.offset)
      }.map(\.element)
    }
    let fold = (folds.fold ?? 1) - 1
    for (position, row) in (order ?? training).enumerated() where position % folds.count == fold {
      parts[row] = .validation
    }
  }

  /// Divides groups of rows in the order of a seeded permutation. They fill the validation
  /// data and then the test data up to their fractions; with folds, each group goes to the
  /// smallest fold.
  private func parts(ofGroups groups: [Double], seed: UInt64) throws -> [Part] {
    var members: [[Int]] = []
    var indices: [Double: Int] = [:]
    for (row, group) in groups.enumerated() {
      if let index = indices[group] {
        members[index].append(row)
      } else {
        indices[group] = members.count
        members.append([row])
      }
    }
    let count = groups.count
    var parts = [Part](repeating: .train, count: count)
    var forValidation = Int((Double(count) * validation).rounded())
    var forTest = Int((Double(count) * test).rounded())
    var sizes = [Int](repeating: 0, count: folds?.count ?? 0)
    var dealt = 0
    for index in RandomStream(seed: seed, purpose: "split").permutation(members.count) {
      let own = members[index]
      var part = Part.train
      if (own.count + 1) / 2 <= forValidation {
        forValidation -= own.count
        part = .validation
      } else if (own.count + 1) / 2 <= forTest {
        forTest -= own.count
        part = .test
      } else if let folds {
        let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
        sizes[smallest] += own.count
        dealt += 1
        if smallest == (folds.fold ?? 1) - 1 { part = .validation }
      }
      if part != .train { for row in own { parts[row] = part } }
    }
    if let folds { try checkFolds(folds, of: dealt, "group") }
    return parts
  }

  /// Throws if there are more folds than samples or groups that are not for testing.
  private func checkFolds(_ folds: Folds, of count: Int, _ noun: String) throws {
    if count >= folds.count { return }
    throw Diagnostic(
      "\(counted(count, noun)) \(test > 0 ? "without the test data " : "")"
        + "\(count == 1 ? "is" : "are") too few for \(folds.count) folds", at: location)
  }

  /// Divides rows in the order of `keys`; the last ones are for testing.
  private func parts(orderedBy keys: [Double]) -> [Part] {
    let order = keys.indices.sorted { keys[$0] != keys[$1] ? keys[$0] < keys[$1] : $0 < $1 }
    let count = keys.count
    let forTest = Int((Double(count) * test).rounded())
    let forValidation = Int((Double(count) * validation).rounded())
    var parts = [Part](repeating: .train, count: count)
    for row in order.suffix(forTest) { parts[row] = .test }
    for row in order.dropLast(forTest).suffix(forValidation) { parts[row] = .validation }
    return parts
  }

  /// The number of samples that each stratum gives: the whole part of its share, then one
  /// more for the largest remainders until the total is reached (Hamilton's method). A
  /// stratum always keeps its last sample.
  private static func quotas(_ fraction: Double, of strata: [Int], taken: [Int]) -> [Int] {
    guard fraction > 0 else { return strata.map { _ in 0 } }
    let shares = strata.map { Double($0) * fraction }
    var quotas = strata.indices.map { min(Int(shares[$0]), max(0, strata[$0] - taken[$0] - 1)) }
    let total = Int((Double(strata.reduce(0, +)) * fraction).rounded())
    let order = strata.indices.sorted { a, b in
      let (x, y) = (shares[a] - Double(quotas[a]), shares[b] - Double(quotas[b]))
      return x != y ? x > y : a < b
    }
    var missing = total - quotas.reduce(0, +)
    while missing > 0 {
      let open = order.filter { taken[$0] + quotas[$0] + 1 < strata[$0] }.prefix(missing)
      if open.isEmpty { break }
      for stratum in open { quotas[stratum] += 1 }
      missing -= open.count
    }
    return quotas
  }

  /// Divides the chosen rows of a source.
  func rows(of source: SourceRows, _ chosen: [Int], classes: [Int]?, seed: UInt64) throws -> Rows {
    guard !chosen.isEmpty else {
      throw Diagnostic("every row has a missing cell", at: location)
    }
    if let parts = source.parts {
      let hasOther = validation > 0 || test > 0 || isOrdered || group != nil || folds != nil
      guard column != nil || !hasOther else {
        throw Diagnostic(
          "a column has the role 'split'; a split uses fractions or a column, not both",
          at: location)
      }
      return try Split.rows(of: parts, chosen, at: location)
    }
    let parts: [Part]
    if isOrdered {
      parts = self.parts(orderedBy: chosen.map { source.splitKeys?[$0] ?? Double($0) })
    } else if group != nil, let groups = source.splitKeys {
      parts = try self.parts(ofGroups: chosen.map { groups[$0] }, seed: seed)
    } else {
      parts = try self.parts(
        count: chosen.count, classes: classes.map { classes in chosen.map { classes[$0] } },
        seed: seed)
    }
    let rows = Rows(chosen, parts: parts)
    try check(rows, of: chosen.count)
    return rows
  }

  /// Throws if a requested part is empty.
  private func check(_ rows: Rows, of count: Int) throws {
    for (name, fraction, part) in [
      ("validation", validation, rows.validation), ("test", test, rows.test),
    ] where fraction > 0 && part.isEmpty {
      let reason =
        if (Double(count) * fraction).rounded() < 1 {
          "; raise it"
        } else if group != nil {
          ", because the samples of a group stay together"
        } else if isStratified {
          ", because every class keeps a sample for training"
        } else {
          ", because a sample is left for training"
        }
      throw Diagnostic(
        "\(name) \(shortest(fraction)) of \(counted(count, "sample")) is none\(reason)",
        at: location)
    }
    guard !rows.train.isEmpty else {
      throw Diagnostic(
        "the split leaves none of \(counted(count, "sample")) for training", at: location)
    }
  }

  /// Divides the rows by the words of a column.
  private static func rows(
    of parts: [Part], _ chosen: [Int], at location: SourceLocation?
  ) throws -> Rows {
    let rows = Rows(chosen, parts: chosen.map { parts[$0] })
    guard !rows.train.isEmpty else {
      throw Diagnostic("the split's column marks no row as 'train'", at: location)
    }
    return rows
  }
}
