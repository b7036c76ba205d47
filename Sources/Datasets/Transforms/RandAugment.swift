import Foundation
import Tensors

/// A number of changes at random, all of one magnitude (`RandAugment`; Cubuk et al., 2019).
///
/// The image counts as bytes, 255 times its numbers, so that results are those of torchvision for images of
/// bytes, divided by 255.
public struct RandAugment: ImageTransform {
  private let numOps, magnitude, bins: Int

  private enum Change: Int, CaseIterable {
    case identity, shearX, shearY, translateX, translateY, rotate, brightness, color, contrast
    case sharpness, posterize, solarize, autoContrast, equalize

    /// Whether the magnitude is as often negative.
    var isSigned: Bool { (1...9).contains(rawValue) }
  }

  /// - Parameters:
  ///   - numOps: How many changes are made.
  ///   - magnitude: How strong they are, of 0 ..< `bins`.
  ///   - bins: How many magnitudes there are.
  public init(numOps: Int = 2, magnitude: Int = 9, numMagnitudeBins bins: Int = 31) {
    require(
      numOps >= 0 && bins > 1 && (0..<bins).contains(magnitude), "RandAugment",
      "\(numOps) changes of magnitude \(magnitude) among \(bins) cannot be made")
    (self.numOps, self.magnitude, self.bins) = (numOps, magnitude, bins)
  }

  /// The changed image.
  public func callAsFunction(_ image: Tensor) -> Tensor {
    let size = image.imageSize("RandAugment")
    var bytes = (image * 255).round().clamp(min: 0, max: 255)
    for _ in 0..<numOps {
      let change = Change.allCases[ImageDraw.integer(below: Change.allCases.count)]
      var strength = strength(of: change, size.height, size.width)
      if change.isSigned, ImageDraw.integer(below: 2) == 1 { strength = -strength }
      bytes = apply(change, strength, bytes)
    }
    return bytes / 255
  }

  private func strength(of change: Change, _ height: Int, _ width: Int) -> Double {
    let share = Double(magnitude) / Double(bins - 1)
    return switch change {
    case .identity, .autoContrast, .equalize: 0
    case .shearX, .shearY: 0.3 * share
    case .translateX: 150.0 / 331 * Double(width) * share
    case .translateY: 150.0 / 331 * Double(height) * share
    case .rotate: 30 * share
    case .brightness, .color, .contrast, .sharpness: 0.9 * share
    case .posterize: 8 - (4 * share).rounded(.toNearestOrEven)
    case .solarize: 255 * (1 - share)
    }
  }

  private func apply(_ change: Change, _ strength: Double, _ image: Tensor) -> Tensor {
    let corner = (-Double(image.size(2)) / 2, -Double(image.size(1)) / 2)
    switch change {
    case .identity: return image
    case .shearX: return ImageGeometry.moved(image, shear: (atan(strength), 0), center: corner)
    case .shearY: return ImageGeometry.moved(image, shear: (0, atan(strength)), center: corner)
    case .translateX:
      return ImageGeometry.moved(image, translate: (strength.rounded(.towardZero), 0))
    case .translateY:
      return ImageGeometry.moved(image, translate: (0, strength.rounded(.towardZero)))
    case .rotate: return ImageGeometry.moved(image, angle: -strength * .pi / 180)
    case .brightness: return ImageColor.brightness(image, 1 + strength, 255)
    case .color: return ImageColor.saturation(image, 1 + strength, 255)
    case .contrast: return ImageColor.contrast(image, 1 + strength, 255)
    case .sharpness: return ImageTones.sharpened(image, 1 + strength)
    case .posterize: return ImageTones.posterized(image, bits: Int(strength))
    case .solarize:
      return ImageTones.mapped(image) { $0 >= Float(strength) ? 255 - $0 : $0 }
    case .autoContrast: return ImageTones.stretched(image)
    case .equalize: return ImageTones.equalized(image)
    }
  }
}

