import Tensors

/// What makes an image of an image: `[channels, height, width]`, `float32` from 0 to 1.
///
/// Random ones draw from `Generator.default`, in torchvision's order. While a ``DataLoader`` or a
/// ``Pipeline`` reads a record, that is the record's own generator, so that the draws follow from seed,
/// epoch and index.
public protocol ImageTransform: Sendable {
  /// The transformed image.
  func callAsFunction(_ image: Tensor) -> Tensor
}

/// Transforms one after another (`torchvision.transforms.Compose`).
public struct Compose: ImageTransform {
  /// The transforms in order.
  public let transforms: [any ImageTransform]

  /// Transforms in order; without any the image stays as it is.
  public init(_ transforms: any ImageTransform...) { self.transforms = transforms }

  /// Transforms of a list that is made at run time.
  public init(_ transforms: [any ImageTransform]) { self.transforms = transforms }

  /// The image passed through all transforms.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    transforms.reduce(image) { $1($0) }
  }
}

/// Bytes 0 to 255 as numbers 0 to 1 (`ToTensor`'s scaling, `ToDtype(scale=True)`). Images of floats stay as they are.
public struct ToFloat: ImageTransform {
  /// Scales to 0 … 1.
  public init() {}

  /// The image as `float32`.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    image.dtype == .uint8 ? image.to(.float32) / 255 : image
  }
}

/// Each channel less its mean, by its deviation: (x − mean) ÷ std (`Normalize`).
public struct Normalize: ImageTransform {
  /// A number for each channel, or one for all.
  public let mean, std: [Double]

  /// Normalizes by channels.
  /// - Precondition: As many deviations as means, none of them 0.
  public init(mean: [Double], std: [Double]) {
    require(
      !mean.isEmpty && mean.count == std.count && !std.contains(0), "Normalize",
      "mean \(mean) and std \(std) must be equally many, and no std 0")
    (self.mean, self.std) = (mean, std)
  }

  /// The normalized image.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    require(
      image.rank == 3 && (mean.count == 1 || mean.count == image.size(0)), "Normalize",
      "\(mean.count) means do not fit an image of \(image.shape)")
    let shape = [mean.count, 1, 1]
    return (image - Tensor(mean, shape: shape, dtype: .float32))
      / Tensor(std, shape: shape, dtype: .float32)
  }
}

/// How transforms draw: single numbers of PyTorch's generator.
enum ImageDraw {
  /// `torch.empty(1).uniform_(from, to).item()`
  static func uniform(_ from: Double, _ to: Double) -> Double {
    Double(Tensor.uniform([1], from: from, to: to).item(Float.self))
  }

  /// `torch.randint(0, bound, (1,)).item()`
  static func integer(below bound: Int) -> Int { Tensor.randint(0, bound, [1]).item(Int.self) }

  /// `torch.rand(1) < p`
  static func happens(_ p: Double) -> Bool { Tensor.rand([1]).item(Float.self) < Float(p) }

  /// A ratio between two, by its logarithm, in single precision as PyTorch draws it.
  static func ratio(_ range: ClosedRange<Double>) -> Double {
    let (low, high) = (
      Tensor([Float(range.lowerBound)]).log(), Tensor([Float(range.upperBound)]).log()
    )
    let drawn = Tensor.uniform(
      [1], from: low.item(Double.self), to: high.item(Double.self))
    return drawn.exp().item(Double.self)
  }
}

extension Tensor {
  /// The height and width of an image.
  func imageSize(_ name: String) -> (height: Int, width: Int) {
    require(
      rank == 3 && !shape.contains(0), name,
      "an image [channels, height, width] is expected, not \(shape)")
    return (size(1), size(2))
  }

  /// A part of an image.
  func cropped(top: Int, left: Int, height: Int, width: Int) -> Tensor {
    sliced(dim: 1, from: top, to: top + height).sliced(dim: 2, from: left, to: left + width)
  }

  /// An image in another size: bilinear, with the filter widened where it shrinks.
  func resized(height: Int, width: Int, antialias: Bool) -> Tensor {
    if size(1) == height, size(2) == width { return self }
    return F.interpolate(
      unsqueezed(0), size: [height, width], mode: .bilinear, alignCorners: false,
      antialias: antialias
    ).squeezed(0)
  }
}

extension Double {
  /// The nearest whole number, of two the even one, as Python rounds.
  var roundedToEven: Int { Int(rounded(.toNearestOrEven)) }
}
