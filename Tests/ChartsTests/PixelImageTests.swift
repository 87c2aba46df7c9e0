import Charts
import Testing

/// Images of pixels as PNG files.
@Suite struct PixelImageTests {
  /// The file that Python's zlib and struct write for the levels 0, 128, 255 and 0.
  @Test func aFileIsThatOfAnotherEncoder() throws {
    let image = try #require(PixelImage([-1, 0, 1, .nan], planes: 1, rows: 2, columns: 2))
    #expect(
      image.dataURI
        == "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAAEUlEQVR4AQEGAPn/"
        + "AACAAP8ABAQBgBRpuiIAAAAASUVORK5CYII=")
  }

  @Test func largeImagesKeepEveryNthPixel() throws {
    let image = try #require(
      PixelImage(Array(repeating: 0.5, count: 3 * 300 * 200), planes: 3, rows: 300, columns: 200))
    #expect(image.rows == 100 && image.columns == 67)
    #expect(image.png.count < 21_000)
  }

  @Test func otherShapesAreNoImages() {
    #expect(PixelImage([1, 2], planes: 2, rows: 1, columns: 1) == nil)
    #expect(PixelImage([], planes: 1, rows: 0, columns: 1) == nil)
    #expect(PixelImage([1], planes: 1, rows: 1, columns: 2) == nil)
  }
}
