/// Reads PGM and PPM images: P2 and P3 as text, P5 and P6 as bytes.
enum NetpbmReader {
  static func read(_ bytes: [UInt8], path: String) throws(DataError) -> PixelImage {
    func malformed(_ message: String) -> DataError {
      DataError(.malformed, path: path, message, remedy: "Write the image again")
    }
    let channels = bytes[1] == UInt8(ascii: "3") || bytes[1] == UInt8(ascii: "6") ? 3 : 1
    let isText = bytes[1] == UInt8(ascii: "2") || bytes[1] == UInt8(ascii: "3")
    var position = 2
    func number() -> Int? {
      while position < bytes.count {
        if bytes[position] == UInt8(ascii: "#") {
          while position < bytes.count, bytes[position] != 0x0a { position += 1 }
        } else if bytes[position] == 0x20 || (0x09...0x0d).contains(bytes[position]) {
          position += 1
        } else {
          break
        }
      }
      var value = 0
      let start = position
      while position < bytes.count, (0x30...0x39).contains(bytes[position]), value < 1 << 32 {
        value = value * 10 + Int(bytes[position] - 0x30)
        position += 1
      }
      return position > start ? value : nil
    }
    guard let width = number(), let height = number(), let highest = number() else {
      throw malformed("the header lacks width, height or the highest value")
    }
    guard
      width > 0, height > 0, width <= PixelImage.maximumPixels,
      height <= PixelImage.maximumPixels / width, (1...65535).contains(highest)
    else { throw malformed("\(width) × \(height) pixels up to \(highest) are impossible") }
    let count = width * height * channels
    // A sample takes at least a byte, in text two.
    let unit = isText || highest > 255 ? 2 : 1
    position += isText ? 0 : 1
    guard position <= bytes.count, (bytes.count - position + (isText ? 1 : 0)) / unit >= count
    else {
      throw DataError(
        .truncated, path: path, "\(width) × \(height) pixels take more bytes than there are",
        remedy: "Copy the file again")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count)
    for index in 0..<count {
      let value: Int
      if isText {
        guard let sample = number() else { throw malformed("sample \(index) is no number") }
        value = sample
      } else if unit == 2 {
        let place = position + 2 * index
        guard place + 1 < bytes.count else { throw malformed("the last sample is cut short") }
        value = Int(bytes[place]) << 8 | Int(bytes[place + 1])
      } else {
        value = Int(bytes[position + index])
      }
      guard value <= highest else { throw malformed("sample \(index) is above \(highest)") }
      pixels.append(highest == 255 ? UInt8(value) : UInt8((value * 255 + highest / 2) / highest))
    }
    return PixelImage(width: width, height: height, channels: channels, bytes: pixels)
  }
}
