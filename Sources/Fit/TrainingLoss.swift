import NN
import Tensors
import Training

/// A loss that `compile` takes: a mean over records, under Keras' name or as a function.
///
/// Outputs are logits, as PyTorch's losses take them: a model that ends in a softmax or a sigmoid says
/// `fromLogits: false`.
///
/// ```swift
/// model.compile(optimizer: "adam", loss: .sparseCategoricalCrossEntropy)
/// model.compile(optimizer: "adam", loss: "mse")
/// model.compile(optimizer: "adam", loss: .custom("quartic") { ($0 - $1).pow(4).mean() })
/// ```
public struct TrainingLoss: ExpressibleByStringLiteral {
  /// Keras' name.
  public let name: String
  /// The mean over the records of outputs and targets.
  let function: (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  /// The output from which a record counts as one of class 1, where outputs are of one class.
  let threshold: Double
  /// Whether each output is of one class, also where there are several.
  let isBinary: Bool

  private init(
    _ name: String, threshold: Double = 0.5, isBinary: Bool = false,
    _ function: @escaping (Tensor, Tensor) -> Tensor
  ) {
    (self.name, self.function) = (name, function)
    (self.threshold, self.isBinary) = (threshold, isBinary)
  }

  /// A function of outputs and targets: the mean over the records.
  public static func custom(
    _ name: String = "custom",
    _ function: @escaping (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  ) -> TrainingLoss {
    TrainingLoss(name, function)
  }

  /// Cross-entropy of `[N, …, classes]` logits and the classes' numbers `[N, …]`.
  public static var sparseCategoricalCrossEntropy: TrainingLoss {
    sparseCategoricalCrossEntropy(fromLogits: true)
  }

  /// Cross-entropy of classes' logits or probabilities and the classes' numbers `[N, …]`, which may be of a
  /// floating-point dtype where they are whole.
  public static func sparseCategoricalCrossEntropy(fromLogits: Bool) -> TrainingLoss {
    TrainingLoss("sparse_categorical_crossentropy") { outputs, targets in
      let rows = outputs.reshaped([-1, outputs.size(-1)])
      let classes = classNumbers(targets.flattened(), "sparse_categorical_crossentropy")
      return fromLogits ? F.crossEntropy(rows, classes) : F.nllLoss(logarithm(rows), classes)
    }
  }

  /// Cross-entropy of logits and probabilities of the classes, `[N, classes]` both.
  public static var categoricalCrossEntropy: TrainingLoss {
    categoricalCrossEntropy(fromLogits: true)
  }

  /// Cross-entropy of classes' logits or probabilities and the right probabilities.
  public static func categoricalCrossEntropy(fromLogits: Bool) -> TrainingLoss {
    TrainingLoss("categorical_crossentropy") { outputs, targets in
      let targets = targets.to(outputs.dtype)
      if fromLogits { return F.crossEntropy(outputs, targets) }
      require(
        targets.shape == outputs.shape, "categorical_crossentropy",
        "targets of \(targets.shape) are no probabilities of the outputs' shape \(outputs.shape); "
          + "classes' numbers are for sparse_categorical_crossentropy")
      return -(logarithm(outputs) * targets).sum(dim: -1).mean()
    }
  }

  /// Cross-entropy of logits of class 1 and targets of 0 and 1, of as many elements.
  public static var binaryCrossEntropy: TrainingLoss { binaryCrossEntropy(fromLogits: true) }

  /// Cross-entropy of logits or probabilities of class 1 and targets of 0 and 1.
  public static func binaryCrossEntropy(fromLogits: Bool) -> TrainingLoss {
    TrainingLoss(
      "binary_crossentropy", threshold: fromLogits ? 0 : 0.5, isBinary: true
    ) { outputs, targets in
      let targets = aligned(targets, outputs, "binary_crossentropy")
      return fromLogits
        ? F.binaryCrossEntropyWithLogits(outputs, targets) : F.binaryCrossEntropy(outputs, targets)
    }
  }

  /// The mean of (output - target)².
  public static var meanSquaredError: TrainingLoss {
    TrainingLoss("mean_squared_error") { F.mseLoss($0, aligned($1, $0, "mean_squared_error")) }
  }

  /// The mean of |output - target|.
  public static var meanAbsoluteError: TrainingLoss {
    TrainingLoss("mean_absolute_error") { F.l1Loss($0, aligned($1, $0, "mean_absolute_error")) }
  }

  /// Quadratic up to 1, linear above.
  public static var huber: TrainingLoss {
    TrainingLoss("huber") { F.huberLoss($0, aligned($1, $0, "huber")) }
  }

  /// A loss by Keras' name or its short form.
  public init(stringLiteral name: String) {
    switch name {
    case "sparse_categorical_crossentropy": self = .sparseCategoricalCrossEntropy
    case "categorical_crossentropy": self = .categoricalCrossEntropy
    case "binary_crossentropy": self = .binaryCrossEntropy
    case "mean_squared_error", "mse": self = .meanSquaredError
    case "mean_absolute_error", "mae": self = .meanAbsoluteError
    case "huber": self = .huber
    default:
      fail(
        "compile",
        "there is no loss \"\(name)\": there are sparse_categorical_crossentropy, "
          + "categorical_crossentropy, binary_crossentropy, mean_squared_error (mse), "
          + "mean_absolute_error (mae), huber, and .custom { outputs, targets in … }")
    }
  }
}

/// The logarithm of probabilities, none below the least that Keras takes.
private func logarithm(_ probabilities: Tensor) -> Tensor {
  probabilities.clamp(min: 1e-7, max: 1).log()
}

/// Classes' numbers as integers; a programmer's error where one has a fraction.
func classNumbers(_ numbers: Tensor, _ caller: String) -> Tensor {
  guard numbers.dtype.isFloatingPoint else { return numbers.to(.int64) }
  return noGrad {
    let broken = numbers.isFinite().logicalAnd(numbers.frac().eq(0)).logicalNot()
    if broken.any().item(Bool.self) {
      let first = numbers.maskedSelect(broken)[0].item(Double.self)
      fail(
        caller,
        "labels are whole numbers of classes, not \(first); probabilities of classes are for "
          + "categorical_crossentropy, and values for mean_squared_error")
    }
    return numbers.to(.int64)
  }
}

/// Targets of the outputs' type and shape: `[N]` also for `[N, 1]`.
func aligned(_ targets: Tensor, _ outputs: Tensor, _ caller: String) -> Tensor {
  let targets = targets.to(outputs.dtype)
  if targets.shape == outputs.shape { return targets }
  require(
    targets.count == outputs.count && targets.size(0) == outputs.size(0), caller,
    "targets of \(targets.shape) do not fit outputs of \(outputs.shape)")
  return targets.reshaped(outputs.shape)
}
