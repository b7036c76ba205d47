import Foundation
import Tensors

/// Reads images: PNG, PPM and PGM by itself, JPEG by libturbojpeg where that is installed.
public enum ImageFile {
  /// An image as a tensor (`torchvision.io.read_image`). The format is told by the file's first bytes.
  /// - Parameters:
  ///   - path: The file.
  ///   - mode: Which channels are wanted.
  /// - Returns: `uint8 [channels, height, width]`; of 16-bit files the upper bytes.
  /// - Throws: ``DataError`` where the file is missing, damaged or of a kind that is not read.
  public static func read(
    path: String, mode: ImageMode = .unchanged
  ) throws(DataError) -> Tensor {
    try decode(SourceFile.contents(of: path), path: path, mode: mode)
  }

  /// An image that is in memory.
  /// - Parameters:
  ///   - data: The bytes of an image file.
  ///   - path: What errors call it.
  ///   - mode: The channels that are wanted; by default those of the file.
  public static func decode(
    _ data: Data, path: String = "", mode: ImageMode = .unchanged
  ) throws(DataError) -> Tensor {
    try pixels(of: data, path: path).converted(to: mode).tensor
  }

  /// The endings of files that ``read(path:mode:)`` takes.
  public static let extensions = ["jpg", "jpeg", "png", "ppm", "pgm"]

  private static func pixels(of data: Data, path: String) throws(DataError) -> PixelImage {
    let bytes = [UInt8](data)
    if bytes.starts(with: PNGReader.signature) {
      return try PNGReader.read(bytes, path: path)
    }
    if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      return try JPEGLibrary.read(bytes, path: path)
    }
    if bytes.count > 2, bytes[0] == UInt8(ascii: "P"), [0x32, 0x33, 0x35, 0x36].contains(bytes[1]) {
      return try NetpbmReader.read(bytes, path: path)
    }
    throw DataError(
      .malformed, path: path, "this is no PNG, JPEG, PPM or PGM image",
      remedy: "Convert it to PNG or JPEG, or leave it out")
  }
}
