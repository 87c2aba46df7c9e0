import Foundation
import NNExp
import TestSupport
import Testing

@testable import Results

private func text(_ csv: CSVText) -> String { String(decoding: csv.bytes, as: UTF8.self) }

@Test func cellsOfEveryKindAreWritten() {
  var csv = CSVText(columns: ["epoch", "train_loss", "validation_loss", "note"])
  csv.append([1, 0.25, nil, "fine"])
  csv.append([2, .number(1e-10), .number(.nan), ""])
  csv.append([.int(.min), .float(0.1), .number(-.infinity), "a,b"])
  csv.append([.int(.max), .number(0.1 + 0.2), .number(.infinity), "say \"so\""])
  csv.append([0, .number(-0.0), .number(1e300), "two\nlines\r"])
  #expect(
    text(csv) == """
      epoch,train_loss,validation_loss,note
      1,0.25,,fine
      2,1e-10,nan,
      -9223372036854775808,0.1,-inf,"a,b"
      9223372036854775807,0.30000000000000004,inf,"say ""so""\"
      0,-0,1e+300,"two
      lines\r"

      """)
}

/// Faults 49, 50: names that look alike are different, and a mark does not hide a quote.
@Test func cellsAreWrittenByteForByte() {
  var csv = CSVText(columns: ["é", "e\u{301}"])
  csv.append(["\"\u{301}", ",\u{301}"])
  #expect(text(csv).hasSameBytes(as: "é,e\u{301}\n\"\"\"\u{301}\",\",\u{301}\"\n"))
}

@Test func headersAreQuoted() {
  #expect(text(CSVText(columns: ["a,b", "c\"d"])) == "\"a,b\",\"c\"\"d\"\n")
}

@Test func aRowOfOneEmptyCellIsNotAnEmptyLine() {
  var csv = CSVText(columns: ["only"])
  csv.append([nil])
  csv.append([""])
  csv.append([1])
  #expect(text(csv) == "only\n\"\"\n\"\"\n1\n")
}

// The sign and payload of a NaN depend on the processor, but the bytes of a file must not.
@Test func everyNaNIsWrittenAlike() {
  var csv = CSVText(columns: ["a", "b", "c"])
  csv.append([
    .number(-.nan), .number(Double(nan: 77, signaling: true)),
    .float(Float(nan: 5, signaling: false)),
  ])
  #expect(text(csv) == "a,b,c\nnan,nan,nan\n")
}

@Test func aFileGrowsByWholeRows() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  let csv = try CSVWriter("metrics.csv", columns: ["epoch", "train_loss"], in: run)
  func onDisk() -> String { scratch.text("results/xor/run-0001/metrics.csv") }
  #expect(onDisk() == "")
  try csv.append([1, 0.5])
  #expect(onDisk() == "" && csv.length == 0)
  try csv.flush()
  #expect(onDisk() == "epoch,train_loss\n1,0.5\n")
  try csv.append([2, 0.25])
  try csv.synchronize()
  #expect(onDisk() == "epoch,train_loss\n1,0.5\n2,0.25\n")
  #expect(csv.length == onDisk().utf8.count)
}

@Test func manyRowsAreWrittenWithoutAFlush() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  let csv = try CSVWriter("metrics.csv", columns: ["epoch"], in: run)
  var expected = "epoch\n"
  for epoch in 0..<50_000 {
    try csv.append([.int(epoch)])
    expected += "\(epoch)\n"
  }
  let before = scratch.bytes("results/xor/run-0001/metrics.csv")
  #expect(before.count > 1 << 16)
  #expect(before.last == UInt8(ascii: "\n"))
  try csv.flush()
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == expected)
}

@Test func waitingRowsAreWrittenAtTheEnd() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  do {
    let csv = try CSVWriter("metrics.csv", columns: ["epoch"], in: run)
    try csv.append([1])
  }
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == "epoch\n1\n")
}

@Test func aCSVFileIsNotOverwritten() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try run.write("mine", to: "metrics.csv")
  #expect(
    thrown(replacing: scratch.path) { try CSVWriter("metrics.csv", columns: ["epoch"], in: run) }
      == "3 error: cannot create '$/results/xor/run-0001/metrics.csv': File exists")
  #expect(scratch.text("results/xor/run-0001/metrics.csv") == "mine")
}

@Test func timingRowsHaveRates() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  let timing = try TimingWriter(in: run)
  try timing.append(epoch: 1, seconds: 0.25, samples: 1000)
  try timing.append(epoch: 2, seconds: 0.000_000_3, samples: 4)
  try timing.append(epoch: 3, seconds: 0, samples: 4)
  try timing.flush()
  #expect(
    scratch.text("results/xor/run-0001/timing.csv") == """
      epoch,seconds,samples_per_second
      1,0.25,4000
      2,3e-07,13333333
      3,0,

      """)
}
