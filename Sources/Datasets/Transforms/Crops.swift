import Tensors

/// The middle of an image, filled up with zeros where the image is smaller (`CenterCrop`).
public struct CenterCrop: ImageTransform {
  /// The size of the crop.
  public let height, width: Int

  /// A square, or a rectangle of `size` rows and `width` columns.
  public init(_ size: Int, width: Int? = nil) {
    (height, self.width) = (size, width ?? size)
    require(
      height > 0 && self.width > 0, "CenterCrop", "\(height) × \(self.width) pixels are no image")
  }

  /// The cropped image.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    var image = image
    var (h, w) = image.imageSize("CenterCrop")
    if h < height || w < width {
      let (x, y) = (max(0, width - w), max(0, height - h))
      image = F.pad(image, [x / 2, (x + 1) / 2, y / 2, (y + 1) / 2])
      (h, w) = (image.size(1), image.size(2))
    }
    return image.cropped(
      top: (Double(h - height) / 2).roundedToEven, left: (Double(w - width) / 2).roundedToEven,
      height: height, width: width)
  }
}

/// A part of an image at a random place (`RandomCrop`).
public struct RandomCrop: ImageTransform {
  /// The size of the crop.
  public let height, width: Int
  /// How many pixels are added at each side first.
  public let padding: Int
  /// Whether a smaller image is filled up.
  public let padIfNeeded: Bool
  private let mode: PaddingMode
  private let fill: Double

  /// A square, or a rectangle of `size` rows and `width` columns.
  /// - Parameters:
  ///   - size: The number of rows.
  ///   - width: The number of columns; nil for `size`.
  ///   - padding: How many pixels are added at each side first.
  ///   - padIfNeeded: Whether a smaller image is filled up.
  ///   - fill: What constant padding holds.
  ///   - mode: What padding holds.
  public init(
    _ size: Int, width: Int? = nil, padding: Int = 0, padIfNeeded: Bool = false, fill: Double = 0,
    paddingMode mode: PaddingMode = .constant
  ) {
    (height, self.width) = (size, width ?? size)
    require(
      height > 0 && self.width > 0 && padding >= 0, "RandomCrop",
      "\(height) × \(self.width) pixels with a padding of \(padding) are no image")
    (self.padding, self.padIfNeeded, self.fill, self.mode) = (padding, padIfNeeded, fill, mode)
  }

  /// The cropped image.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    var image = image
    var (h, w) = image.imageSize("RandomCrop")
    func pad(_ x: Int, _ y: Int) {
      guard x > 0 || y > 0 else { return }
      image = F.pad(image, [x, x, y, y], mode: mode, value: mode == .constant ? fill : 0)
      (h, w) = (image.size(1), image.size(2))
    }
    pad(padding, padding)
    if padIfNeeded { pad(max(0, width - w), 0) }
    if padIfNeeded { pad(0, max(0, height - h)) }
    require(
      h >= height && w >= width, "RandomCrop",
      "\(height) × \(width) pixels cannot be cut from \(h) × \(w)")
    if h == height, w == width { return image }
    let top = ImageDraw.integer(below: h - height + 1)
    let left = ImageDraw.integer(below: w - width + 1)
    return image.cropped(top: top, left: left, height: height, width: width)
  }
}

/// A part of random area and shape, in one size (`RandomResizedCrop`).
public struct RandomResizedCrop: ImageTransform {
  /// The size of the result.
  public let height, width: Int
  private let scale, ratio: ClosedRange<Double>
  private let antialias: Bool

  /// - Parameters:
  ///   - size: The number of rows.
  ///   - width: The number of columns; nil for `size`.
  ///   - scale: The part's share of the area.
  ///   - ratio: The part's width by its height.
  ///   - antialias: Whether the filter is widened where the part shrinks.
  public init(
    _ size: Int, width: Int? = nil, scale: ClosedRange<Double> = 0.08...1,
    ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3, antialias: Bool = true
  ) {
    (height, self.width) = (size, width ?? size)
    require(
      height > 0 && self.width > 0 && scale.lowerBound > 0 && ratio.lowerBound > 0,
      "RandomResizedCrop", "size, scale and ratio must be positive")
    (self.scale, self.ratio, self.antialias) = (scale, ratio, antialias)
  }

