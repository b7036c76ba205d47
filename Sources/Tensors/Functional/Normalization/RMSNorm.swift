import CKernels

extension F {
  /// x/√(mean(x²) + eps) · weight over the last dimensions (`torch.nn.functional.rms_norm`; Zhang &
  /// Sennrich 2019).
  /// - Parameters:
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
  private var columns: Int { shape.reduce(1, *) }
  private func rows(_ x: Tensor) -> Int { columns == 0 ? 0 : x.count / columns }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0].contiguous()
    let rows = rows(x)
    let gamma = hasWeight ? inputs[1].bare.to(x.dtype).contiguous() : nil
    let y = Tensor.uninitialized(x.shape, x.dtype)
    let rrms = Tensor.uninitialized([rows], x.dtype.wide)
    if y.count == 0 { return [y, rrms] }
    checkLayer(
      torus_rms_norm(
        x.dtype.c, x.pointer, gamma?.pointer, y.pointer, rrms.pointer, Int64(rows),
        Int64(columns), eps), name, x.dtype)
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
    let (dy, source, gamma) = (g.contiguous(), x.contiguous(), weight?.to(x.dtype).contiguous())
    let dx = node.needsGradient(0) ? Tensor.uninitialized(x.shape, x.dtype) : nil
    let dgamma = hasWeight ? Tensor.uninitialized(shape, x.dtype) : nil
    checkLayer(
      torus_rms_norm_backward(
        x.dtype.c, dy.pointer, source.pointer, gamma?.pointer, node.output(1).pointer,
        dx?.pointer, dgamma?.pointer, Int64(rows(x)), Int64(columns)), name, x.dtype)
    return [dx] + (hasWeight ? [dgamma] : [])
  }
}
