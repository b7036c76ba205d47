extension F {
  /// The cross-entropy of logits with class indices (`torch.nn.functional.cross_entropy`).
  ///
  /// -w[t] log softmax(x)[t], averaged over the weights of the targets that count.
  /// - Parameters:
  ///   - logits: `[classes]`, `[N, classes]` or `[N, classes, …]`.
  ///   - targets: int64 of `[]`, `[N]` or `[N, …]`; or probabilities, floating point of the logits'
  ///     shape.
  ///   - weight: One factor per class.
  ///   - ignoreIndex: Targets of this value count neither in the loss nor in the mean.
  ///   - reduction: How the losses are combined: their weighted mean, their sum, or not at all.
  ///   - labelSmoothing: How much of each target is spread evenly over all classes, 0 to 1.
  public static func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
    reduction: Reduction = .mean, labelSmoothing: Double = 0
  ) -> Tensor {
    let logits = logits.inFullPrecision
    let name = "cross_entropy"
    require(logits.rank > 0, name, "logits need a dimension of classes")
    require(
      (0...1).contains(labelSmoothing), name,
      "label smoothing lies between 0 and 1, not at \(labelSmoothing)")
    let classDim = logits.rank == 1 ? 0 : 1
    if targets.dtype.isFloatingPoint {
      return softCrossEntropy(logits, targets, weight, classDim, labelSmoothing, reduction)
    }
    var expected = logits.shape
    expected.remove(at: classDim)
    require(
      targets.shape == expected && targets.dtype == .int64, name,
      "logits of \(logits.shape) want int64 targets of \(expected), not \(targets.dtype) of \(targets.shape)"
    )
    let classes = logits.shape[classDim]
    require(
      weight == nil || weight?.shape == [classes], name,
      "\(weight?.shape ?? []) weights for \(classes) classes")
    let operation = CrossEntropy(
      classDim: classDim, ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing,
      reduction: reduction)
    return Tensor.record(operation, [logits, targets] + [weight].compactMap { $0 })[0]
  }
}

extension F {
  /// -Σ w t log softmax(x) over the classes, for targets that are probabilities; the mean is over
  /// positions.
  private static func softCrossEntropy(
    _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?, _ dim: Int, _ smoothing: Double,
    _ reduction: Reduction
  ) -> Tensor {
    require(
      targets.shape == logits.shape, "cross_entropy",
      "targets of \(targets.dtype) are probabilities of the logits' shape \(logits.shape), not of "
        + "\(targets.shape); classes are int64")
    let classes = logits.shape[dim]
    var goal = targets
    if smoothing > 0 { goal = goal * (1 - smoothing) + smoothing / Double(classes) }
    var terms = logits.logSoftmax(dim: dim) * goal
    if let weight {
      terms = terms * weight.reshaped([-1] + [Int](repeating: 1, count: logits.rank - dim - 1))
    }
    let losses = -terms.sum(dim: dim)
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean: return losses.sum() / Double(losses.count)
    }
  }
}

/// Cross-entropy with class indices: operands are logits, targets and, where there are some, the
/// classes' weights; results are the loss and the log-sum-exp of every position.
private struct CrossEntropy: TensorsOperation {
  let classDim: Int
  let ignoreIndex: Int
  let labelSmoothing: Double
  let reduction: Reduction
  var precision: PrecisionClass { .full }
  var name: String { "cross_entropy" }
  var saving: Saving { [.inputs, .output(1)] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (x, t) = (inputs[0], inputs[1])
    let weight = weight(inputs.count > 2 ? inputs[2] : nil, x.dtype)
    let (losses, lse) = Kernel.crossEntropy(x, t, weight, options)
    switch reduction {
    case .none: return [losses.to(x.dtype), lse]
    case .sum: return [losses.sum().to(x.dtype), lse]
    case .mean: return [(losses.sum() / total(t, weight, x.dtype)).to(x.dtype), lse]
    }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let rest = [Tensor?](repeating: nil, count: node.inputCount - 1)
    guard let g = gradients[0] else { return [nil] + rest }
    let (x, t) = (node.input(0), node.input(1))
    let weight = weight(node.inputCount > 2 ? node.input(2) : nil, x.dtype)
    // Recorded: the same gradient written out in operations that have one of their own.
    if isGradEnabled { return [formula(g, x, t, weight)] + rest }
    return [backward(g, x, t, weight, node.output(1))] + rest
  }

  private var options: Kernel.CrossEntropyOptions {
    Kernel.CrossEntropyOptions(
      classDim: classDim, ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
  }

  /// The classes' weights as the kernels read them.
  private func weight(_ weight: Tensor?, _ dtype: DType) -> Tensor? {
    weight.map { $0.to(dtype).contiguous() }
  }

  /// The weights of the targets that count.
  private func total(_ targets: Tensor, _ weight: Tensor?, _ dtype: DType) -> Double {
    Kernel.crossEntropyTotal(targets, weight, dtype, ignoreIndex: ignoreIndex)
  }

  private func backward(
    _ g: Tensor, _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?, _ lse: Tensor
  ) -> Tensor {
    let scale = reduction == .mean ? 1 / total(targets, weight, logits.dtype) : 1
    return Kernel.crossEntropyGradient(
      g, logits, targets, weight, lse: lse, options, isOneEach: reduction == .none, scale: scale)
  }

  /// w[t]·g·((1 - S)(softmax - onehot)) + S/classes·g·(Σw·softmax - w), for targets that count.
  private func formula(
    _ g: Tensor, _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?
  ) -> Tensor {
    let (dim, classes) = (classDim, logits.shape[classDim])
    let counts = targets.ne(ignoreIndex)
    let safe = targets.maskedFill(counts.logicalNot(), 0).unsqueezed(dim)
    let zeros = Tensor.zeros(logits.shape, dtype: logits.dtype)
    let onehot = zeros.scatter(
      dim: dim, index: safe, src: Tensor.ones(safe.shape, dtype: logits.dtype))
    var shape = [Int](repeating: 1, count: logits.rank)
    shape[dim] = classes
    let w = (weight ?? Tensor.ones([classes], dtype: logits.dtype)).reshaped(shape)
    let probabilities = logits.softmax(dim: dim)
    let own = (onehot * w).sum(dim: dim, keepDim: true)
    var slope = (probabilities - onehot) * own * (1 - labelSmoothing)
    if labelSmoothing > 0 {
      slope += (probabilities * w.sum() - w) * (labelSmoothing / Double(classes))
    }
    let scale = reduction == .mean ? 1 / total(targets, weight, logits.dtype) : 1
    let incoming = reduction == .none ? g.unsqueezed(dim) : g
    return slope * counts.to(logits.dtype).unsqueezed(dim) * incoming * scale
  }
}
