import CKernels

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
  ///   - labelSmoothing: How much of each target is spread evenly over all classes, 0 to 1.
  public static func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
    labelSmoothing: Double = 0, reduction: Reduction = .mean
  ) -> Tensor {
    let name = "cross_entropy"
    require(logits.rank > 0, name, "logits need a dimension of classes")
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
    let weight = weight.map { $0.to(logits.dtype).contiguous() }
    let spec = CrossEntropy(
      outer: Int64(logits.shape[..<classDim].reduce(1, *)), classes: Int64(classes),
      inner: Int64(logits.shape[(classDim + 1)...].reduce(1, *)), ignoreIndex: Int64(ignoreIndex),
      smoothing: labelSmoothing, reduction: reduction)
    let operands = [logits, targets] + (weight.map { [$0] } ?? [])
    return Tensor.applyMany(
      name, operands,
      attributes: ["reduction": .string(reduction.rawValue), "ignoreIndex": .int(ignoreIndex)],
      saving: [.inputs, .output(1)]
    ) { inputs in
      spec.forward(inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil)
    } gradient: { gradients, node in
      guard let g = gradients[0] else { return [Tensor?](repeating: nil, count: operands.count) }
      let weight = node.inputs.count > 2 ? node.input(2) : nil
      let rest = [Tensor?](repeating: nil, count: operands.count - 1)
      if isGradEnabled {
        // Recorded: the same gradient written out in operations that have one of their own.
        return [spec.formula(g, node.input(0), node.input(1), weight, classDim)] + rest
      }
      return [spec.backward(g, node.input(0), node.input(1), weight, node.output(1))] + rest
    }[0]
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
      "probabilities of \(targets.shape) for logits of \(logits.shape)")
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

/// The shape and the options of one cross-entropy.
private struct CrossEntropy {
  let outer, classes, inner: Int64
  let ignoreIndex: Int64
  let smoothing: Double
  let reduction: Reduction

  /// The loss, and the log-sum-exp of every position for the backward pass.
  func forward(_ logits: Tensor, _ targets: Tensor, _ weight: Tensor?) -> [Tensor] {
    let (x, t) = (logits.contiguous(), targets.contiguous())
    let losses = Tensor.uninitialized(t.shape, x.dtype.wide)
    let lse = Tensor.uninitialized(t.shape, x.dtype.wide)
    let status = torus_cross_entropy(
      x.dtype.c, x.pointer, t.pointer.assumingMemoryBound(to: Int64.self), weight?.pointer,
      ignoreIndex, smoothing, outer, classes, inner, losses.pointer, lse.pointer)
    require(status >= 0, "cross_entropy", "not defined for \(x.dtype)")
    if status > 0 {
      let target = t.pointer.load(fromByteOffset: Int(status - 1) * 8, as: Int64.self)
      fail(
        "cross_entropy",
        "target \(target) at position \(status - 1) is neither a class (0 to \(classes - 1)) nor the ignored index \(ignoreIndex)"
      )
    }
    switch reduction {
    case .none: return [losses.to(x.dtype), lse]
    case .sum: return [losses.sum().to(x.dtype), lse]
    case .mean: return [(losses.sum() / total(t, weight, x.dtype)).to(x.dtype), lse]
    }
  }

  func total(_ targets: Tensor, _ weight: Tensor?, _ dtype: DType) -> Double {
    torus_cross_entropy_total(
      dtype.c, targets.pointer.assumingMemoryBound(to: Int64.self), weight?.pointer, ignoreIndex,
      Int64(targets.count))
  }

  func backward(
    _ g: Tensor, _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?, _ lse: Tensor
  ) -> Tensor {
    let (x, t) = (logits.contiguous(), targets.contiguous())
    let dx = Tensor.uninitialized(x.shape, x.dtype)
    let wide = g.to(x.dtype.wide).contiguous()
    let scale = reduction == .mean ? 1 / total(t, weight, x.dtype) : 1
    checkLayer(
      torus_cross_entropy_backward(
        x.dtype.c, x.pointer, t.pointer.assumingMemoryBound(to: Int64.self), weight?.pointer,
        ignoreIndex, smoothing, outer, classes, inner, lse.pointer, wide.pointer,
        reduction == .none ? 1 : 0, scale, dx.pointer), "cross_entropy", x.dtype)
    return dx
  }

  /// w[t]·g·((1 - S)(softmax - onehot)) + S/classes·g·(Σw·softmax - w), for targets that count.
  func formula(
    _ g: Tensor, _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?, _ dim: Int
  ) -> Tensor {
    let counts = targets.ne(Int(ignoreIndex))
    let safe = targets.maskedFill(counts.logicalNot(), 0).unsqueezed(dim)
    let zeros = Tensor.zeros(logits.shape, dtype: logits.dtype)
    let onehot = zeros.scatter(
      dim: dim, index: safe, source: Tensor.ones(safe.shape, dtype: logits.dtype))
    var shape = [Int](repeating: 1, count: logits.rank)
    shape[dim] = Int(classes)
    let w = (weight ?? Tensor.ones([Int(classes)], dtype: logits.dtype)).reshaped(shape)
    let probabilities = logits.softmax(dim: dim)
    let own = (onehot * w).sum(dim: dim, keepDim: true)
    var slope = (probabilities - onehot) * own * (1 - smoothing)
    if smoothing > 0 { slope += (probabilities * w.sum() - w) * (smoothing / Double(classes)) }
    let scale = reduction == .mean ? 1 / total(targets.contiguous(), weight, logits.dtype) : 1
    let incoming = reduction == .none ? g.unsqueezed(dim) : g
    return slope * counts.to(logits.dtype).unsqueezed(dim) * incoming * scale
  }
}
