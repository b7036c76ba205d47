import Tensors

/// An image as files hold it: bytes of pixels in rows from the top, a pixel's channels side by side.
struct PixelImage {
  /// The most pixels of an image that is read, as Pillow limits them by default.
  static let maximumPixels = 178_956_970

  let width, height: Int
  /// 1 gray, 2 gray and opacity, 3 red, green and blue, 4 the same and opacity.
  let channels: Int
  var bytes: [UInt8]

  /// The image in the channels that a mode asks for; opacity is left out, as Pillow's `convert("RGB")` does.
  func converted(to mode: ImageMode) -> PixelImage {
    let wanted =
      switch mode {
      case .unchanged: channels
      case .gray: 1
      case .rgb: 3
      }
    if wanted == channels { return self }
    var result = [UInt8](repeating: 0, count: width * height * wanted)
    for pixel in 0..<width * height {
      let from = pixel * channels
      if wanted == 1, channels >= 3 {
        // ITU-R 601-2 in 16-bit fixed point, rounded as Pillow does.
        let luma =
          Int(bytes[from]) * 19595 + Int(bytes[from + 1]) * 38470 + Int(bytes[from + 2]) * 7471
        result[pixel] = UInt8((luma + 0x8000) >> 16)
      } else {
        for channel in 0..<wanted {
          result[pixel * wanted + channel] = bytes[from + (channels >= 3 ? channel : 0)]
        }
      }
    }
    return PixelImage(width: width, height: height, channels: wanted, bytes: result)
  }

  /// `uint8 [channels, height, width]`.
  var tensor: Tensor {
    Tensor(bytes, shape: [height, width, channels]).permuted(2, 0, 1).contiguous()
  }
}

/// Which channels an image is read with (`torchvision.io.ImageReadMode`).
public enum ImageMode: Sendable {
  /// Those of the file.
  case unchanged
  /// One: its brightness.
  case gray
  /// Red, green and blue.
  case rgb
}
