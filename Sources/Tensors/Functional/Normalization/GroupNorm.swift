extension F {
  /// Normalizes groups of channels of each sample, then scales and shifts each channel
  /// (`torch.nn.functional.group_norm`; Wu & He 2018).
  /// - Parameters:
  ///   - x: `[N, C, …]`.
  ///   - groups: Divides C.
  ///   - weight: The scale, `[C]`; nil for ones.
  ///   - bias: The shift, `[C]`; nil for zeros.
  ///   - eps: What is added to the variance.
  public static func groupNorm(
    _ x: Tensor, numGroups groups: Int, weight: Tensor? = nil, bias: Tensor? = nil,
    eps: Double = 1e-5
  ) -> Tensor {
    groupNorm("group_norm", x, groups, weight, bias, eps)
  }

  /// Normalizes each channel of each sample over its positions
  /// (`torch.nn.functional.instance_norm`; Ulyanov et al. 2016).
  ///
  /// This form leaves running statistics alone; see
  /// ``instanceNorm(_:updating:_:weight:bias:momentum:eps:)``.
  /// - Parameters:
  ///   - x: `[N, C, …]`.
  ///   - runningMean: `[C]`; needed where the batch's statistics are not used.
  ///   - runningVar: `[C]`, likewise.
  ///   - weight: The scale, `[C]`; nil for ones.
  ///   - bias: The shift, `[C]`; nil for zeros.
  ///   - useInputStats: Whether the input's statistics are used, not the running ones.
  ///   - eps: What is added to the variance.
  public static func instanceNorm(
    _ x: Tensor, runningMean: Tensor? = nil, runningVar: Tensor? = nil, weight: Tensor? = nil,
    bias: Tensor? = nil, useInputStats: Bool = true, eps: Double = 1e-5
  ) -> Tensor {
    let name = "instance_norm"
    require(x.rank >= 2, name, "an input of [N, C, …] is expected, not \(x.shape)")
    require(
      (weight == nil && bias == nil) || x.shape[0] * x.shape[1] > 0, name,
      "weight and bias have no channel in an input of \(x.shape)")
    if x.count == 0 {
      return Tensor.withoutElements(name, [x] + [weight, bias].compactMap { $0 }, [x.shape])[0]
    }
    if useInputStats {
      require(
        x.shape[2...].reduce(1, *) != 1, name,
        "more than one position per channel is expected, not \(x.shape)")
      return groupNorm(name, x, x.shape[1], weight, bias, eps)
    }
    return batchNorm(
      x, runningMean: runningMean, runningVar: runningVar, weight: weight, bias: bias, eps: eps)
  }

  /// ``instanceNorm(_:runningMean:runningVar:weight:bias:useInputStats:eps:)`` with the input's
  /// statistics, which moves the running ones towards their mean over the batch. An input without
  /// elements leaves them as they are; in PyTorch a batch of no samples makes them NaN for good.
  public static func instanceNorm(
    _ x: Tensor, updating runningMean: inout Tensor, _ runningVar: inout Tensor,
    weight: Tensor? = nil, bias: Tensor? = nil, momentum: Double = 0.1, eps: Double = 1e-5
  ) -> Tensor {
    let output = instanceNorm(x, weight: weight, bias: bias, eps: eps)
    if x.count == 0 { return output }
    noGrad {
      let wide = x.detach().to(x.dtype.wide)
      let dims = Array(2..<x.rank)
      let count = Double(x.shape[2...].reduce(1, *))
      let mean = wide.mean(dims: dims, keepDim: true)
      let variance = (wide - mean).square().sum(dims: dims) / (count - 1)
      runningMean = moved(
        runningMean, mean.reshaped([x.shape[0], x.shape[1]]).mean(dim: 0), momentum)
      runningVar = moved(runningVar, variance.mean(dim: 0), momentum)
    }
    return output
  }

  private static func groupNorm(
    _ name: String, _ x: Tensor, _ groups: Int, _ weight: Tensor?, _ bias: Tensor?, _ eps: Double
  ) -> Tensor {
    require(x.rank >= 2, name, "an input of [N, C, …] is expected, not \(x.shape)")
    let channels = x.shape[1]
    require(
      groups > 0 && channels % groups == 0, name,
      "\(groups) groups do not divide \(channels) channels")
    require(
      [weight, bias].allSatisfy { $0 == nil || $0?.shape == [channels] }, name,
      "weight and bias must be of [\(channels)]")
    let operation = GroupNormalization(
      name: name, groups: groups, eps: eps,
      operands: ChannelOperands(hasWeight: weight != nil, hasBias: bias != nil))
    return Tensor.record(operation, [x] + [weight, bias].compactMap { $0 })[0]
  }
}

