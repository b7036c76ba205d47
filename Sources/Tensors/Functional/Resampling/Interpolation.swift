import Foundation

/// How ``F/interpolate(_:size:scaleFactor:mode:alignCorners:recomputeScaleFactor:antialias:)`` finds
/// a value between elements.
public enum InterpolationMode: String, Sendable {
  /// The element whose cell the position lies in, by OpenCV's buggy rounding.
  case nearest
  /// The nearest element, as scikit-image and PIL find it.
  case nearestExact = "nearest-exact"
  /// Between two elements of a sequence.
  case linear
  /// Between four elements of an image.
  case bilinear
  /// Between sixteen elements of an image, by cubics with A = -0.75.
  case bicubic
  /// Between eight elements of a volume.
  case trilinear
  /// The mean over the cells that a cell covers.
  case area
}

extension F {
  /// A sequence, image or volume in another size (`torch.nn.functional.interpolate`).
  /// - Parameters:
  ///   - x: `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]`.
  ///   - size: The output's spatial sizes, or one for all.
  ///   - scaleFactor: Factors by which sizes grow, or one for all, instead of sizes.
  ///   - mode: How values between elements are found.
  ///   - alignCorners: Let the corners' centres coincide, rather than the corners themselves.
  ///   - recomputeScaleFactor: Derive the factor anew from the rounded sizes.
  ///   - antialias: Widen the filter when shrinking; bilinear and bicubic only.
  public static func interpolate(
    _ x: Tensor, size: (any Sizes)? = nil, scaleFactor: (any ScaleFactors)? = nil,
    mode: InterpolationMode = .nearest, alignCorners: Bool? = nil,
    recomputeScaleFactor: Bool = false, antialias: Bool = false
  ) -> Tensor {
    let name = "interpolate"
    let dims = x.rank - 2
    require(
      (1...3).contains(dims), name, "an input of [N, C, 1 to 3 sizes] is expected, not \(x.shape)")
    require(
      (size == nil) != (scaleFactor == nil), name, "give either a size or a scale factor")
    require(
      alignCorners == nil || [.linear, .bilinear, .bicubic, .trilinear].contains(mode), name,
      "alignCorners is for linear, bilinear, bicubic and trilinear, not \(mode.rawValue)")
    let expected: [InterpolationMode: Int] = [.linear: 1, .bilinear: 2, .bicubic: 2, .trilinear: 3]
    require(
      expected[mode] == nil || expected[mode] == dims, name,
      "mode \(mode.rawValue) does not fit an input of \(x.shape)")
    require(
      !antialias || mode == .bilinear || mode == .bicubic, name,
      "antialias is for bilinear and bicubic")
    if mode != .area { Tensor.requireElements(name, x, dims: dims) }
    let from = Array(x.shape.suffix(dims))
    var scales: [Double]?
    let to: [Int]
    if let size {
      to = ConvolutionShape.spread(size, dims, name, "size")
    } else {
      let factors = scaleFactor?.scaleFactors ?? []
      require(
        factors.count == 1 || factors.count == dims, name,
        "1 or \(dims) scale factors are expected, not \(factors)")
      let each = factors.count == 1 ? [Double](repeating: factors[0], count: dims) : factors
      require(
        zip(from, each).allSatisfy { (0...0x1p31).contains(Double($0) * $1) }, name,
        "scale factors \(each) do not make sizes of \(from)")
      to = zip(from, each).map { Int((Double($0) * $1).rounded(.down)) }
      if !recomputeScaleFactor { scales = each }
    }
    require(
      to.allSatisfy { $0 > 0 } && from.allSatisfy { $0 > 0 }, name,
      "sizes must be positive: from \(from) to \(to)")
    if mode == .area {
      let outputs = to.map(Optional.some)
      switch dims {
      case 1: return adaptiveAvgPool1d(x, outputs)
      case 2: return adaptiveAvgPool2d(x, outputs)
      default: return adaptiveAvgPool3d(x, outputs)
      }
    }
    let axes = (0..<dims).map { dim in
      ResamplingAxis(
        size: from[dim], output: to[dim], scale: scales?[dim], alignCorners: alignCorners ?? false,
        precision: x.dtype)
    }
    if mode == .nearest || mode == .nearestExact {
      return axes.enumerated().reduce(x) { result, item in
        let index = item.element.nearest(
          exact: mode == .nearestExact, byShift: dims == 2)
        return result.indexSelect(dim: item.offset + 2, index: Tensor(index))
      }
    }
    require(x.dtype.isFloatingPoint, name, "mode \(mode.rawValue) is not defined for \(x.dtype)")
    // Half types are summed in float32. As in PyTorch their weights have their own precision, but
    // for those of small images between four elements.
    let exact = mode == .bilinear && to.reduce(0, +) <= 128
    let wide = x.to(x.dtype.wide)
    let result = axes.enumerated().reduce(wide) { result, item in
      // As in PyTorch, a wide filter leaves a dimension alone whose size stays.
      if antialias && item.element.size == item.element.output { return result }
      let taps = item.element.taps(cubic: mode == .bicubic, antialias: antialias, exact: exact)
      let operation = Resampling(
        dim: item.offset + 2, size: item.element.size, output: item.element.output)
      return Tensor.record(
        operation,
        [result, Tensor(taps.weights, dtype: .float64).to(result.dtype), Tensor(taps.indices)])
    }
    return result.to(x.dtype)
  }

  /// ``interpolate(_:size:scaleFactor:mode:alignCorners:recomputeScaleFactor:antialias:)`` to the
  /// nearest element (`upsample_nearest`).
  public static func upsampleNearest(
    _ x: Tensor, size: (any Sizes)? = nil, scaleFactor: (any ScaleFactors)? = nil
  ) -> Tensor {
    interpolate(x, size: size, scaleFactor: scaleFactor)
  }

  /// ``interpolate(_:size:scaleFactor:mode:alignCorners:recomputeScaleFactor:antialias:)`` of images
  /// with aligned corners (`upsample_bilinear`).
  public static func upsampleBilinear(
    _ x: Tensor, size: (any Sizes)? = nil, scaleFactor: (any ScaleFactors)? = nil
  ) -> Tensor {
    interpolate(x, size: size, scaleFactor: scaleFactor, mode: .bilinear, alignCorners: true)
  }
}

/// Weighted sums of elements along a dimension: operands are the tensor, the weights and the places
/// of the elements that they weigh, as many for each output.
private struct Resampling: LinearMap {
  let dim: Int
  let size: Int
  let output: Int
  var name: String { "resample" }
  var saving: Saving { .inputs(from: 1) }

  func map(_ x: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.resample(x, dim: dim, size, to: output, taps(constants), isAdjoint: false)
  }

  func adjoint(_ g: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.resample(g, dim: dim, size, to: output, taps(constants), isAdjoint: true)
  }

  private func taps(_ constants: ArraySlice<Tensor>) -> (weights: Tensor, places: Tensor) {
    (constants[constants.startIndex], constants[constants.startIndex + 1])
  }
}
