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
    let columns = normalizedShape.reduce(1, *)
    let rows = columns == 0 ? 0 : x.count / columns
    let hasWeight = weight != nil
    let epsilon = eps ?? (x.dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne))
    return Tensor.applyMany(
      name, [x] + (weight.map { [$0] } ?? []),
      attributes: ["shape": .ints(normalizedShape), "eps": .double(epsilon)],
      saving: [hasWeight ? .input(0, 1) : .input(0), .output(1)]
    ) { inputs in
      let x = inputs[0].contiguous()
      let gamma = hasWeight ? inputs[1].bare.to(x.dtype).contiguous() : nil
      let y = Tensor.uninitialized(x.shape, x.dtype)
      let rrms = Tensor.uninitialized([rows], x.dtype.wide)
      if y.count == 0 { return [y, rrms] }
      checkLayer(
        torus_rms_norm(
          x.dtype.c, x.pointer, gamma?.pointer, y.pointer, rrms.pointer, Int64(rows),
          Int64(columns), epsilon), name, x.dtype)
      return [y, rrms]
    } gradient: { gradients, node in
      guard let g = gradients[0] else { return hasWeight ? [nil, nil] : [nil] }
      let x = node.input(0)
      let weight = hasWeight ? node.input(1) : nil
      if isGradEnabled || g.count == 0 {
        let dims = Array((x.rank - normalizedShape.count)..<x.rank)
        let rrms = (x.square().mean(dims: dims, keepDim: true) + epsilon).rsqrt()
        let normal = x * rrms
        let inner = weight.map { g * $0 } ?? g
        let dx = (inner - normal * (inner * normal).mean(dims: dims, keepDim: true)) * rrms
        return [dx] + (hasWeight ? [(g * normal).sum(toShape: normalizedShape)] : [])
      }
      let (dy, source, gamma) = (g.contiguous(), x.contiguous(), weight?.to(x.dtype).contiguous())
      let dx = node.needsGradient(0) ? Tensor.uninitialized(x.shape, x.dtype) : nil
      let dgamma = hasWeight ? Tensor.uninitialized(normalizedShape, x.dtype) : nil
      checkLayer(
        torus_rms_norm_backward(
          x.dtype.c, dy.pointer, source.pointer, gamma?.pointer, node.output(1).pointer,
          dx?.pointer, dgamma?.pointer, Int64(rows), Int64(columns)), name, x.dtype)
      return [dx] + (hasWeight ? [dgamma] : [])
    }[0]
  }
}
