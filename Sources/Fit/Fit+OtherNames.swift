import NN
import Tensors
import Training

// Keras' names of what is spelled otherwise here: the compiler answers each with the right one.

extension Module {
  /// A model is compiled before it is fitted.
  @available(
    *, unavailable,
    message:
      "compile it first: model.compile(optimizer: \"adam\", loss: .meanSquaredError).fit(x, y, epochs: 3)"
  )
  public var fit: PythonName { otherName() }
}

extension TrainingLoss {
  /// A shorter name.
  @available(*, unavailable, renamed: "meanSquaredError")
  public static var mse: TrainingLoss { otherName() }
  /// A shorter name.
  @available(*, unavailable, renamed: "meanAbsoluteError")
  public static var mae: TrainingLoss { otherName() }
  /// A shorter name.
  @available(*, unavailable, renamed: "sparseCategoricalCrossEntropy")
  public static var crossEntropy: TrainingLoss { otherName() }
  /// A shorter name.
  @available(*, unavailable, renamed: "binaryCrossEntropy")
  public static var bce: TrainingLoss { otherName() }
}

extension FitCallback {
  /// What the argument was called.
  @available(*, unavailable, message: "use restoreBestWeights: true")
  public static func earlyStopping(patience: Int = 0, restoresBest: Bool) -> FitCallback {
    otherName()
  }
}

extension FitCallback {
  /// ``csvLogger(to:)`` as it was spelled.
  @available(*, deprecated, renamed: "csvLogger(to:)")
  public static func csvLogger(_ path: String) -> FitCallback { csvLogger(to: path) }
  /// ``jsonLogger(to:)`` as it was spelled.
  @available(*, deprecated, renamed: "jsonLogger(to:)")
  public static func jsonLogger(_ path: String) -> FitCallback { jsonLogger(to: path) }
}

extension EarlyStopping {
  /// Keras' callback.
  @available(*, unavailable, message: "use .earlyStopping(patience: 3) among fit's callbacks")
  public convenience init(
    monitor: String = "val_loss", patience: Int = 0, restoreBestWeights: Bool = false
  ) { otherName() }
}

/// Keras' callback.
@available(
  *, unavailable,
  message: "use .bestCheckpoint(to: path) or .lastCheckpoint(to: path) among fit's callbacks"
)
public struct ModelCheckpoint {
  /// Its place.
  public init(_ filepath: String, monitor: String = "val_loss", saveBestOnly: Bool = false) {
    otherName()
  }
}
