import Foundation
import Tensors

/// Batches in which every image is blended with the one before it (`MixUp`; Zhang et al., 2017).
///
/// The share λ follows Beta(alpha, alpha); images and classes become λ of their own and 1 − λ of the neighbour's. In a
/// loader's `collate` or a pipeline's `map` the draw follows from the seed.
public struct MixUp: Sendable {
  private let alpha: Double
  private let classes: Int

  /// - Parameters:
  ///   - numClasses: The number of classes.
  ///   - alpha: Large values blend evenly, small ones seldom.
  public init(numClasses: Int, alpha: Double = 1) {
    require(
      numClasses > 0 && alpha > 0, "MixUp",
      "\(numClasses) classes and alpha \(alpha) must be positive")
    (classes, self.alpha) = (numClasses, alpha)
  }

  /// A blended batch.
  /// - Parameters:
  ///   - images: `[batch, channels, height, width]`.
  ///   - labels: `int64 [batch]`, or shares `[batch, classes]`.
  /// - Returns: Images, and shares `[batch, classes]`.
  public func callAsFunction(_ images: Tensor, _ labels: Tensor) -> (images: Tensor, labels: Tensor)
  {
    let share = BetaDraw.next(alpha)
    return (
      blended(images, share), blended(classShares(labels, classes, "MixUp"), share)
    )
  }
}

/// Batches in which a rectangle of every image is the one of the image before it (`CutMix`; Yun et al., 2019).
///
/// The rectangle's share of the area follows Beta(alpha, alpha), before it is cut at the border; classes are shared by
/// what it covers.
public struct CutMix: Sendable {
  private let alpha: Double
  private let classes: Int

  /// - Parameters:
  ///   - numClasses: The number of classes.
  ///   - alpha: Large values cut evenly, small ones seldom.
  public init(numClasses: Int, alpha: Double = 1) {
    require(
      numClasses > 0 && alpha > 0, "CutMix",
      "\(numClasses) classes and alpha \(alpha) must be positive")
    (classes, self.alpha) = (numClasses, alpha)
  }

  /// A batch with rectangles.
  /// - Parameters:
  ///   - images: `[batch, channels, height, width]`.
  ///   - labels: `int64 [batch]`, or shares `[batch, classes]`.
  /// - Returns: Images, and shares `[batch, classes]`.
  public func callAsFunction(_ images: Tensor, _ labels: Tensor) -> (images: Tensor, labels: Tensor)
  {
    require(
      images.rank == 4, "CutMix",
      "[batch, channels, height, width] is expected, not \(images.shape)")
    let share = BetaDraw.next(alpha)
    let (height, width) = (images.size(2), images.size(3))
    let (x, y) = (ImageDraw.integer(below: width), ImageDraw.integer(below: height))
    let half = 0.5 * (1 - share).squareRoot()
    let (halfWidth, halfHeight) = (Int(half * Double(width)), Int(half * Double(height)))
    let columns = max(0, x - halfWidth)..<min(width, x + halfWidth)
    let rows = max(0, y - halfHeight)..<min(height, y + halfHeight)
    var mixed = images
    if !rows.isEmpty, !columns.isEmpty {
      let inside = Tensor(
        (0..<height * width).map { rows.contains($0 / width) && columns.contains($0 % width) },
        shape: [1, 1, height, width])
      mixed = Tensor.where(inside, images.rolled([1], dims: [0]), images)
    }
    let kept = 1 - Double(rows.count * columns.count) / Double(height * width)
    return (mixed, blended(classShares(labels, classes, "CutMix"), kept))
  }
}

private func blended(_ x: Tensor, _ share: Double) -> Tensor {
  x * share + x.rolled([1], dims: [0]) * (1 - share)
}

private func classShares(_ labels: Tensor, _ classes: Int, _ name: String) -> Tensor {
  require(
    labels.rank == 1 || labels.rank == 2 && labels.size(1) == classes, name,
    "labels [batch] or [batch, \(classes)] are expected, not \(labels.shape)")
  return labels.rank == 1 ? F.oneHot(labels, numClasses: classes).to(.float32) : labels
}

/// Draws of Beta(a, a) from the default generator.
private enum BetaDraw {
  static func next(_ a: Double) -> Double {
    let (x, y) = (gamma(a), gamma(a))
    return x + y > 0 ? x / (x + y) : 0.5
  }

  private static func uniform() -> Double {
    (Double(Generator.default.next32()) + 0.5) / 0x1p32
  }

  /// Gamma(a, 1) (Marsaglia and Tsang, 2000).
  private static func gamma(_ a: Double) -> Double {
    if a < 1 { return gamma(a + 1) * pow(uniform(), 1 / a) }
    let d = a - 1.0 / 3
    while true {
      // A normal number by Box and Muller.
      let x = (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
      let v = pow(1 + x / (9 * d).squareRoot(), 3)
      if v > 0, log(uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }
}
