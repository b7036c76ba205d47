extension F {
  /// Normalizes each channel over batch and positions, then scales and shifts
  /// (`torch.nn.functional.batch_norm`; Ioffe & Szegedy 2015).
  ///
  /// (x - mean)/√(var + eps) · weight + bias, with the batch's statistics while training, else with
  /// the running ones. This form leaves the running statistics alone; see
  /// ``batchNorm(_:updating:_:weight:bias:momentum:eps:)``.
  /// - Parameters:
  ///   - x: `[N, C]` or `[N, C, …]`.
  ///   - runningMean: `[C]`; needed where the batch's statistics are not used.
  ///   - runningVar: `[C]`, likewise.
  ///   - weight: The scale, `[C]`; nil for ones.
  ///   - bias: The shift, `[C]`; nil for zeros.
  ///   - training: Whether the batch's statistics are used, not the running ones.
  ///   - eps: What is added to the variance.
  public static func batchNorm(
    _ x: Tensor, runningMean: Tensor? = nil, runningVar: Tensor? = nil, weight: Tensor? = nil,
    bias: Tensor? = nil, training: Bool = false, eps: Double = 1e-5
  ) -> Tensor {
    if let empty = withoutElements(x, weight, bias) { return empty }
    let (operands, inputs) = channelOperands(x, weight, bias)
    if training { return Tensor.record(BatchNormTraining(operands: operands, eps: eps), inputs)[0] }
    guard let runningMean, let runningVar else {
      fail("batch_norm", "running statistics are needed outside training")
    }
    let channels = x.shape[1]
    require(
      runningMean.shape == [channels] && runningVar.shape == [channels], "batch_norm",
      "running statistics must be of [\(channels)], not \(runningMean.shape) and \(runningVar.shape)"
    )
    let wide = x.dtype.wide
    let center = runningMean.detach().to(wide).contiguous()
    let invstd = noGrad { (runningVar.detach().to(wide) + eps).rsqrt() }
    return Tensor.record(BatchNormEvaluation(operands: operands), inputs + [center, invstd])
  }

  private static func channelOperands(
    _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?
  ) -> (ChannelOperands, [Tensor]) {
    require(x.rank >= 2, "batch_norm", "an input of [N, C, …] is expected, not \(x.shape)")
    require(
      [weight, bias].allSatisfy { $0 == nil || $0?.shape == [x.shape[1]] }, "batch_norm",
      "weight and bias must be of [\(x.shape[1])]")
    return (
      ChannelOperands(hasWeight: weight != nil, hasBias: bias != nil),
      [x] + [weight, bias].compactMap { $0 }
    )
  }

  /// ``batchNorm(_:runningMean:runningVar:weight:bias:training:eps:)`` while training, which moves
  /// the running statistics towards the batch's: running · (1 - momentum) + batch · momentum, with
  /// the unbiased variance. A batch without elements leaves them as they are.
  public static func batchNorm(
    _ x: Tensor, updating runningMean: inout Tensor, _ runningVar: inout Tensor,
    weight: Tensor? = nil, bias: Tensor? = nil, momentum: Double = 0.1, eps: Double = 1e-5
  ) -> Tensor {
    if let empty = withoutElements(x, weight, bias) { return empty }
    let (operands, inputs) = channelOperands(x, weight, bias)
    let results = Tensor.record(BatchNormTraining(operands: operands, eps: eps), inputs)
    let (output, mean, variance) = (results[0], results[1].detach(), results[3].detach())
    noGrad {
      let count = Double(x.count / x.shape[1])
      let unbiased = variance * (count / (count - 1))
      runningMean = moved(runningMean, mean, momentum)
      runningVar = moved(runningVar, unbiased, momentum)
    }
    return output
  }

  /// The result of a norm where there is nothing to normalize.
  private static func withoutElements(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Tensor? {
    guard x.count == 0 else { return nil }
    require(
      weight?.count != 0 && bias?.count != 0, "batch_norm", "weight and bias must not be empty")
    return Tensor.withoutElements(
      "batch_norm", [x] + [weight, bias].compactMap { $0 }, [x.shape])[0]
  }

  /// running · (1 - momentum) + batch · momentum, in the running value's dtype.
  static func moved(_ running: Tensor, _ batch: Tensor, _ momentum: Double) -> Tensor {
    (running.detach().to(batch.dtype) * (1 - momentum) + batch * momentum).to(running.dtype)
  }
}

/// Batch norm's optional operands: where weight, bias and fixed statistics stand among them.
struct ChannelOperands {
  let hasWeight: Bool
  let hasBias: Bool

  /// An operand as the kernels read it, in the input's dtype.
  func weight(_ inputs: [Tensor]) -> Tensor? {
    hasWeight ? inputs[1].bare.to(inputs[0].dtype).contiguous() : nil
  }

  func bias(_ inputs: [Tensor]) -> Tensor? {
    hasBias ? inputs[hasWeight ? 2 : 1].bare.to(inputs[0].dtype).contiguous() : nil
  }

  /// The number of operands before the statistics.
  var count: Int { 1 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0) }
}

