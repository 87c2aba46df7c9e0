import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// True if an XML parser takes the text.
func isWellFormed(_ text: String) -> Bool {
  XMLParser(data: Data(text.utf8)).parse()
}
