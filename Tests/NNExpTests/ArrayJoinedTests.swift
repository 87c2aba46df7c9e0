import NNExp
import Testing

@Test(arguments: [[], [""], ["a"], ["", ""], ["a", "", "é"]], ["", ", "])
func textsAreJoinedAsTheStandardLibraryDoes(_ texts: [String], _ separator: String) {
  let any = AnyBidirectionalCollection(texts)
  #expect(texts.joined(separator: separator) == any.joined(separator: separator))
}
