import Tensors

/// A loss of an input and a target, with what it does with its elements
/// (`torch.nn.modules.loss._Loss`).
open class Loss: Module, PairLayer {
  /// What is done with the elements.
  public let reduction: Reduction
  private let function: (_ input: Tensor, _ target: Tensor, _ reduction: Reduction) -> Tensor

  init(_ reduction: Reduction, _ function: @escaping (Tensor, Tensor, Reduction) -> Tensor) {
    (self.reduction, self.function) = (reduction, function)
  }

  /// The loss.
  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    function(input, target, reduction)
  }
}

/// |x - y| (`torch.nn.L1Loss`).
public final class L1Loss: Loss {
  /// The loss.
  public init(reduction: Reduction = .mean) {
    super.init(reduction) { F.l1Loss($0, $1, reduction: $2) }
  }
}

/// (x - y)² (`torch.nn.MSELoss`).
public final class MSELoss: Loss {
  /// The loss.
  public init(reduction: Reduction = .mean) {
    super.init(reduction) { F.mseLoss($0, $1, reduction: $2) }
  }
}

/// Quadratic below β, linear above (`torch.nn.SmoothL1Loss`).
public final class SmoothL1Loss: Loss {
  /// - Parameters:
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  ///   - beta: Where the one goes over into the other.
  public init(reduction: Reduction = .mean, beta: Double = 1) {
    super.init(reduction) { F.smoothL1Loss($0, $1, reduction: $2, beta: beta) }
  }
}

/// Quadratic up to δ, linear above (`torch.nn.HuberLoss`).
public final class HuberLoss: Loss {
  /// - Parameters:
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  ///   - delta: Where the one goes over into the other.
  public init(reduction: Reduction = .mean, delta: Double = 1) {
    super.init(reduction) { F.huberLoss($0, $1, reduction: $2, delta: delta) }
  }
}

/// Of counts under a Poisson distribution (`torch.nn.PoissonNLLLoss`).
public final class PoissonNLLLoss: Loss {
  /// See ``Tensors/F/poissonNLLLoss(_:_:logInput:full:eps:reduction:)``.
  public init(
    logInput: Bool = true, full: Bool = false, eps: Double = 1e-8, reduction: Reduction = .mean
  ) {
    super.init(reduction) {
      F.poissonNLLLoss($0, $1, logInput: logInput, full: full, eps: eps, reduction: $2)
    }
  }
}

/// log(1 + exp(-y x)) (`torch.nn.SoftMarginLoss`).
public final class SoftMarginLoss: Loss {
  /// The loss.
  public init(reduction: Reduction = .mean) {
    super.init(reduction) { F.softMarginLoss($0, $1, reduction: $2) }
  }
}

/// Between right and wrong classes (`torch.nn.MultiLabelMarginLoss`).
public final class MultiLabelMarginLoss: Loss {
  /// The loss.
  public init(reduction: Reduction = .mean) {
    super.init(reduction) { F.multilabelMarginLoss($0, $1, reduction: $2) }
  }
}

/// x where the target is 1, max(0, margin - x) where it is -1 (`torch.nn.HingeEmbeddingLoss`).
public final class HingeEmbeddingLoss: Loss {
  /// The loss of a margin.
  public init(margin: Double = 1, reduction: Reduction = .mean) {
    super.init(reduction) { F.hingeEmbeddingLoss($0, $1, margin: margin, reduction: $2) }
  }
}

/// The Kullback-Leibler divergence (`torch.nn.KLDivLoss`).
public final class KLDivLoss: Module, PairLayer {
  private let reduction: DivergenceReduction
  private let logTarget: Bool

  /// - Parameters:
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  ///   - logTarget: Whether targets hold log-probabilities too.
  public init(reduction: DivergenceReduction = .mean, logTarget: Bool = false) {
    (self.reduction, self.logTarget) = (reduction, logTarget)
  }

  /// The divergence.
  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    F.klDiv(input, target, reduction: reduction, logTarget: logTarget)
  }
}

/// Of numbers under a Gaussian (`torch.nn.GaussianNLLLoss`).
public final class GaussianNLLLoss: Module, Hookable {
  private let full: Bool
  private let eps: Double
  private let reduction: Reduction

  /// See ``Tensors/F/gaussianNLLLoss(_:_:variance:full:eps:reduction:)``.
  public init(full: Bool = false, eps: Double = 1e-6, reduction: Reduction = .mean) {
    (self.full, self.eps, self.reduction) = (full, eps, reduction)
  }

  /// The loss.
  public func callAsFunction(_ input: Tensor, _ target: Tensor, variance: Tensor) -> Tensor {
    withHooks(input, target, variance) { input, target, variance in
      F.gaussianNLLLoss(
        input, target, variance: variance, full: full, eps: eps, reduction: reduction)
    }
  }
}
