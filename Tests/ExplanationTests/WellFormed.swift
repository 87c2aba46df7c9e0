import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// True if an XML parser accepts the text.
func isWellFormed(_ text: String) -> Bool {
  XMLParser(data: Data(text.utf8)).parse()
}
