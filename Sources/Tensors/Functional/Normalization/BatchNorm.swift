import CKernels

extension F {
  /// Normalizes each channel over batch and positions, then scales and shifts
  /// (`torch.nn.functional.batch_norm`; Ioffe & Szegedy 2015).
  ///
  /// (x - mean)/√(var + eps) · weight + bias, with the batch's statistics while training, else with
  /// the running ones. This form leaves the running statistics alone; see
  /// ``batchNorm(_:updating:_:weight:bias:momentum:eps:)``.
  /// - Parameters:
  ///   - x: `[N, C]` or `[N, C, …]`.
  ///   - runningMean, runningVar: `[C]`; needed outside training.
  ///   - weight, bias: `[C]`; nil for ones and zeros.
  public static func batchNorm(
    _ x: Tensor, runningMean: Tensor? = nil, runningVar: Tensor? = nil, weight: Tensor? = nil,
    bias: Tensor? = nil, training: Bool = false, eps: Double = 1e-5
  ) -> Tensor {
    if let empty = withoutElements(x, weight, bias) { return empty }
    let norm = ChannelNorm("batch_norm", x, weight, bias, eps)
    if training { return norm.train().output }
    guard let runningMean, let runningVar else {
      fail("batch_norm", "running statistics are needed outside training")
    }
    return norm.evaluate(runningMean, runningVar)
  }

  /// ``batchNorm(_:runningMean:runningVar:weight:bias:training:eps:)`` while training, which moves
  /// the running statistics towards the batch's: running · (1 - momentum) + batch · momentum, with
  /// the unbiased variance. A batch without elements leaves them as they are.
  public static func batchNorm(
    _ x: Tensor, updating runningMean: inout Tensor, _ runningVar: inout Tensor,
    weight: Tensor? = nil, bias: Tensor? = nil, momentum: Double = 0.1, eps: Double = 1e-5
  ) -> Tensor {
    if let empty = withoutElements(x, weight, bias) { return empty }
    let norm = ChannelNorm("batch_norm", x, weight, bias, eps)
    let (output, mean, variance) = norm.train()
    noGrad {
      let count = Double(x.shape[0] * norm.spatial)
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
    (running.bare.to(batch.dtype) * (1 - momentum) + batch * momentum).to(running.dtype)
  }
}

/// One batch norm: its operands and sizes.
private struct ChannelNorm {
  let name: String
  let x: Tensor
  let weight, bias: Tensor?
  let eps: Double
  let channels: Int
  let spatial: Int

  init(_ name: String, _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, _ eps: Double) {
    require(x.rank >= 2, name, "an input of [N, C, …] is expected, not \(x.shape)")
    require(
      [weight, bias].allSatisfy { $0 == nil || $0?.shape == [x.shape[1]] }, name,
      "weight and bias must be of [\(x.shape[1])]")
    (self.name, self.x, self.weight, self.bias, self.eps) = (name, x, weight, bias, eps)
    channels = x.shape[1]
    spatial = x.shape[2...].reduce(1, *)
  }

  /// Parameters as the kernels read them, in the input's dtype.
  private var operands: [Tensor] { [x] + [weight, bias].compactMap { $0 } }

  private func parameters(_ inputs: [Tensor]) -> (gamma: Tensor?, beta: Tensor?) {
    let gamma = weight.map { _ in inputs[1].bare.to(inputs[0].dtype).contiguous() }
    let beta = bias.map { _ in
      inputs[weight == nil ? 1 : 2].bare.to(inputs[0].dtype).contiguous()
    }
    return (gamma, beta)
  }

  /// The output, and the batch's mean and biased variance, in the wide type.
  func train() -> (output: Tensor, mean: Tensor, variance: Tensor) {
    let (hasWeight, hasBias) = (weight != nil, bias != nil)
    let (channels, spatial, eps, name) = (channels, spatial, eps, name)
    require(
      x.shape[0] * spatial != 1, name,
      "more than one value per channel is expected when training, not \(x.shape)")
    let results = Tensor.applyMany(
      name, operands, attributes: ["training": .bool(true), "eps": .double(eps)],
      saving: [hasWeight ? .input(0, 1) : .input(0), .output(1, 2)]
    ) { inputs in
      let x = inputs[0].contiguous()
      let (gamma, beta) = parameters(inputs)
      let y = Tensor.uninitialized(x.shape, x.dtype)
      let mean = Tensor.uninitialized([channels], x.dtype.wide)
      let variance = Tensor.uninitialized([channels], x.dtype.wide)
      let invstd = Tensor.uninitialized([channels], x.dtype.wide)
      checkLayer(
        torus_batch_norm(
          x.dtype.c, x.pointer, gamma?.pointer, beta?.pointer, y.pointer, mean.pointer,
          variance.pointer, invstd.pointer, Int64(x.shape[0]), Int64(channels), Int64(spatial), eps),
        name, x.dtype)
      return [y, mean, invstd, variance]
    } gradient: { gradients, node in
      let nothing = [Tensor?](repeating: nil, count: 1 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0))
      guard let g = gradients[0] else { return nothing }
      let x = node.input(0)
      let weight = hasWeight ? node.input(1) : nil
      if isGradEnabled { return formula(g, x, weight, hasBias, eps) }
      return kernelGradient(
        g, x, weight, node.output(1), node.output(2), training: true, hasBias, node)
    }
    return (results[0], results[1].bare, results[3].bare)
  }

