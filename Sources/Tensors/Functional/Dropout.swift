extension F {
  /// Zeroes elements with probability p and scales the rest by 1/(1 - p) (`dropout`;
  /// Srivastava et al. 2014). Outside training, or with p = 0, the input itself.
  public static func dropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    checkProbability("dropout", p)
    if !training || p == 0 { return x }
    if p == 1 { return x * 0.0 }
    return Tensor.record(ElementDropout(p: p, draw: Draw(generator)), [x])[0]
  }

  private static func checkProbability(_ name: String, _ p: Double) {
    require((0...1).contains(p), name, "a probability lies between 0 and 1, not \(p)")
  }

  /// Zeroes whole channels: `[N, C, L]` or `[C, L]` (`dropout1d`; Tompson et al. 2015).
  public static func dropout1d(
    _ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor { channelDropout("dropout1d", 1, x, p, training, generator) }

  /// Zeroes whole channels of `[N, C, H, W]` or `[C, H, W]` (`dropout2d`).
  public static func dropout2d(
    _ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor { channelDropout("dropout2d", 2, x, p, training, generator) }

  /// Zeroes whole channels of `[N, C, D, H, W]` or `[C, D, H, W]` (`dropout3d`).
  public static func dropout3d(
    _ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor { channelDropout("dropout3d", 3, x, p, training, generator) }

  private static func channelDropout(
    _ name: String, _ dims: Int, _ x: Tensor, _ p: Double, _ training: Bool,
    _ generator: Generator?
  ) -> Tensor {
    checkProbability(name, p)
    require(
      x.rank == dims + 1 || x.rank == dims + 2, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    if !training || p == 0 { return x }
    if p == 1 { return x * 0.0 }
    let lead = Array(x.shape.dropLast(dims)) + [Int](repeating: 1, count: dims)
    let noise = Tensor.bernoulli(lead, p: 1 - p, dtype: x.dtype, generator: generator)
    return x * (noise / (1 - p))
  }

  /// Dropout that keeps mean and variance of a self-normalizing network (`alpha_dropout`;
  /// Klambauer et al. 2017): dropped elements take SELU's lower bound.
  public static func alphaDropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = false, generator: Generator? = nil
  ) -> Tensor {
    alphaDropout("alpha_dropout", x, x.shape, p, training, generator)
  }

  /// ``alphaDropout(_:p:training:generator:)`` of whole channels (`feature_alpha_dropout`).
  public static func featureAlphaDropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = false, generator: Generator? = nil
  ) -> Tensor {
    require(
      x.rank >= 2, "feature_alpha_dropout", "an input of [N, C, …] is expected, not \(x.shape)")
    let lead = Array(x.shape[..<2]) + [Int](repeating: 1, count: x.rank - 2)
    return alphaDropout("feature_alpha_dropout", x, lead, p, training, generator)
  }

  private static func alphaDropout(
    _ name: String, _ x: Tensor, _ shape: [Int], _ p: Double, _ training: Bool,
    _ generator: Generator?
  ) -> Tensor {
    checkProbability(name, p)
    if !training || p == 0 { return x }
    if p == 1 { return x * 0.0 }
    let bound = seluAlpha * seluScale
    let scale = 1 / ((bound * bound * p + 1) * (1 - p)).squareRoot()
    let noise = Tensor.bernoulli(shape, p: 1 - p, dtype: x.dtype, generator: generator)
    return x * (noise * scale) + ((noise - 1) * (bound * scale) + bound * scale * p)
  }
}

/// Dropout of elements: results are y and the mask of what stays.
private struct ElementDropout: TensorsOperation, RenewedOperation {
  let p: Double
  let draw: Draw
  var name: String { "dropout" }
  var attributes: [String: Attribute] { ["p": .double(p)] }
  var saving: Saving { .output(1) }
  var remaking: Remaking { .fromKeptInputs(saving: .output(1)) }
  func pinned() -> ElementDropout { ElementDropout(p: p, draw: draw.pinned()) }
  func renewed() -> ElementDropout { ElementDropout(p: p, draw: draw.renewed()) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (y, mask) = Kernel.dropout(inputs[0], p, draw)
    return [y, mask]
  }

  func remade(_ inputs: [Tensor], _ node: Node) -> Tensor {
    Kernel.masked(inputs[0], node.output(1), p)
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    [gradients[0].map { Tensor.record(DropoutByMask(p: p), [$0, node.output(1)]) }]
  }
}

/// Dropout by a mask that was drawn before, which its gradient is, too.
private struct DropoutByMask: TensorOperation {
  let p: Double
  var name: String { "dropout_backward" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.masked(inputs[0], inputs[1], p) }

  func gradient(_ gradient: Tensor, _ node: Node) -> [Tensor?] {
    [Tensor.record(self, [gradient, node.input(1)]), nil]
  }
}
