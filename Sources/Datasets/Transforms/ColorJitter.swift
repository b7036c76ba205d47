import Tensors

/// Brightness, contrast, saturation and hue, changed at random and in random order (`ColorJitter`).
public struct ColorJitter: ImageTransform {
  private let brightness, contrast, saturation, hue: ClosedRange<Double>?

  /// - Parameters:
  ///   - brightness: The factor is between 1 − b and 1 + b; 0 for no change, as for the others.
  ///   - contrast: The same, about the mean brightness.
  ///   - saturation: The same, about gray.
  ///   - hue: The turn is between −h and h of the whole circle, h at most 0.5.
  public init(
    brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0
  ) {
    require(
      brightness >= 0 && contrast >= 0 && saturation >= 0 && (0...0.5).contains(hue), "ColorJitter",
      "factors must not be negative, nor the hue above 0.5")
    func range(_ factor: Double) -> ClosedRange<Double>? {
      factor == 0 ? nil : max(0, 1 - factor)...1 + factor
    }
    self.brightness = range(brightness)
    self.contrast = range(contrast)
    self.saturation = range(saturation)
    self.hue = hue == 0 ? nil : -hue...hue
  }

  /// The changed image.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    _ = image.imageSize("ColorJitter")
    let order = Tensor.randperm(4).array(of: Int.self)
    let factors = [brightness, contrast, saturation, hue].map { range in
      range.map { ImageDraw.uniform($0.lowerBound, $0.upperBound) }
    }
    return order.reduce(image) { image, kind in
      guard let factor = factors[kind] else { return image }
      return switch kind {
      case 0: ImageColor.brightness(image, factor, 1)
      case 1: ImageColor.contrast(image, factor, 1)
      case 2: ImageColor.saturation(image, factor, 1)
      default: ImageColor.hue(image, factor)
      }
    }
  }
}

/// Changes of colors. `bound` is 1 for images from 0 to 1, and 255 for images of whole numbers, which results are
/// cut to.
enum ImageColor {
  static func blend(_ a: Tensor, _ b: Tensor, _ ratio: Double, _ bound: Double) -> Tensor {
    cut((a * ratio + b * (1 - ratio)).clamp(min: 0, max: bound), bound)
  }

  private static func cut(_ x: Tensor, _ bound: Double) -> Tensor { bound == 1 ? x : x.trunc() }

  /// ITU-R 601-2 luma; an image of one channel is its own.
  static func gray(_ image: Tensor, _ bound: Double) -> Tensor {
    guard image.size(0) == 3 else { return image }
    func channel(_ index: Int) -> Tensor { image.sliced(dim: 0, from: index, to: index + 1) }
    return cut(channel(0) * 0.2989 + channel(1) * 0.587 + channel(2) * 0.114, bound)
  }

  static func brightness(_ image: Tensor, _ factor: Double, _ bound: Double) -> Tensor {
    blend(image, Tensor.zeros([1]), factor, bound)
  }

  static func contrast(_ image: Tensor, _ factor: Double, _ bound: Double) -> Tensor {
    blend(image, gray(image, bound).mean().reshaped(1, 1, 1), factor, bound)
  }

  static func saturation(_ image: Tensor, _ factor: Double, _ bound: Double) -> Tensor {
    image.size(0) == 3 ? blend(image, gray(image, bound), factor, bound) : image
  }

  /// Turns the hue of an image from 0 to 1 by a part of the circle.
  static func hue(_ image: Tensor, _ turn: Double) -> Tensor {
    guard image.size(0) == 3 else { return image }
    var pixels = image.contiguous().array(of: Float.self)
    let count = pixels.count / 3
    for place in 0..<count {
      let turned = hue(
        pixels[place], pixels[place + count], pixels[place + 2 * count], Float(turn))
      (pixels[place], pixels[place + count], pixels[place + 2 * count]) = turned
    }
    return Tensor(pixels, shape: image.shape)
  }

  /// One pixel by way of hue, saturation and value (Smith, 1978).
  private static func hue(
    _ r: Float, _ g: Float, _ b: Float, _ turn: Float
  ) -> (Float, Float, Float) {
    let (high, low) = (max(r, g, b), min(r, g, b))
    let span = high - low
    let saturation = high == 0 || span == 0 ? 0 : span / high
    let divisor = span == 0 ? 1 : span
    let (rc, gc, bc) = ((high - r) / divisor, (high - g) / divisor, (high - b) / divisor)
    let sector = high == r ? bc - gc : high == g ? 2 + rc - bc : 4 + gc - rc
    var hue = (sector / 6 + 1).truncatingRemainder(dividingBy: 1) + turn
    hue -= hue.rounded(.down)
    let scaled = hue * 6
    let floor = scaled.rounded(.down)
    let part = scaled - floor
    func unit(_ x: Float) -> Float { min(max(x, 0), 1) }
    let p = unit(high * (1 - saturation))
    let q = unit(high * (1 - saturation * part))
    let t = unit(high * (1 - saturation * (1 - part)))
    return switch Int(floor) % 6 {
    case 0: (high, t, p)
    case 1: (q, high, p)
    case 2: (p, high, t)
    case 3: (p, q, high)
    case 4: (t, p, high)
    default: (high, p, q)
    }
  }
}