  /// The output with fixed statistics.
  func evaluate(_ mean: Tensor, _ variance: Tensor) -> Tensor {
    require(
      mean.shape == [channels] && variance.shape == [channels], name,
      "running statistics must be of [\(channels)], not \(mean.shape) and \(variance.shape)")
    let wide = x.dtype.wide
    let center = mean.bare.to(wide).contiguous()
    let invstd = noGrad { (variance.bare.to(wide) + eps).rsqrt() }
    let (hasWeight, hasBias, name) = (weight != nil, bias != nil, name)
    let (channels, spatial) = (channels, spatial)
    return Tensor.apply(
      name, operands, attributes: ["training": .bool(false), "eps": .double(eps)],
      saving: hasWeight ? .input(0, 1) : .input(0)
    ) { inputs in
      let x = inputs[0].contiguous()
      let (gamma, beta) = parameters(inputs)
      let y = Tensor.uninitialized(x.shape, x.dtype)
      if y.count == 0 { return y }
      checkLayer(
        torus_batch_norm_apply(
          x.dtype.c, x.pointer, gamma?.pointer, beta?.pointer, center.pointer, invstd.pointer,
          y.pointer, Int64(x.shape[0]), Int64(channels), Int64(spatial)), name, x.dtype)
      return y
    } gradient: { g, node in
      let x = node.input(0)
      let weight = hasWeight ? node.input(1) : nil
      if isGradEnabled || g.count == 0 {
        let shape = channelShape(x)
        let normal = (x - center.reshaped(shape)) * invstd.reshaped(shape)
        let slope = weight.map { ($0 * invstd).reshaped(shape) } ?? invstd.reshaped(shape)
        var gradients: [Tensor?] = [g * slope.to(g.dtype)]
        if hasWeight { gradients.append((g * normal.to(g.dtype)).sum(toChannels: channels)) }
        if hasBias { gradients.append(g.sum(toChannels: channels)) }
        return gradients
      }
      return kernelGradient(g, x, weight, center, invstd, training: false, hasBias, node)
    }
  }

  private func channelShape(_ x: Tensor) -> [Int] {
    [1, channels] + [Int](repeating: 1, count: x.rank - 2)
  }

  private func kernelGradient(
    _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ mean: Tensor, _ invstd: Tensor, training: Bool,
    _ hasBias: Bool, _ node: Node
  ) -> [Tensor?] {
    let (dy, source) = (g.contiguous(), x.contiguous())
    let gamma = weight?.to(x.dtype).contiguous()
    let dx = node.needsGradient(0) ? Tensor.uninitialized(x.shape, x.dtype) : nil
    let dgamma = weight.map { _ in Tensor.uninitialized([channels], x.dtype) }
    let dbeta = hasBias ? Tensor.uninitialized([channels], x.dtype) : nil
    checkLayer(
      torus_batch_norm_backward(
        x.dtype.c, dy.pointer, source.pointer, gamma?.pointer, mean.pointer, invstd.pointer,
        training, dx?.pointer, dgamma?.pointer, dbeta?.pointer, Int64(x.shape[0]),
        Int64(channels), Int64(spatial)), name, x.dtype)
    return [dx] + (weight == nil ? [] : [dgamma]) + (hasBias ? [dbeta] : [])
  }

  /// The gradients of training in operations that have gradients themselves.
  private func formula(
    _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ hasBias: Bool, _ eps: Double
  ) -> [Tensor?] {
    let dims = [0] + Array(2..<x.rank)
    let centred = x - x.mean(dims: dims, keepDim: true)
    let invstd = (centred.square().mean(dims: dims, keepDim: true) + eps).rsqrt()
    let normal = centred * invstd
    let inner = weight.map { g * $0.reshaped(channelShape(x)) } ?? g
    let dx =
      (inner - inner.mean(dims: dims, keepDim: true)
        - normal * (inner * normal).mean(dims: dims, keepDim: true)) * invstd
    var gradients: [Tensor?] = [dx]
    if weight != nil { gradients.append((g * normal).sum(toChannels: channels)) }
    if hasBias { gradients.append(g.sum(toChannels: channels)) }
    return gradients
  }
}

extension Tensor {
  /// The sum over all dimensions but the channels, dimension 1.
  func sum(toChannels channels: Int) -> Tensor {
    sum(dims: [0] + Array(2..<rank))
  }
}