/// Group norm, instance norm among them: operands are x and, where given, weight and bias; results
/// are y and, in the wide type, each group's mean and 1/√(variance + eps).
private struct GroupNormalization: TensorsOperation {
  let name: String
  let groups: Int
  let eps: Double
  let operands: ChannelOperands
  var precision: PrecisionClass { .full }
  var attributes: [String: Attribute] { ["groups": .int(groups), "eps": .double(eps)] }
  var saving: Saving { [operands.hasWeight ? .input(0, 1) : .input(0), .output(1, 2)] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (y, mean, rstd) = Kernel.groupNorm(
      name, inputs[0], operands.weight(inputs), operands.bias(inputs), groups: groups, eps: eps)
    return [y, mean, rstd]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let (hasWeight, hasBias) = (operands.hasWeight, operands.hasBias)
    guard let g = gradients[0] else { return [Tensor?](repeating: nil, count: operands.count) }
    let x = node.input(0)
    let weight = hasWeight ? node.input(1) : nil
    if g.count == 0, !isGradEnabled {
      // The mean of nothing is NaN; in PyTorch the weight of a group norm gets it where there are
      // samples, that of an instance norm does not.
      let isOfNothing = name == "group_norm" && g.shape[0] > 0 && g.shape[1] > 0
      let slope: Double = isOfNothing ? .nan : 0
      let channel = { (value: Double) in Tensor.full([x.shape[1]], value, dtype: x.dtype) }
      return [.zeros(x.shape, dtype: x.dtype)] + (hasWeight ? [channel(slope)] : [])
        + (hasBias ? [channel(0)] : [])
    }
    if isGradEnabled {
      return groupNormFormula(g, x, weight, hasBias, groups, eps)
    }
    let (dx, dgamma, dbeta) = Kernel.groupNormGradient(
      name, g,
      Kernel.NormOperands(
        x: x, weight: weight?.to(x.dtype), mean: node.output(1), rstd: node.output(2)),
      groups: groups,
      Kernel.NormGradients(input: node.needsGradient(0), weight: hasWeight, bias: hasBias))
    return [dx] + (hasWeight ? [dgamma] : []) + (hasBias ? [dbeta] : [])
  }

  /// The gradients of group norm in operations that have gradients themselves.
  private func groupNormFormula(
    _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ hasBias: Bool, _ groups: Int, _ eps: Double
  ) -> [Tensor?] {
    let (batch, channels) = (x.shape[0], x.shape[1])
    let channelShape = [1, channels] + [Int](repeating: 1, count: x.rank - 2)
    let rows = [batch, groups, batch == 0 ? 0 : x.count / (batch * groups)]
    let flat = x.reshaped(rows)
    let centred = flat - flat.mean(dim: 2, keepDim: true)
    let rstd = (centred.square().mean(dim: 2, keepDim: true) + eps).rsqrt()
    let normal = centred * rstd
    let inner = (weight.map { g * $0.reshaped(channelShape) } ?? g).reshaped(rows)
    let dx =
      (inner - inner.mean(dim: 2, keepDim: true)
        - normal * (inner * normal).mean(dim: 2, keepDim: true)) * rstd
    var gradients: [Tensor?] = [dx.reshaped(x.shape)]
    if weight != nil {
      gradients.append((g * normal.reshaped(x.shape)).sumToChannels())
    }
    if hasBias { gradients.append(g.sumToChannels()) }
    return gradients
  }
}