/// Images turned, sheared and moved, by the nearest pixel; what comes from outside is black.
enum ImageGeometry {
  /// The image moved about a center, given from the middle of the image, in pixels.
  static func moved(
    _ image: Tensor, angle: Double = 0, translate: (x: Double, y: Double) = (0, 0),
    shear: (x: Double, y: Double) = (0, 0), center: (x: Double, y: Double) = (0, 0)
  ) -> Tensor {
    // The inverse of: turn by the angle, shear, move.
    let a = cos(angle - shear.y) / cos(shear.y)
    let b = -cos(angle - shear.y) * tan(shear.x) / cos(shear.y) - sin(angle)
    let c = sin(angle - shear.y) / cos(shear.y)
    let d = -sin(angle - shear.y) * tan(shear.x) / cos(shear.y) + cos(angle)
    let (dx, dy) = (-center.x - translate.x, -center.y - translate.y)
    let row = (d, -b, d * dx - b * dy + center.x)
    let column = (-c, a, -c * dx + a * dy + center.y)

    let (height, width) = (image.size(1), image.size(2))
    let pixels = image.contiguous().array(of: Float.self)
    var result = [Float](repeating: 0, count: pixels.count)
    let (middleX, middleY) = (Double(width) / 2 - 0.5, Double(height) / 2 - 0.5)
    for y in 0..<height {
      for x in 0..<width {
        let (fromX, fromY) = (Double(x) - middleX, Double(y) - middleY)
        let sourceX = row.0 * fromX + row.1 * fromY + row.2 + middleX
        let sourceY = column.0 * fromX + column.1 * fromY + column.2 + middleY
        let (nearX, nearY) = (
          Float(sourceX).rounded(.toNearestOrEven), Float(sourceY).rounded(.toNearestOrEven)
        )
        guard nearX >= 0, nearX < Float(width), nearY >= 0, nearY < Float(height) else { continue }
        let source = Int(nearY) * width + Int(nearX)
        for channel in 0..<image.size(0) {
          let plane = channel * height * width
          result[plane + y * width + x] = pixels[plane + source]
        }
      }
    }
    return Tensor(result, shape: image.shape)
  }
}

/// Changes of the tones of images of whole numbers 0 to 255.
enum ImageTones {
  static func mapped(_ image: Tensor, _ change: (Float) -> Float) -> Tensor {
    Tensor(image.contiguous().array(of: Float.self).map(change), shape: image.shape)
  }

  static func posterized(_ image: Tensor, bits: Int) -> Tensor {
    let mask = UInt8(truncatingIfNeeded: 0xff << (8 - bits))
    return mapped(image) { Float(UInt8($0) & mask) }
  }

  /// The image between itself and its blurred self, whose border is its own.
  static func sharpened(_ image: Tensor, _ factor: Double) -> Tensor {
    let (height, width) = (image.size(1), image.size(2))
    if height <= 2 || width <= 2 { return image }
    let weights = Tensor([1, 1, 1, 1, 5, 1, 1, 1, 1] as [Float], shape: [1, 1, 3, 3]) / 13
    let inner = F.conv2d(image.unsqueezed(1), weights).round().squeezed(1)
    func rows(_ from: Int, _ to: Int) -> Tensor { image.sliced(dim: 1, from: from, to: to) }
    let middle = rows(1, height - 1)
    let row = Tensor.cat(
      [middle.sliced(dim: 2, to: 1), inner, middle.sliced(dim: 2, from: width - 1)], dim: 2)
    let blurred = Tensor.cat([rows(0, 1), row, rows(height - 1, height)], dim: 1)
    return ImageColor.blend(image, blurred, factor, 255)
  }

  /// Each channel stretched to the whole range.
  static func stretched(_ image: Tensor) -> Tensor {
    byChannel(image) { plane in
      guard let low = plane.min(), let high = plane.max(), high > low else { return plane }
      let scale = 255 / (high - low)
      return plane.map { min(max(($0 - low) * scale, 0), 255).rounded(.down) }
    }
  }

  /// Each channel with its tones spread evenly, as Pillow does.
  static func equalized(_ image: Tensor) -> Tensor {
    byChannel(image) { plane in
      var counts = [Int](repeating: 0, count: 256)
      for value in plane { counts[Int(value)] += 1 }
      let last = counts.last { $0 > 0 } ?? 0
      let step = (plane.count - last) / 255
      guard step > 0 else { return plane }
      var table: [Float] = []
      var sum = 0
      for count in counts {
        table.append(Float(min(255, (sum + step / 2) / step)))
        sum += count
      }
      table[0] = 0
      return plane.map { table[Int($0)] }
    }
  }

  private static func byChannel(_ image: Tensor, _ change: ([Float]) -> [Float]) -> Tensor {
    let pixels = image.contiguous().array(of: Float.self)
    let size = image.size(1) * image.size(2)
    let planes = (0..<image.size(0)).flatMap { change(Array(pixels[$0 * size..<($0 + 1) * size])) }
    return Tensor(planes, shape: image.shape)
  }
}