/// Batch norm by the batch's own statistics. Operands are x and, where given, weight and bias;
/// results are y and, in the wide type, mean, 1/√(variance + eps) and the biased variance.
private struct BatchNormTraining: TensorsOperation {
  let operands: ChannelOperands
  let eps: Double
  var name: String { "batch_norm" }
  var attributes: [String: Attribute] { ["training": .bool(true), "eps": .double(eps)] }
  var saving: Saving { [operands.hasWeight ? .input(0, 1) : .input(0), .output(1, 2)] }
  var remaking: Remaking { .fromInputs }

  func remade(_ inputs: [Tensor], _ node: Node) -> Tensor {
    Kernel.batchNorm(
      name, inputs[0], operands.weight(inputs), operands.bias(inputs), mean: node.output(1),
      rstd: node.output(2))
  }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0]
    require(
      x.shape[0] * x.shape[2...].reduce(1, *) != 1, name,
      "more than one value per channel is expected when training, not \(x.shape)")
    let (y, mean, invstd, variance) = Kernel.batchNorm(
      x, operands.weight(inputs), operands.bias(inputs), eps: eps)
    return [y, mean, invstd, variance]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [Tensor?](repeating: nil, count: operands.count) }
    let x = node.input(0)
    let weight = operands.hasWeight ? node.input(1) : nil
    if isGradEnabled { return formula(g, x, weight) }
    return batchNormKernelGradient(
      g, x, weight, node.output(1), node.output(2), training: true, operands, node)
  }

  /// The gradients in operations that have gradients themselves.
  private func formula(_ g: Tensor, _ x: Tensor, _ weight: Tensor?) -> [Tensor?] {
    let dims = [0] + Array(2..<x.rank)
    let centred = x - x.mean(dims: dims, keepDim: true)
    let invstd = (centred.square().mean(dims: dims, keepDim: true) + eps).rsqrt()
    let normal = centred * invstd
    let inner = weight.map { g * $0.reshaped(channelShape(x)) } ?? g
    let dx =
      (inner - inner.mean(dims: dims, keepDim: true)
        - normal * (inner * normal).mean(dims: dims, keepDim: true)) * invstd
    var gradients: [Tensor?] = [dx]
    if weight != nil { gradients.append((g * normal).sumToChannels()) }
    if operands.hasBias { gradients.append(g.sumToChannels()) }
    return gradients
  }
}

/// Batch norm by fixed statistics: the last two operands, mean and 1/√(variance + eps) in the wide
/// type.
private struct BatchNormEvaluation: TensorOperation {
  let operands: ChannelOperands
  var name: String { "batch_norm" }
  var attributes: [String: Attribute] { ["training": .bool(false)] }
  var saving: Saving {
    [operands.hasWeight ? .input(0, 1) : .input(0), .input(operands.count, operands.count + 1)]
  }
  var remaking: Remaking { .fromInputs }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.batchNorm(
      name, inputs[0], operands.weight(inputs), operands.bias(inputs),
      mean: inputs[operands.count], rstd: inputs[operands.count + 1])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let x = node.input(0)
    let weight = operands.hasWeight ? node.input(1) : nil
    let (mean, invstd) = (node.input(operands.count), node.input(operands.count + 1))
    guard isGradEnabled || g.count == 0 else {
      return batchNormKernelGradient(
        g, x, weight, mean, invstd, training: false, operands, node) + [nil, nil]
    }
    let shape = channelShape(x)
    let normal = (x - mean.reshaped(shape)) * invstd.reshaped(shape)
    let slope = weight.map { ($0 * invstd).reshaped(shape) } ?? invstd.reshaped(shape)
    var gradients: [Tensor?] = [g * slope.to(g.dtype)]
    if operands.hasWeight { gradients.append((g * normal.to(g.dtype)).sumToChannels()) }
    if operands.hasBias { gradients.append(g.sumToChannels()) }
    return gradients + [nil, nil]
  }
}

private func channelShape(_ x: Tensor) -> [Int] {
  [1, x.shape[1]] + [Int](repeating: 1, count: x.rank - 2)
}

private func batchNormKernelGradient(
  _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ mean: Tensor, _ invstd: Tensor, training: Bool,
  _ operands: ChannelOperands, _ node: Node
) -> [Tensor?] {
  let (dx, dgamma, dbeta) = Kernel.batchNormGradient(
    g, Kernel.NormOperands(x: x, weight: weight?.to(x.dtype), mean: mean, rstd: invstd),
    training: training,
    Kernel.NormGradients(
      input: node.needsGradient(0), weight: weight != nil, bias: operands.hasBias))
  return [dx] + (weight == nil ? [] : [dgamma]) + (operands.hasBias ? [dbeta] : [])
}

extension Tensor {
  /// The sum over all dimensions but the channels, dimension 1.
  func sumToChannels() -> Tensor { sum(dims: [0] + Array(2..<rank)) }
}
