import Foundation

/// Losses of numbers against numbers. Input and target broadcast.
extension F {
  /// |x - y| (`torch.nn.functional.l1_loss`).
  /// - Parameters:
  ///   - x: The input.
  ///   - y: The target.
  ///   - reduction: How the losses are combined: their mean, weighted by the factors where there are
  ///     any, their sum, or not at all.
  ///   - weight: A factor for every element, of the input's shape.
  public static func l1Loss(
    _ x: Tensor, _ y: Tensor, reduction: Reduction = .mean, weight: Tensor? = nil
  ) -> Tensor {
    let (x, y) = (x.inFullPrecision, y.inFullPrecision)
    return weightedMean("l1_loss", (x - y).abs(), x, weight, reduction)
  }

  /// (x - y)² (`mse_loss`).
  /// - Parameters:
  ///   - x: The input.
  ///   - y: The target.
  ///   - reduction: How the losses are combined: their mean, weighted by the factors where there are
  ///     any, their sum, or not at all.
  ///   - weight: A factor for every element, of the input's shape.
  public static func mseLoss(
    _ x: Tensor, _ y: Tensor, reduction: Reduction = .mean, weight: Tensor? = nil
  ) -> Tensor {
    let (x, y) = (x.inFullPrecision, y.inFullPrecision)
    return weightedMean("mse_loss", (x - y).square(), x, weight, reduction)
  }

  /// Losses times their factors, of which the mean is divided by the factors' sum.
  private static func weightedMean(
    _ name: String, _ losses: Tensor, _ x: Tensor, _ weight: Tensor?, _ reduction: Reduction
  ) -> Tensor {
    guard let weight else { return reduction.apply(losses) }
    let weighted = weightedLosses(name, losses, x, weight)
    return reduction == .mean ? weighted.sum() / weight.sum() : reduction.apply(weighted)
  }

  private static func weightedLosses(
    _ name: String, _ losses: Tensor, _ x: Tensor, _ weight: Tensor
  ) -> Tensor {
    require(
      weight.shape == x.shape, name,
      "weights of the input's shape \(x.shape) are expected, not \(weight.shape)")
    return losses * weight
  }

  /// d²/2β where d = |x - y| is below β, else d - β/2 (`smooth_l1_loss`; Girshick 2015).
  public static func smoothL1Loss(
    _ x: Tensor, _ y: Tensor, reduction: Reduction = .mean, beta: Double = 1
  ) -> Tensor {
    let (x, y) = (x.inFullPrecision, y.inFullPrecision)
    require(beta >= 0, "smooth_l1_loss", "beta must not be negative: \(beta)")
    if beta == 0 { return l1Loss(x, y, reduction: reduction) }
    let difference = x - y
    let size = difference.abs()
    // The square that is not taken stays finite, and so does its gradient.
    let square = difference.clamp(min: -beta, max: beta).square()
    return reduction.apply(
      Tensor.where(size.lt(beta), square * (0.5 / beta), size - 0.5 * beta))
  }

  /// d²/2 where d = |x - y| is at most δ, else δ (d - δ/2) (`huber_loss`; Huber 1964).
  /// - Parameters:
  ///   - x: The input.
  ///   - y: The target.
  ///   - reduction: How the losses, times their factors, are combined: their mean, their sum, or not
  ///     at all.
  ///   - delta: δ, above 0.
  ///   - weight: A factor for every element, of the input's shape.
  public static func huberLoss(
    _ x: Tensor, _ y: Tensor, reduction: Reduction = .mean, delta: Double = 1,
    weight: Tensor? = nil
  ) -> Tensor {
    let (x, y) = (x.inFullPrecision, y.inFullPrecision)
    require(delta > 0, "huber_loss", "delta must be positive, not \(delta)")
    let difference = x - y
    let size = difference.abs()
    let square = difference.clamp(min: -delta, max: delta).square()
    let losses = Tensor.where(size.le(delta), square * 0.5, (size - 0.5 * delta) * delta)
    return reduction.apply(weight.map { weightedLosses("huber_loss", losses, x, $0) } ?? losses)
  }

  /// The negative log-likelihood of counts under a Poisson distribution (`poisson_nll_loss`):
  /// eˣ - y x, or x - y log(x + eps) where the input is the rate itself.
  /// - Parameters:
  ///   - x: The rate, or its logarithm.
  ///   - target: Counts y, of x's shape.
  ///   - logInput: Whether x is the rate's logarithm.
  ///   - full: Add Stirling's approximation of log y! for y > 1.
  ///   - eps: What is added before the logarithm is taken.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func poissonNLLLoss(
    _ x: Tensor, _ target: Tensor, logInput: Bool = true, full: Bool = false, eps: Double = 1e-8,
    reduction: Reduction = .mean
  ) -> Tensor {
    let (x, target) = (x.inFullPrecision, target.inFullPrecision)
    var loss = logInput ? x.exp() - target * x : x - target * (x + eps).log()
    if full {
      let stirling = target * target.log() - target + (target * (2 * Double.pi)).log() * 0.5
      loss = loss + stirling.maskedFill(target.le(1), 0.0)
    }
    return reduction.apply(loss)
  }

  /// The negative log-likelihood of a Gaussian (`gaussian_nll_loss`; Nix & Weigend 1994):
  /// (log v + (x - y)²/v)/2.
  /// - Parameters:
  ///   - x: The expected values.
  ///   - target: Samples y, of x's shape.
  ///   - variance: Of x's shape, of it without the last dimension, or with 1 in place of one
  ///     dimension; not negative.
  ///   - full: Add log(2π)/2.
  ///   - eps: The least variance; the gradient does not see the bound.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func gaussianNLLLoss(
    _ x: Tensor, _ target: Tensor, variance: Tensor, full: Bool = false, eps: Double = 1e-6,
    reduction: Reduction = .mean
  ) -> Tensor {
    let name = "gaussian_nll_loss"
    var v = variance
    if v.rank > 0 && v.shape != x.shape {
      if Array(x.shape.dropLast()) == v.shape {
        v = v.unsqueezed(-1)
      } else {
        require(
          v.rank == x.rank
            && zip(v.shape, x.shape).filter { $0 != $1 }.map(\.0) == [1], name,
          "a variance of \(v.shape) does not fit an input of \(x.shape)")
      }
    }
    require(
      !v.detach().lt(0).any().item(Bool.self), name, "a variance must not be negative")
    let own = v.detach()
    let held = v + (own.maximum(Tensor.full([], eps, dtype: v.dtype)) - own)
    var loss = (held.log() + (x - target).square() / held) * 0.5
    if full { loss = loss + 0.5 * log(2 * Double.pi) }
    return reduction.apply(loss)
  }
}
