import Tensors

/// A loss with a factor for every class or element, which is part of its state.
open class WeightedLoss: Module {
  /// The factors, or nil.
  public let weight: Buffer?
  /// What is done with the elements.
  public let reduction: Reduction

  init(_ weight: Tensor?, _ reduction: Reduction) {
    self.weight = weight.map { Buffer($0) }
    self.reduction = reduction
  }
}

/// The cross-entropy of logits (`torch.nn.CrossEntropyLoss`).
public final class CrossEntropyLoss: WeightedLoss, PairLayer {
  private let ignoreIndex: Int
  private let labelSmoothing: Double

  /// See ``Tensors/F/crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)``.
  public init(
    weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean,
    labelSmoothing: Double = 0
  ) {
    (self.ignoreIndex, self.labelSmoothing) = (ignoreIndex, labelSmoothing)
    super.init(weight, reduction)
  }

  /// The loss of logits `[N, classes, …]` with class indices `[N, …]` or probabilities.
  public func forward(_ logits: Tensor, _ targets: Tensor) -> Tensor {
    F.crossEntropy(
      logits, targets, weight: weight?.value, ignoreIndex: ignoreIndex,
      reduction: reduction, labelSmoothing: labelSmoothing)
  }
}

/// The cross-entropy of log-probabilities (`torch.nn.NLLLoss`).
public final class NLLLoss: WeightedLoss, PairLayer {
  private let ignoreIndex: Int

  /// See ``Tensors/F/nllLoss(_:_:weight:ignoreIndex:reduction:)``.
  public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean) {
    self.ignoreIndex = ignoreIndex
    super.init(weight, reduction)
  }

  /// The loss of log-probabilities `[N, classes, …]` with class indices `[N, …]`.
  public func forward(_ input: Tensor, _ targets: Tensor) -> Tensor {
    F.nllLoss(
      input, targets, weight: weight?.value, ignoreIndex: ignoreIndex, reduction: reduction)
  }
}

/// The binary cross-entropy of probabilities (`torch.nn.BCELoss`).
public final class BCELoss: WeightedLoss, PairLayer {
  /// - Parameters:
  ///   - weight: A factor for every element, broadcast.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
    super.init(weight, reduction)
  }

  /// The loss.
  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    F.binaryCrossEntropy(input, target, weight: weight?.value, reduction: reduction)
  }
}

/// The binary cross-entropy of logits (`torch.nn.BCEWithLogitsLoss`).
public final class BCEWithLogitsLoss: WeightedLoss, PairLayer {
  /// A factor for the positive part, or nil.
  public let posWeight: Buffer?

  /// - Parameters:
  ///   - weight: A factor for every element, broadcast.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  ///   - posWeight: A factor for the positive part, broadcast.
  public init(weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil) {
    self.posWeight = posWeight.map { Buffer($0) }
    super.init(weight, reduction)
  }

  /// The loss.
  public func forward(_ logits: Tensor, _ target: Tensor) -> Tensor {
    F.binaryCrossEntropyWithLogits(
      logits, target, weight: weight?.value, reduction: reduction,
      posWeight: posWeight?.value)
  }
}

/// The mean binary cross-entropy over classes (`torch.nn.MultiLabelSoftMarginLoss`).
public final class MultiLabelSoftMarginLoss: WeightedLoss, PairLayer {
  /// - Parameters:
  ///   - weight: One factor per class.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
    super.init(weight, reduction)
  }

  /// The loss.
  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    F.multilabelSoftMarginLoss(input, target, weight: weight?.value, reduction: reduction)
  }
}

/// Between the right class and the others (`torch.nn.MultiMarginLoss`).
public final class MultiMarginLoss: WeightedLoss, PairLayer {
  private let p: Int
  private let margin: Double

  /// See ``Tensors/F/multiMarginLoss(_:_:p:margin:weight:reduction:)``.
  public init(
    p: Int = 1, margin: Double = 1, weight: Tensor? = nil, reduction: Reduction = .mean
  ) {
    (self.p, self.margin) = (p, margin)
    super.init(weight, reduction)
  }

  /// The loss.
  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    F.multiMarginLoss(
      input, target, p: p, margin: margin, weight: weight?.value, reduction: reduction)
  }
}

/// A linear map to classes and its cross-entropy (`torch.nn.LinearCrossEntropyLoss`).
public final class LinearCrossEntropyLoss: WeightedLoss, PairLayer {
  /// The map to the classes.
  public let linear: Linear
  private let classes: Int
  private let outputs: [Int]
  private let ignoreIndex: Int?
  private let labelSmoothing: Double

  /// - Parameters:
  ///   - inputs: The size of the features.
  ///   - classes: The number of classes.
  ///   - outputs: The sizes of what is classified per sample: `[]` for one thing, `[H, W]` for an
  ///     image.
  ///   - bias: Whether the map has a bias.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  ///   - weight: One factor per class.
  ///   - ignoreIndex: Targets of this value do not count.
  ///   - labelSmoothing: How much of each target is spread evenly over all classes, 0 to 1.
  ///   - dtype: The parameters' element type.
  public init(
    _ inputs: Int, _ classes: Int, outputs: [Int] = [], bias: Bool = false,
    reduction: Reduction = .mean, weight: Tensor? = nil, ignoreIndex: Int? = nil,
    labelSmoothing: Double = 0, dtype: DType = .float32
  ) {
    linear = Linear(inputs, outputs.reduce(classes, *), bias: bias, dtype: dtype)
    (self.classes, self.outputs) = (classes, outputs)
    (self.ignoreIndex, self.labelSmoothing) = (ignoreIndex, labelSmoothing)
    super.init(weight, reduction)
  }

  /// The loss of features `[N, inputs]` or `[inputs]` with class indices `[N, outputs…]`, or
  /// probabilities `[N, classes, outputs…]`.
  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    let logits = linear(input).unflattened(dim: -1, [classes] + outputs)
    return F.crossEntropy(
      logits, target, weight: weight?.value, ignoreIndex: ignoreIndex ?? -100,
      reduction: reduction, labelSmoothing: labelSmoothing)
  }
}
