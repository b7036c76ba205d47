extension F {
  /// -w[t] x[t] of log-probabilities x, averaged over the weights of the targets that count
  /// (`torch.nn.functional.nll_loss`).
  /// - Parameters:
  ///   - x: `[classes]`, `[N, classes]` or `[N, classes, …]`.
  ///   - target: int64 of `[]`, `[N]` or `[N, …]`.
  ///   - weight: One factor per class.
  ///   - ignoreIndex: Targets of this value count neither in the loss nor in the mean.
  ///   - reduction: How the losses are combined: their weighted mean, their sum, or not at all.
  public static func nllLoss(
    _ x: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
    reduction: Reduction = .mean
  ) -> Tensor {
    let x = x.inFullPrecision
    let name = "nll_loss"
    require(x.rank > 0, name, "log-probabilities need a dimension of classes")
    let dim = x.rank == 1 ? 0 : 1
    var expected = x.shape
    let classes = expected.remove(at: dim)
    require(
      target.shape == expected && target.dtype.isInteger, name,
      "an input of \(x.shape) wants integer targets of \(expected), not \(target.dtype) of \(target.shape)"
    )
    require(
      weight == nil || weight?.shape == [classes], name,
      "\(weight?.shape ?? []) weights for \(classes) classes")
    let index = target.to(.int64)
    let counts = index.ne(ignoreIndex)
    let safe = index.maskedFill(counts.logicalNot(), 0)
    if classes == 0 && x.count == 0 && index.count == 0 { return reduction.apply(x.sum(dim: dim)) }
    let picked = x.gather(dim: dim, index: safe.unsqueezed(dim)).squeezed(dim)
    let factors =
      weight.map {
        $0.to(x.dtype).indexSelect(dim: 0, index: safe.reshaped([-1])).reshaped(safe.shape)
      } ?? Tensor.ones(safe.shape, dtype: x.dtype)
    let share = factors.maskedFill(counts.logicalNot(), 0.0)
    // Not 0 · x: a log-probability that does not count may be infinite.
    let losses = (-(picked * factors)).maskedFill(counts.logicalNot(), 0.0)
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean: return losses.sum() / share.sum()
    }
  }
}
