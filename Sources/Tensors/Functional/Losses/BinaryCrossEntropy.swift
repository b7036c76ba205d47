extension F {
  /// -(y log x + (1 - y) log(1 - x)) of probabilities x (`binary_cross_entropy`); logarithms below
  /// -100 count as -100.
  /// - Parameters:
  ///   - x: Probabilities, of any shape.
  ///   - target: y, of x's shape: numbers from 0 to 1.
  ///   - weight: A factor for every element, broadcast.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func binaryCrossEntropy(
    _ x: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean
  ) -> Tensor {
    let (x, target) = (x.inFullPrecision, target.inFullPrecision)
    let name = "binary_cross_entropy"
    require(
      x.shape == target.shape, name, "input \(x.shape) and target \(target.shape) differ in shape")
    let losses = Tensor.record(BinaryCrossEntropy(), [x, target])
    return reduction.apply(weight.map { losses * $0 } ?? losses)
  }

  /// ``binaryCrossEntropy(_:_:weight:reduction:)`` of sigmoid(x), computed stably
  /// (`binary_cross_entropy_with_logits`).
  /// - Parameters:
  ///   - x: Logits, of any shape.
  ///   - target: y, of x's shape: numbers from 0 to 1.
  ///   - weight: A factor for every element, broadcast.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  ///   - positiveWeight: A factor for y's part, broadcast: above 1 it favours recall.
  public static func binaryCrossEntropyWithLogits(
    _ x: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean,
    posWeight positiveWeight: Tensor? = nil
  ) -> Tensor {
    let (x, target) = (x.inFullPrecision, target.inFullPrecision)
    require(
      x.shape == target.shape, "binary_cross_entropy_with_logits",
      "input \(x.shape) and target \(target.shape) differ in shape")
    var log = logSigmoid(x)
    if let positiveWeight { log = log * ((positiveWeight - 1) * target + 1) }
    let losses = (1 - target) * x - log
    return reduction.apply(weight.map { losses * $0 } ?? losses)
  }

  /// log(1 + exp(-y x)) for targets of ±1 (`soft_margin_loss`).
  public static func softMarginLoss(
    _ x: Tensor, _ target: Tensor, reduction: Reduction = .mean
  ) -> Tensor {
    let (x, target) = (x.inFullPrecision, target.inFullPrecision)
    return reduction.apply((-target * x).exp().log1p())
  }

  /// The mean over classes, the last dimension, of the binary cross-entropy with logits
  /// (`multilabel_soft_margin_loss`).
  public static func multilabelSoftMarginLoss(
    _ x: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean
  ) -> Tensor {
    let (x, target) = (x.inFullPrecision, target.inFullPrecision)
    let losses = -(target * logSigmoid(x) + (1 - target) * logSigmoid(-x))
    let weighted = weight.map { losses * $0 } ?? losses
    return reduction.apply(weighted.sum(dim: -1) / Double(x.shape.last ?? 1))
  }
}

/// The binary cross-entropy of each probability: operands are probabilities and targets.
private struct BinaryCrossEntropy: TensorOperation {
  var precision: PrecisionClass { .full }
  var name: String { "binary_cross_entropy" }
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> Tensor {
    noGrad {
      let (x, y) = (inputs[0].bare, inputs[1].bare)
      let outside = x.lt(0).logicalOr(x.gt(1)).any()
      require(!outside.item(Bool.self), name, "inputs must lie between 0 and 1")
      return (y - 1) * limited((1 - x).log()) - y * limited(x.log())
    }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, y) = (node.input(0), node.input(1))
    let spread = ((1 - x) * x).maximum(Tensor.full([], 1e-12, dtype: x.dtype))
    return [
      node.needsGradient(0) ? g * ((x - y) / spread) : nil,
      node.needsGradient(1) ? g * (limited((1 - x).log()) - limited(x.log())) : nil,
    ]
  }

  private func limited(_ logarithm: Tensor) -> Tensor {
    logarithm.maximum(Tensor.full([], -100.0, dtype: logarithm.dtype))
  }
}
