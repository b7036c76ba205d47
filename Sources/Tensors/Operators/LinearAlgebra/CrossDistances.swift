extension Tensor {
  /// When Euclidean distances go through a matrix product, which is faster and less exact for points
  /// close together (`compute_mode`).
  public enum DistanceMode: String, Sendable {
    /// With more than 25 points on a side.
    case productIfLarge = "use_mm_for_euclid_dist_if_necessary"
    /// Always.
    case product = "use_mm_for_euclid_dist"
    /// Never.
    case differences = "donot_use_mm_for_euclid_dist"
  }

  /// ‖xᵢ - yⱼ‖ₚ of every row of one matrix and every row of another (`torch.cdist`).
  ///
  /// `[..., P, M]` and `[..., R, M]` → `[..., P, R]`; batches broadcast. p from 0, which counts the
  /// elements that differ, to ∞. The gradient is 0 where points coincide.
  public func cdist(
    _ other: Tensor, p: Double = 2, mode: DistanceMode = .productIfLarge
  ) -> Tensor {
    if Autocast.isOn && dtype != inFullPrecision.dtype {
      return inFullPrecision.cdist(other, p: p, mode: mode)
    }
    let other = other.inFullPrecision
    let name = "cdist"
    require(
      dtype.isFloatingPoint && other.dtype == dtype, name,
      "needs floating-point tensors of one dtype, not \(dtype) and \(other.dtype)")
    require(
      rank >= 2 && other.rank >= 2 && size(-1) == other.size(-1), name,
      "rows of one length are expected, not \(shape) and \(other.shape)")
    require(p >= 0, name, "the norm's order must not be negative: \(p)")
    _ = Linalg.batch(name, self, other)
    if size(-1) == 0 { return matmul(other.transposed()) }
    let isLarge = size(-2) > 25 || other.size(-2) > 25
    if p == 2 && (mode == .product || mode == .productIfLarge && isLarge) {
      return Tensor.record(EuclideanDistances(), [self, other])
    }
    return F.vectorNorm(unsqueezed(-2) - other.unsqueezed(-3), p, -1, keepDim: false)
  }
}

/// √(‖x‖² + ‖y‖² - 2 x·y) of all pairs of rows.
private struct EuclideanDistances: TensorOperation {
  var precision: PrecisionClass { .full }
  var name: String { "cdist" }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let (x, y) = (inputs[0].bare, inputs[1].bare)
    return noGrad {
      let norms =
        x.square().sum(dim: -1, keepDim: true)
        + y.square().sum(dim: -1, keepDim: true).transposed()
      return (norms - x.matmul(y.transposed()) * 2).clamp(min: 0).sqrt()
    }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, y, distance) = (node.input(0), node.input(1), node.output())
    // Each pair pulls along its difference: Σⱼ wᵢⱼ (xᵢ - yⱼ).
    let pull = (g / distance).maskedFill(distance.eq(0), 0.0)
    let back = pull.transposed()
    return [
      pull.sum(dim: -1, keepDim: true) * x - pull.matmul(y),
      back.sum(dim: -1, keepDim: true) * y - back.matmul(x),
    ]
  }
}
