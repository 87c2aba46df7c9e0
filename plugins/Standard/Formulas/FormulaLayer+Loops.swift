import NNExp

extension FormulaLayer {
  /// The tensors of a pass in either direction.
  struct PassTensors<S: Scalar> {
    let inputs: Tensors<S>
    let y: Tensor<S>
    let dInputs: Tensors<S>?
    let dy: Tensor<S>?

    init(_ pass: ForwardPass<S>) {
      (inputs, y, dInputs, dy) = (pass.inputs, pass.y, nil, nil)
    }

    init(_ pass: BackwardPass<S>) {
      (inputs, y, dInputs, dy) = (pass.inputs, pass.y, pass.dInputs, pass.dy)
    }

    /// The shape that the parameters are spread over.
    func sample(of layer: FormulaLayer) -> Shape {
      switch layer.formula.grouping {
      case .none: layer.formula.hasEntries ? y.shape : inputs[0].shape
      case .sample: inputs[0].shape
      case .window: y.shape
      }
    }

    /// The entries of a group.
    func entries(of layer: FormulaLayer) -> Int {
      switch layer.formula.grouping {
      case .none: 1
      case .sample: inputs[0].shape.count
      case .window: layer.windowEntries(over: inputs[0].shape)
      }
    }
  }

  // MARK: Every number by itself

  func loopOverEntries<S>(
    _ run: inout StripRun<S>, _ tensors: PassTensors<S>, samples: Int
  ) {
    let count = tensors.sample(of: self).count
    if let dy = tensors.dy { run.set(.cotangent, to: dy.start) }
    run.set(.output, to: tensors.y.start)
    var isBroadcast = false
    for k in 0..<tensors.inputs.count {
      let x = tensors.inputs[k]
      if x.shape.count == count {
        run.set(.input(k), to: x.start)
        if let dx = tensors.dInputs?[k] { run.set(.inputGradient(k), to: dx.start) }
      } else {
        isBroadcast = true
      }
    }
    guard isBroadcast else {
      let columns = run.isOneStrip ? samples * count : run.width
      for first in stride(from: 0, to: samples * count, by: columns) {
        run.runStrip(from: first, columns: min(columns, samples * count - first))
      }
      return
    }
    loopOverBroadcast(&run, tensors, count: count, total: samples * count)
  }

  /// Inputs that are repeated are copied strip by strip, with a table of the positions of a sample's
  /// numbers in the input.
  private func loopOverBroadcast<S>(
    _ run: inout StripRun<S>, _ tensors: PassTensors<S>, count: Int, total: Int
  ) {
    let width = run.width
    let strips = run.take(2 * tensors.inputs.count * width)
    let tables = run.take(tensors.inputs.count * count)
    func table(_ k: Int) -> UnsafeMutablePointer<Int32> {
      UnsafeMutableRawPointer(tables + k * count).assumingMemoryBound(to: Int32.self)
    }
    for k in 0..<tensors.inputs.count where tensors.inputs[k].shape.count != count {
      run.set(.input(k), to: strips + 2 * k * width, period: 1)
      run.set(.inputGradient(k), to: strips + (2 * k + 1) * width, period: 1)
      let axes = BroadcastAxes(tensors.inputs[k].shape, over: tensors.sample(of: self))
      let positions = table(k)
      axes.forEachNumber { positions[$0] = Int32(truncatingIfNeeded: $1) }
    }
    /// Calls `body` with the offset of each column's number in an input.
    func forEachColumn(_ k: Int, from first: Int, _ columns: Int, _ body: (Int, Int) -> Void) {
      let (own, positions) = (tensors.inputs[k].shape.count, table(k))
      var (sample, entry) = first.quotientAndRemainder(dividingBy: count)
      var c = 0
      while c < columns {
        let end = min(columns, c &+ count &- entry)
        let (start, line) = (sample &* own, positions + (entry &- c))
        for column in c..<end { body(column, start &+ Int(line[column])) }
        (c, entry, sample) = (end, 0, sample &+ 1)
      }
    }
    for first in stride(from: 0, to: total, by: width) {
      let columns = min(width, total - first)
      for k in 0..<tensors.inputs.count where tensors.inputs[k].shape.count != count {
        let (x, strip) = (tensors.inputs[k].start, strips + 2 * k * width)
        forEachColumn(k, from: first, columns) { c, position in
          strip[c] = x[position]
          strip[width &+ c] = 0
        }
      }
      run.runStrip(from: first, columns: columns)
      guard let dInputs = tensors.dInputs else { continue }
      for k in 0..<tensors.inputs.count where tensors.inputs[k].shape.count != count {
        let (dx, strip) = (dInputs[k].start, strips + (2 * k + 1) * width)
        forEachColumn(k, from: first, columns) { c, position in dx[position] += strip[c] }
      }
    }
  }

  // MARK: All numbers of a sample

