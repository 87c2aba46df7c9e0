import Files
import NNExp
import Testing

@testable import Serving

@Suite struct ComparisonTests {
  private let settings: [[(name: String, value: String)]] = [
    [("seed", "1"), ("train.epochs", "10"), ("data.csv.path", "a.csv")],
    [("seed", "1"), ("train.epochs", "20"), ("data.csv.path", "a.csv"), ("train.l2", "0.1")],
  ]

  @Test func onlyWhatDiffersIsShown() {
    let table = SettingsTable(settings, showsAll: false)
    #expect(
      table.rows == [
        ComparedRow("train.epochs", ["10", "20"]), ComparedRow("train.l2", ["", "0.1"]),
      ])
    #expect(table.count == 4)
  }

  @Test func everythingIsShownOnRequest() {
    #expect(
      SettingsTable(settings, showsAll: true).rows.map(\.name) == [
        "seed", "train.epochs", "data.csv.path", "train.l2",
      ])
    #expect(SettingsTable([settings[0], settings[0]], showsAll: false).rows == [])
  }

  @Test func thePageHasCurvesSettingsAndResults() throws {
    let runs = ServedRuns()
    runs.add("a/run-0001", best: 0.25, settings: "seed: 1\ntrain: {epochs: 2}\n")
    runs.add("a/run-0002", best: 0.5, settings: "seed: 2\ntrain: {epochs: 2}\n")
    let page = try runs.get("/compare", "run=a/run-0001&run=a/run-0002")
    #expect(page.status == 200)
    #expect(page.text.contains("<svg"))
    #expect(page.text.contains("<th scope=\"row\">seed</th><td class=\"number\">1</td>"))
    #expect(!page.text.contains("<th scope=\"row\">train.epochs</th>"))
    #expect(page.text.contains("<td class=\"number best\">0.25</td><td class=\"number\">0.5</td>"))
    let all = try runs.get("/compare", "run=a/run-0001&run=a/run-0002&all=1&smooth=3&log=1")
    #expect(all.text.contains("<th scope=\"row\">train.epochs</th>"))
  }

  @Test func tooManyRunsAreRefused() throws {
    let runs = ServedRuns()
    runs.add("a/run-0001")
    let query = [String](repeating: "run=a/run-0001", count: 21).joined(separator: "&")
    let page = try runs.get("/compare", query)
    #expect(page.status == 400)
    #expect(page.text.contains("21 runs are selected; the page compares at most 20"))
    #expect(try runs.get("/compare").status == 400)
  }
}

@Suite struct URLTextTests {
  @Test func encodingAndDecodingAreInverse() {
    for text in ["a/b", "ä ö", "%", "a+b&c=d?#", "\u{0}\n", "日本/run-0001", ""] {
      #expect(URLText.decoded(Escaping.url(text)) == text)
      let query = "x=" + Escaping.url(text)
      #expect(QueryFields(query)["x"] == text)
      #expect(QueryFields("").setting("x", text).text == "?" + query)
    }
  }

  @Test func wrongEncodingsHaveNoText() {
    for text in ["%", "%1", "%G0", "%0g", "%FF", "%C3", "a%"] {
      #expect(URLText.decoded(text) == nil, "\(text)")
    }
    #expect(QueryFields("a=%FF&b=1&c&=d&b=2").text == "?b=1&c=&=d&b=2")
    #expect(QueryFields("b=1&b=2")["b"] == "2")
  }
}
