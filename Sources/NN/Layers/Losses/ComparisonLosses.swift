import Tensors

/// Whether one input ranks above another (`torch.nn.MarginRankingLoss`).
public final class MarginRankingLoss: Module, Hookable {
  private let margin: Double
  private let reduction: Reduction

  /// The loss of a margin.
  public init(margin: Double = 0, reduction: Reduction = .mean) {
    (self.margin, self.reduction) = (margin, reduction)
  }

  /// The loss; targets are 1 or -1.
  public func callAsFunction(_ a: Tensor, _ b: Tensor, _ target: Tensor) -> Tensor {
    withHooks(a, b, target) {
      F.marginRankingLoss($0, $1, $2, margin: margin, reduction: reduction)
    }
  }
}

/// Whether two vectors point the same way (`torch.nn.CosineEmbeddingLoss`).
public final class CosineEmbeddingLoss: Module, Hookable {
  private let margin: Double
  private let reduction: Reduction

  /// The loss of a margin.
  public init(margin: Double = 0, reduction: Reduction = .mean) {
    (self.margin, self.reduction) = (margin, reduction)
  }

  /// The loss; targets are 1 or -1.
  public func callAsFunction(_ a: Tensor, _ b: Tensor, _ target: Tensor) -> Tensor {
    withHooks(a, b, target) {
      F.cosineEmbeddingLoss($0, $1, $2, margin: margin, reduction: reduction)
    }
  }
}

/// Whether an anchor lies nearer to a positive than to a negative (`torch.nn.TripletMarginLoss`).
public final class TripletMarginLoss: Module, Hookable {
  private let margin, p, eps: Double
  private let swap: Bool
  private let reduction: Reduction

  /// See ``Tensors/F/tripletMarginLoss(_:_:_:margin:p:eps:swap:reduction:)``.
  public init(
    margin: Double = 1, p: Double = 2, eps: Double = 1e-6, swap: Bool = false,
    reduction: Reduction = .mean
  ) {
    (self.margin, self.p, self.eps) = (margin, p, eps)
    (self.swap, self.reduction) = (swap, reduction)
  }

  /// The loss.
  public func callAsFunction(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor
  ) -> Tensor {
    withHooks(anchor, positive, negative) {
      F.tripletMarginLoss(
        $0, $1, $2, margin: margin, p: p, eps: eps, swap: swap, reduction: reduction)
    }
  }
}

/// ``TripletMarginLoss`` with a distance of one's own (`torch.nn.TripletMarginWithDistanceLoss`).
public final class TripletMarginWithDistanceLoss: Module, Hookable {
  private let distance: (Tensor, Tensor) -> Tensor
  private let margin: Double
  private let swap: Bool
  private let reduction: Reduction

  /// - Parameters:
  ///   - distance: By default the Euclidean distance over the last dimension.
  ///   - margin: How much nearer the positive has to be.
  ///   - swap: Measure the negative from the positive where that is nearer.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public init(
    distanceFunction distance: @escaping (Tensor, Tensor) -> Tensor = {
      F.pairwiseDistance($0, $1)
    },
    margin: Double = 1, swap: Bool = false, reduction: Reduction = .mean
  ) {
    (self.distance, self.margin) = (distance, margin)
    (self.swap, self.reduction) = (swap, reduction)
  }

  /// The loss.
  public func callAsFunction(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor
  ) -> Tensor {
    withHooks(anchor, positive, negative) {
      F.tripletMarginWithDistanceLoss(
        $0, $1, $2, margin: margin, swap: swap, reduction: reduction,
        distanceFunction: distance)
    }
  }
}

/// Of label sequences without an alignment (`torch.nn.CTCLoss`).
public final class CTCLoss: Module, Hookable {
  private let blank: Int
  private let reduction: Reduction
  private let zeroInfinity: Bool

  /// See ``Tensors/F/ctcLoss(_:_:inputLengths:targetLengths:blank:reduction:zeroInfinity:)``.
  public init(blank: Int = 0, reduction: Reduction = .mean, zeroInfinity: Bool = false) {
    (self.blank, self.reduction, self.zeroInfinity) = (blank, reduction, zeroInfinity)
  }

  /// The loss.
  public func callAsFunction(
    _ logProbabilities: Tensor, _ targets: Tensor, inputLengths: [Int], targetLengths: [Int]
  ) -> Tensor {
    withHooks(logProbabilities, targets) {
      F.ctcLoss(
        $0, $1, inputLengths: inputLengths, targetLengths: targetLengths,
        blank: blank, reduction: reduction, zeroInfinity: zeroInfinity)
    }
  }
}
