extension F {
  /// x/√(mean(x²) + eps) · weight over the last dimensions (`torch.nn.functional.rms_norm`; Zhang &
  /// Sennrich 2019).
  /// - Parameters:
  ///   - x: Of any shape that ends in `normalizedShape`.
  ///   - normalizedShape: The sizes of the trailing dimensions that are normalized together.
  ///   - weight: Of `normalizedShape`; nil for ones.
  ///   - eps: By default the distance from 1 to the next number of the dtype that is computed in.
  public static func rmsNorm(
    _ x: Tensor, _ normalizedShape: [Int], weight: Tensor? = nil, eps: Double? = nil
  ) -> Tensor {
    let name = "rms_norm"
    require(
      x.rank >= normalizedShape.count
        && Array(x.shape.suffix(normalizedShape.count)) == normalizedShape, name,
      "an input of \(x.shape) does not end in \(normalizedShape)")
    require(
      weight == nil || weight?.shape == normalizedShape, name,
      "a weight of \(weight?.shape ?? []) where \(normalizedShape) is expected")
    let epsilon = eps ?? (x.dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne))
    let operation = RMSNormalization(
      shape: normalizedShape, eps: epsilon, hasWeight: weight != nil)
    return Tensor.record(operation, [x] + [weight].compactMap { $0 })[0]
  }
}

/// RMS norm: operands are x and, where given, the weight; results are y and, in the wide type, each
/// row's 1/√(mean(x²) + eps).
private struct RMSNormalization: TensorsOperation {
  let shape: [Int]
  let eps: Double
  let hasWeight: Bool
  var precision: PrecisionClass { .full }
  var name: String { "rms_norm" }
  var saving: Saving { [hasWeight ? .input(0, 1) : .input(0), .output(1)] }
  var remaking: Remaking { .fromInputs }
  private var columns: Int { shape.reduce(1, *) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let gamma = hasWeight ? inputs[1].bare.to(inputs[0].dtype) : nil
    let (y, rrms) = Kernel.rmsNorm(inputs[0], gamma, columns: columns, eps: eps)
    return [y, rrms]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return hasWeight ? [nil, nil] : [nil] }
    let x = node.input(0)
    let weight = hasWeight ? node.input(1) : nil
    if isGradEnabled || g.count == 0 {
      let dims = Array((x.rank - shape.count)..<x.rank)
      let rrms = (x.square().mean(dims: dims, keepDim: true) + eps).rsqrt()
      let normal = x * rrms
      let inner = weight.map { g * $0 } ?? g
      let dx = (inner - normal * (inner * normal).mean(dims: dims, keepDim: true)) * rrms
      return [dx] + (hasWeight ? [(g * normal).sum(toShape: shape)] : [])
    }
    let (dx, dgamma) = Kernel.rmsNormGradient(
      g, x, weight?.to(x.dtype), node.output(1), shape, input: node.needsGradient(0))
    return [dx] + (hasWeight ? [dgamma] : [])
  }
}