  func loopOverSamples<S>(
    _ run: inout StripRun<S>, _ tensors: PassTensors<S>, samples: Int
  ) {
    let (width, entries) = (run.width, run.entries)
    if let place = run.place(of: .entryCount) {
      place.update(repeating: S(entries), count: width)
    }
    if !formula.hasEntries {
      run.set(.output, to: tensors.y.start)
      if let dy = tensors.dy { run.set(.cotangent, to: dy.start) }
    }
    for first in stride(from: 0, to: samples, by: width) {
      let columns = min(width, samples - first)
      for k in 0..<tensors.inputs.count {
        run.gather(.input(k), from: tensors.inputs[k], first: first, columns: columns)
      }
      if let dy = tensors.dy, formula.hasEntries {
        run.gather(.cotangent, from: dy, first: first, columns: columns)
        run.gather(.output, from: tensors.y, first: first, columns: columns)
      }
      run.runStrip(from: first, columns: columns)
      if let dInputs = tensors.dInputs {
        for k in 0..<tensors.inputs.count {
          run.scatter(.inputGradient(k), to: dInputs[k], first: first, columns: columns, adds: true)
        }
      } else if formula.hasEntries {
        run.scatter(.output, to: tensors.y, first: first, columns: columns, adds: false)
      }
    }
  }

  /// One sample after the other, without copies.
  func loopInPlace<S>(_ run: inout StripRun<S>, _ tensors: PassTensors<S>, samples: Int) {
    let (width, count) = (run.width, tensors.inputs[0].shape.count)
    run.place(of: .entryCount)?.update(repeating: S(count), count: width)
    for k in 0..<tensors.inputs.count {
      run.set(.input(k), to: tensors.inputs[k].start)
      if let dInputs = tensors.dInputs { run.set(.inputGradient(k), to: dInputs[k].start) }
    }
    let y = tensors.y
    if formula.hasEntries {
      run.set(.output, to: y.start)
      if let dy = tensors.dy { run.set(.cotangent, to: dy.start) }
    }
    // One number per sample is in every column of a register.
    let output = formula.hasEntries ? nil : run.place(of: .output)
    let slope = formula.hasEntries ? nil : run.place(of: .cotangent)
    for sample in 0..<samples {
      if let dy = tensors.dy {
        slope?.update(repeating: dy[sample], count: width)
        output?.update(repeating: y[sample], count: width)
      }
      run.runStrip(from: sample &* count, columns: width)
      if tensors.dy == nil, let output { y[sample] = output[0] }
    }
  }

  // MARK: Windows

  func loopOverWindows<S>(
    _ run: inout StripRun<S>, _ tensors: PassTensors<S>, samples: Int
  ) {
    guard let pooling else { return }
    let width = run.width
    let x = tensors.inputs[0]
    run.set(.output, to: tensors.y.start)
    if let dy = tensors.dy { run.set(.cotangent, to: dy.start) }
    let (input, output) = (x.shape, tensors.y.shape)
    let table = WindowTable<S>(pooling, from: input, to: output, width: width) { run.take($0) }
    let rows =
      table == nil ? WindowRows<S>(pooling, from: input, to: output, width: width) : nil
    let block = run.place(of: .input(0))
    let valid = run.place(of: .isValid)
    let counts = run.place(of: .entryCount)
    let gradients = run.place(of: .inputGradient(0))
    let total = tensors.y.count
    for first in stride(from: 0, to: total, by: width) {
      let windows = first..<min(first + width, total)
      if let table {
        table.gather(x.start, windows, into: block, valid: valid, counts: counts)
      } else {
        rows?.gather(x.start, windows, into: block, valid: valid, counts: counts)
      }
      run.runStrip(from: first, columns: windows.count)
      guard let dx = tensors.dInputs?[0], let gradients else { continue }
      if let table {
        table.scatter(gradients, windows, to: dx.start)
      } else {
        rows?.scatter(gradients, windows, to: dx.start)
      }
    }
  }

  fileprivate func windowEntries(over shape: Shape) -> Int {
    pooling?.mostEntries(over: shape) ?? 1
  }
}

extension StripRun {
  /// Copies the numbers of samples to a register: a row per entry.
  func gather(_ port: StripProgram.Port, from tensor: Tensor<S>, first: Int, columns: Int) {
    guard let block = place(of: port) else { return }
    S.transpose(
      tensor.start + first * entries, rows: columns, columns: entries, xStep: entries, into: block,
      yStep: width, adds: false)
  }

  /// Copies a register to the numbers of samples, or adds it.
  func scatter(
    _ port: StripProgram.Port, to tensor: Tensor<S>, first: Int, columns: Int, adds: Bool
  ) {
    guard let block = place(of: port) else { return }
    S.transpose(
      block, rows: entries, columns: columns, xStep: width, into: tensor.start + first * entries,
      yStep: entries, adds: adds)
  }
}
