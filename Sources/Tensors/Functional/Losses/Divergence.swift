/// What ``F/klDiv(_:_:reduction:logTarget:)`` does with its elements.
public enum DivergenceReduction: String, Sendable {
  /// Nothing: one value per element.
  case none
  /// Their mean.
  case mean
  /// Their sum.
  case sum
  /// Their sum divided by the size of the first dimension: the divergence's definition.
  case batchMean = "batchmean"
}

extension F {
  /// The Kullback-Leibler divergence, y (log y - x) of log-probabilities x (`kl_div`).
  /// - Parameters:
  ///   - x: Log-probabilities, of any shape.
  ///   - target: Probabilities y, of x's shape.
  ///   - reduction: How the values are combined; `.batchMean` is the divergence's definition.
  ///   - logTarget: Whether the target holds log-probabilities too.
  public static func klDiv(
    _ x: Tensor, _ target: Tensor, reduction: DivergenceReduction = .mean, logTarget: Bool = false
  ) -> Tensor {
    let (x, target) = (x.inFullPrecision, target.inFullPrecision)
    let loss: Tensor
    if logTarget {
      loss = target.exp() * (target - x)
    } else {
      // y log y is 0 at 0, and so is its slope here.
      let zero = target.eq(0)
      let entropy = (target * target.maskedFill(zero, 1.0).log())
      loss = entropy - target * x
    }
    switch reduction {
    case .none: return loss
    case .mean: return loss.mean()
    case .sum: return loss.sum()
    case .batchMean: return loss.sum() / Double(x.shape.first ?? 1)
    }
  }
}