  /// The part in its new size.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    let (h, w) = image.imageSize("RandomResizedCrop")
    let part = chosen(h, w)
    return image.cropped(top: part.top, left: part.left, height: part.height, width: part.width)
      .resized(height: height, width: width, antialias: antialias)
  }

  private func chosen(_ h: Int, _ w: Int) -> (top: Int, left: Int, height: Int, width: Int) {
    for _ in 0..<10 {
      let area = Double(h * w) * ImageDraw.uniform(scale.lowerBound, scale.upperBound)
      let aspect = ImageDraw.ratio(ratio)
      let width = (area * aspect).squareRoot().roundedToEven
      let height = (area / aspect).squareRoot().roundedToEven
      if (1...w).contains(width), (1...h).contains(height) {
        let top = ImageDraw.integer(below: h - height + 1)
        return (top, ImageDraw.integer(below: w - width + 1), height, width)
      }
    }
    // No part fits: the largest one of an allowed shape, in the middle.
    let whole = Double(w) / Double(h)
    var (height, width) = (h, w)
    if whole < ratio.lowerBound {
      height = min(h, (Double(w) / ratio.lowerBound).roundedToEven)
    } else if whole > ratio.upperBound {
      width = min(w, (Double(h) * ratio.upperBound).roundedToEven)
    }
    return ((h - height) / 2, (w - width) / 2, height, width)
  }
}

/// An image in another size (`Resize`): bilinear.
public struct Resize: ImageTransform {
  /// The number of rows, or of the shorter side where `width` is nil.
  public let size: Int
  /// The number of columns.
  public let width: Int?
  private let antialias: Bool

  /// A shorter side of `size` pixels with the shape kept, or `size` rows and `width` columns.
  /// - Parameters:
  ///   - size: The shorter side; with `width`, the number of rows.
  ///   - width: The number of columns; nil keeps the image's shape.
  ///   - antialias: Whether the filter is widened where the image shrinks.
  public init(_ size: Int, width: Int? = nil, antialias: Bool = true) {
    require(
      size > 0 && width ?? 1 > 0, "Resize", "\(size) × \(width ?? size) pixels are no image")
    (self.size, self.width, self.antialias) = (size, width, antialias)
  }

  /// The resized image.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    let (h, w) = image.imageSize("Resize")
    if let width { return image.resized(height: size, width: width, antialias: antialias) }
    let long = max(1, Int(Double(size * max(h, w)) / Double(min(h, w))))
    return image.resized(
      height: h <= w ? size : long, width: h <= w ? long : size, antialias: antialias)
  }
}

/// The image, or with probability `p` its mirror image (`RandomHorizontalFlip`).
public struct RandomHorizontalFlip: ImageTransform {
  private let p: Double

  /// Left and right change places with probability `p`.
  public init(p: Double = 0.5) { self.p = p }

  /// The image, mirrored or not.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    ImageDraw.happens(p) ? image.flipped(dims: [2]) : image
  }
}

/// The image, or with probability `p` its image upside down (`RandomVerticalFlip`).
public struct RandomVerticalFlip: ImageTransform {
  private let p: Double

  /// Top and bottom change places with probability `p`.
  public init(p: Double = 0.5) { self.p = p }

  /// The image, turned or not.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    ImageDraw.happens(p) ? image.flipped(dims: [1]) : image
  }
}

/// A random rectangle overwritten (`RandomErasing`; Zhong et al., 2017).
public struct RandomErasing: ImageTransform {
  private let p: Double
  private let scale, ratio: ClosedRange<Double>
  private let value: Double?

  /// - Parameters:
  ///   - p: How likely it happens.
  ///   - scale: The rectangle's share of the area.
  ///   - ratio: The rectangle's height by its width.
  ///   - value: What it is overwritten with; nil for normal noise.
  public init(
    p: Double = 0.5, scale: ClosedRange<Double> = 0.02...0.33,
    ratio: ClosedRange<Double> = 0.3...3.3, value: Double? = 0
  ) {
    (self.p, self.scale, self.ratio, self.value) = (p, scale, ratio, value)
  }

  /// The image, with or without the rectangle.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    let (h, w) = image.imageSize("RandomErasing")
    guard ImageDraw.happens(p) else { return image }
    for _ in 0..<10 {
      let area = Double(h * w) * ImageDraw.uniform(scale.lowerBound, scale.upperBound)
      let aspect = ImageDraw.ratio(ratio)
      let height = (area * aspect).squareRoot().roundedToEven
      let width = (area / aspect).squareRoot().roundedToEven
      guard height < h, width < w, height > 0, width > 0 else { continue }
      let patch =
        value.map { Tensor.full([image.size(0), height, width], $0) }
        ?? Tensor.randn([image.size(0), height, width])
      let top = ImageDraw.integer(below: h - height + 1)
      let left = ImageDraw.integer(below: w - width + 1)
      // Rows above, beside and below the patch are the image's.
      func rows(_ from: Int, _ to: Int) -> Tensor { image.sliced(dim: 1, from: from, to: to) }
      let middle = rows(top, top + height)
      let row = Tensor.cat(
        [
          middle.sliced(dim: 2, to: left), patch, middle.sliced(dim: 2, from: left + width),
        ], dim: 2)
      return Tensor.cat([rows(0, top), row, rows(top + height, h)], dim: 1)
    }
    return image
  }
}
