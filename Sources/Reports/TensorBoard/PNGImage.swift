import Archives
import CZlib
import Foundation
import Tensors

/// A picture as a PNG file (ISO/IEC 15948): 8 bits a channel, not interlaced, rows unfiltered.
struct PNGImage {
  let height: Int
  let width: Int
  /// 3 for red, green and blue, 4 with opacity.
  let channels: Int
  /// The file.
  let bytes: [UInt8]

  /// A picture from its channels' values, row by row, pixel by pixel.
  init(_ pixels: [UInt8], height: Int, width: Int, channels: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
    var rows: [UInt8] = []
    rows.reserveCapacity(height * (width * channels + 1))
    for row in 0..<height {
      // Each row begins with its filter.
      rows.append(0)
      rows += pixels[row * width * channels..<(row + 1) * width * channels]
    }
    func number(_ value: Int) -> [UInt8] {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { Array($0) }
    }
    func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
      let checked = Array(name.utf8) + content
      let checksum = checked.withUnsafeBytes { crc32(of: $0) }
      return number(content.count) + checked + number(Int(checksum))
    }
    let colour: UInt8 = channels == 4 ? 6 : 2
    bytes =
      [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
      + chunk("IHDR", number(width) + number(height) + [8, colour, 0, 0, 0])
      + chunk("IDAT", Self.deflated(rows)) + chunk("IEND", [])
  }

  /// The bytes as a zlib stream.
  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var length = compressBound(uLong(bytes.count))
    return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      // There is room for the longest stream, so that memory alone could be lacking.
      let status = compress(buffer.baseAddress, &length, bytes, uLong(bytes.count))
      require(status == Z_OK, "PNGImage", "zlib's compress failed with \(status)")
      count = Int(length)
    }
  }
}
