extension F {
  /// (x - mean)/√(var + eps) · weight + bias over the last dimensions
  /// (`torch.nn.functional.layer_norm`; Ba et al. 2016).
  /// - Parameters:
  ///   - x: Of any shape that ends in `normalizedShape`.
  ///   - normalizedShape: The sizes of the trailing dimensions that are normalized together.
  ///   - weight: Of `normalizedShape`; nil for ones.
  ///   - bias: Of `normalizedShape`; nil for zeros.
  ///   - eps: What is added to the variance.
  public static func layerNorm(
    _ x: Tensor, _ normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil,
    eps: Double = 1e-5
  ) -> Tensor {
    let name = "layer_norm"
    require(
      x.rank >= normalizedShape.count
        && Array(x.shape.suffix(normalizedShape.count)) == normalizedShape,
      name, "an input of \(x.shape) does not end in \(normalizedShape)")
    require(
      [weight, bias].allSatisfy { $0 == nil || $0?.shape == normalizedShape }, name,
      "weight and bias must be of \(normalizedShape)")
    let operation = LayerNormalization(
      shape: normalizedShape, eps: eps, hasWeight: weight != nil, hasBias: bias != nil)
    return Tensor.record(operation, [x] + [weight, bias].compactMap { $0 })[0]
  }
}

/// Layer norm: operands are x and, where given, weight and bias; results are y and, in the wide type,
/// each row's mean and 1/√(variance + eps).
private struct LayerNormalization: TensorsOperation {
  let shape: [Int]
  let eps: Double
  let hasWeight: Bool
  let hasBias: Bool
  var precision: PrecisionClass { .full }
  var name: String { "layer_norm" }
  var saving: Saving { [hasWeight ? .input(0, 1) : .input(0), .output(1, 2)] }
  var remaking: Remaking { .fromInputs }
  private var columns: Int { shape.reduce(1, *) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (x, dtype) = (inputs[0], inputs[0].dtype)
    let gamma = hasWeight ? inputs[1].bare.to(dtype) : nil
    let beta = hasBias ? inputs[hasWeight ? 2 : 1].bare.to(dtype) : nil
    let (y, mean, rstd) = Kernel.layerNorm(x, gamma, beta, columns: columns, eps: eps)
    return [y, mean, rstd]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [Tensor?](repeating: nil, count: node.inputCount) }
    let x = node.input(0)
    let weight = hasWeight ? node.input(1) : nil
    if isGradEnabled {
      return layerNormFormula(g, x, weight, hasBias, shape, eps)
    }
    let (dx, dgamma, dbeta) = Kernel.layerNormGradient(
      g,
      Kernel.NormOperands(
        x: x, weight: weight?.to(x.dtype), mean: node.output(1), rstd: node.output(2)), shape,
      Kernel.NormGradients(input: node.needsGradient(0), weight: hasWeight, bias: hasBias))
    return [dx] + (hasWeight ? [dgamma] : []) + (hasBias ? [dbeta] : [])
  }

  /// The gradients of layer norm in operations that have gradients themselves.
  private func layerNormFormula(
    _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ hasBias: Bool, _ shape: [Int], _ eps: Double
  ) -> [Tensor?] {
    let dims = Array((x.rank - shape.count)..<x.rank)
    let centred = x - x.mean(dims: dims, keepDim: true)
    let rstd = (centred.square().mean(dims: dims, keepDim: true) + eps).rsqrt()
    let normal = centred * rstd
    let inner = weight.map { g * $0 } ?? g
    let dx =
      (inner - inner.mean(dims: dims, keepDim: true)
        - normal * (inner * normal).mean(dims: dims, keepDim: true)) * rstd
    var gradients: [Tensor?] = [dx]
    if weight != nil { gradients.append((g * normal).sum(toShape: shape)) }
    if hasBias { gradients.append(g.sum(toShape: shape)) }
    return gradients
  }
}
