import Archives
import Foundation

/// Reads PNG images of every kind that the standard has (ISO/IEC 15948), interlaced ones among them.
enum PNGReader {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  private struct Header {
    let width, height, depth, kind: Int
    let isInterlaced: Bool

    /// Samples of a pixel in the file.
    var samples: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][kind] ?? 1 }
    func rowBytes(_ width: Int) -> Int { (width * samples * depth + 7) / 8 }
  }

  static func read(_ bytes: [UInt8], path: String) throws(DataError) -> PixelImage {
    func fault(_ message: String, _ problem: DataError.Problem = .malformed) -> DataError {
      DataError(problem, path: path, message, remedy: "Copy or write the image again")
    }
    func number(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    var header: Header?
    var palette: [UInt8] = []
    var opacity: [UInt8]?
    var compressed = Data()
    var position = 8
    var isEnded = false
    while !isEnded {
      guard bytes.count - position >= 12 else { throw fault("the file is cut short", .truncated) }
      let length = number(position)
      guard length <= bytes.count - position - 12 else {
        throw fault("a block of \(length) bytes reaches beyond the end", .truncated)
      }
      let name = String(decoding: bytes[position + 4..<position + 8], as: UTF8.self)
      let body = position + 8..<position + 8 + length
      let sum = bytes.withUnsafeBytes {
        crc32(of: UnsafeRawBufferPointer(rebasing: $0[position + 4..<body.upperBound]))
      }
      guard Int(sum) == number(body.upperBound) else {
        throw fault("the checksum of block \(name) is wrong")
      }
      switch name {
      case "IHDR":
        guard length == 13 else { throw fault("the header has \(length) bytes") }
        header = Header(
          width: number(body.lowerBound), height: number(body.lowerBound + 4),
          depth: Int(bytes[body.lowerBound + 8]), kind: Int(bytes[body.lowerBound + 9]),
          isInterlaced: bytes[body.lowerBound + 12] == 1)
      case "PLTE": palette = Array(bytes[body])
      case "tRNS": opacity = Array(bytes[body])
      case "IDAT": compressed += bytes[body]
      case "IEND": isEnded = true
      default:
        // A capital letter marks a block without which the image cannot be read.
        if bytes[position + 4] & 0x20 == 0 { throw fault("block \(name) is not known") }
      }
      position = body.upperBound + 4
    }
    guard let header else { throw fault("there is no header") }
    let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard
      depths[header.kind]?.contains(header.depth) == true, header.width > 0, header.height > 0,
      header.height <= PixelImage.maximumPixels / header.width
    else {
      throw fault(
        "\(header.width) × \(header.height) pixels of kind \(header.kind) with \(header.depth) bits "
          + "are impossible")
    }
    let passes = Pass.all(of: header.width, header.height, isInterlaced: header.isInterlaced)
    let size = passes.reduce(0) { $0 + (header.rowBytes($1.width) + 1) * $1.height }
    let rows: [UInt8]
    do {
      rows = [UInt8](try Zlib.decompress(compressed, limit: size + 1))
    } catch {
      throw fault("the pixels are \(error)")
    }
    guard rows.count == size else {
      throw fault("\(rows.count) of \(size) bytes of pixels", .truncated)
    }
    guard let samples = unfiltered(rows, header, passes) else {
      throw fault("a row has an unknown filter")
    }
    return try image(samples, header, palette, opacity, fault)
  }

  /// A part of an image, of which an interlaced file has seven.
  private struct Pass {
    let x, y, dx, dy, width, height: Int

    static func all(of width: Int, _ height: Int, isInterlaced: Bool) -> [Pass] {
      let grids =
        isInterlaced
        ? [
          (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2),
        ] : [(0, 0, 1, 1)]
      return grids.map { x, y, dx, dy in
        Pass(
          x: x, y: y, dx: dx, dy: dy, width: max(0, width - x + dx - 1) / dx,
          height: max(0, height - y + dy - 1) / dy)
      }.filter { $0.width > 0 && $0.height > 0 }
    }
  }

  /// The samples of all pixels, those of 16 bits by their upper bytes; nil for a filter that there is not.
  private static func unfiltered(_ bytes: [UInt8], _ header: Header, _ passes: [Pass]) -> [UInt8]? {
    let step = max(1, header.samples * header.depth / 8)
    var result = [UInt8](repeating: 0, count: header.width * header.height * header.samples)
    var position = 0
    for pass in passes {
      let length = header.rowBytes(pass.width)
      var above = [UInt8](repeating: 0, count: length)
      var row = above
      for y in 0..<pass.height {
        let filter = bytes[position]
        for index in 0..<length {
          let left = index >= step ? row[index - step] : 0
          let upper = above[index]
          let corner = index >= step ? above[index - step] : 0
          let guess: UInt8
          switch filter {
          case 0: guess = 0
          case 1: guess = left
          case 2: guess = upper
          case 3: guess = UInt8((Int(left) + Int(upper)) / 2)
          case 4: guess = paeth(Int(left), Int(upper), Int(corner))
          default: return nil
          }
          row[index] = bytes[position + 1 + index] &+ guess
        }
        position += 1 + length
        for x in 0..<pass.width {
          let pixel =
            ((pass.y + y * pass.dy) * header.width + pass.x + x * pass.dx) * header.samples
          for sample in 0..<header.samples {
            result[pixel + sample] = value(of: row, x * header.samples + sample, header.depth)
          }
        }
        swap(&above, &row)
      }
    }
    return result
  }

  private static func value(of row: [UInt8], _ index: Int, _ depth: Int) -> UInt8 {
    switch depth {
    case 8: return row[index]
    case 16: return row[2 * index]
    default:
      let bit = index * depth
      return row[bit / 8] >> UInt8(8 - depth - bit % 8) & UInt8((1 << depth) - 1)
    }
  }

  /// Which of three neighbours is nearest to left + upper − corner.
  private static func paeth(_ left: Int, _ upper: Int, _ corner: Int) -> UInt8 {
    let estimate = left + upper - corner
    let (a, b, c) = (abs(estimate - left), abs(estimate - upper), abs(estimate - corner))
    return UInt8(a <= b && a <= c ? left : b <= c ? upper : corner)
  }

  private static func image(
    _ samples: [UInt8], _ header: Header, _ palette: [UInt8], _ opacity: [UInt8]?,
    _ fault: (String, DataError.Problem) -> DataError
  ) throws(DataError) -> PixelImage {
    var channels = header.samples
    var pixels = samples
    if header.kind == 3 {
      channels = opacity == nil ? 3 : 4
      pixels = []
      pixels.reserveCapacity(samples.count * channels)
      for sample in samples {
        let entry = Int(sample) * 3
        guard entry + 2 < palette.count else {
          throw fault(
            "a pixel has color \(sample) of a palette of \(palette.count / 3)", .malformed)
        }
        pixels += palette[entry..<entry + 3]
        if let opacity { pixels.append(Int(sample) < opacity.count ? opacity[Int(sample)] : 255) }
      }
    } else if header.depth < 8 {
      let scale = UInt8(255 / ((1 << header.depth) - 1))
      pixels = samples.map { $0 * scale }
    }
    return PixelImage(
      width: header.width, height: header.height, channels: channels, bytes: pixels)
  }
}
