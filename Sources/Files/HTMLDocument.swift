/// A whole HTML document: the frame that all pages have in common.
///
/// - Parameters:
///   - title: the text of the title, which is escaped here.
///   - head: further elements at the end of the head, each with a line end.
///   - body: the elements of the body, each with a line end.
public func htmlDocument(title: String, style: String, head: String = "", body: String) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8"/>
  <meta name="viewport" content="width=device-width, initial-scale=1"/>
  <meta name="color-scheme" content="light dark"/>
  <title>\(Escaping.xml(title))</title>
  <style>
  \(style)
  </style>
  \(head)</head>
  <body>
  \(body)</body>
  </html>

  """
}
