import NN
import Optimizers
import Tensors
import Training

/// A training under way, as callbacks see it: the same on every rank.
public final class FitSession {
  /// The model.
  public let model: Module
  /// What changes its parameters; a callback may change its learning rate.
  public let optimizer: Optimizer
  /// The rank of this process, 0 where it is on its own: files are rank 0's to write.
  public let rank: Int
  /// The epochs that were asked for.
  public let epochs: Int
  /// The epochs that are done in this call.
  public internal(set) var epoch = 0
  /// The figures so far.
  public internal(set) var history = FitHistory()
  /// Whether training is to end after this epoch; true on one rank ends it on all.
  public private(set) var stopsTraining = false

  init(model: Module, optimizer: Optimizer, rank: Int, epochs: Int) {
    (self.model, self.optimizer, self.rank, self.epochs) = (model, optimizer, rank, epochs)
  }

  /// Ends training after this epoch, with the reason for the history.
  public func stop(_ reason: String) {
    stopsTraining = true
    history.stoppedBy = reason
  }

  /// The last epoch's figure of a name, such as `val_loss`; a programmer's error where there is none.
  public func figure(_ name: String, _ caller: String) -> Double {
    guard let value = history[name].last else {
      fail(caller, "there is no figure \"\(name)\" among \(history.names)")
    }
    return value
  }
}

/// Something that happens besides the steps of a ``CompiledModel``'s `fit`: on every rank, at the same
/// epochs.
///
/// ```swift
/// m.fit(x, y, epochs: 50, validation: (xv, yv), callbacks: [
///   .earlyStopping(patience: 5, restoreBestWeights: true), .bestCheckpoint(to: "best.pth"),
///   .reduceLROnPlateau(), .csvLogger(to: "history.csv"), .terminateOnNaN(),
///   .lambda { print($0.epoch, $0.history["val_loss"].last ?? 0) },
/// ])
/// ```
open class FitCallback {
  /// A callback; subclasses need not call it by name.
  public init() {}

  /// Called before the first step.
  open func trainingBegins(_ session: FitSession) throws {}
  /// Called after each epoch, with its figures in ``FitSession/history``.
  open func epochEnded(_ session: FitSession) throws {}
  /// Called after the last epoch.
  open func trainingEnded(_ session: FitSession) throws {}
}

extension FitCallback {
  /// Calls a closure after each epoch (Keras' `LambdaCallback`).
  public static func lambda(_ epochEnded: @escaping (FitSession) throws -> Void) -> FitCallback {
    LambdaCallback(epochEnded)
  }

  /// Ends training, in place of the process, where the loss is not finite (Keras' `TerminateOnNaN`); the
  /// parameters are those before that step, and the history says why.
  public static func terminateOnNaN() -> FitCallback { TerminateOnNaN() }

  /// Ends training when a figure gets no better (Keras' `EarlyStopping`).
  /// - Parameters:
  ///   - monitor: The figure.
  ///   - mode: Which is better; by default more where the name is of an accuracy or the like.
  ///   - patience: Epochs without a gain after which training ends.
  ///   - minDelta: What a gain must exceed.
  ///   - restoresBest: Whether the model gets the best epoch's state in the end.
  public static func earlyStopping(
    monitor: String = "val_loss", mode: MonitorMode? = nil, patience: Int = 0,
    minDelta: Double = 0, restoreBestWeights restoresBest: Bool = false
  ) -> FitCallback {
    StoppingCallback(
      Monitor(monitor, mode, minDelta: minDelta), patience: patience, restoresBest: restoresBest)
  }

  /// Multiplies the learning rate when a figure gets no better (Keras' `ReduceLROnPlateau`).
  /// - Parameters:
  ///   - monitor: The figure.
  ///   - mode: Which is better; by default more where the name is of an accuracy or the like.
  ///   - factor: What the rates of all groups are multiplied by.
  ///   - patience: Epochs without a gain after which they are.
  ///   - minDelta: What a gain must exceed.
  ///   - cooldown: Epochs after that which do not count.
  ///   - minLR: The smallest rate.
  public static func reduceLROnPlateau(
    monitor: String = "val_loss", mode: MonitorMode? = nil, factor: Double = 0.1,
    patience: Int = 10, minDelta: Double = 1e-4, cooldown: Int = 0, minLR: Double = 0
  ) -> FitCallback {
    PlateauCallback(
      Monitor(monitor, mode, minDelta: minDelta), factor: factor, patience: patience,
      cooldown: cooldown, minLR: minLR)
  }

  /// Saves model, optimizer, epoch and the figure whenever a figure is the best so far (Keras'
  /// `ModelCheckpoint` with `save_best_only`). The file is PyTorch's: see `save(_:to:)`.
  public static func bestCheckpoint(
    to path: String, monitor: String = "val_loss", mode: MonitorMode? = nil
  ) -> FitCallback {
    CheckpointCallback(path, Monitor(monitor, mode, minDelta: 0))
  }

  /// Saves model, optimizer and epoch after each epoch, over what was there.
  public static func lastCheckpoint(to path: String) -> FitCallback {
    CheckpointCallback(path, nil)
  }

  /// Writes a line of figures for each epoch to a CSV file, which begins anew (Keras' `CSVLogger`).
  public static func csvLogger(to path: String) -> FitCallback {
    LoggingCallback(path, isJSON: false)
  }

  /// Writes a JSON object of figures for each epoch, one a line, to a file, which begins anew.
  public static func jsonLogger(to path: String) -> FitCallback {
    LoggingCallback(path, isJSON: true)
  }
}

private final class LambdaCallback: FitCallback {
  private let body: (FitSession) throws -> Void
  init(_ body: @escaping (FitSession) throws -> Void) { self.body = body }
  override func epochEnded(_ session: FitSession) throws { try body(session) }
}

final class TerminateOnNaN: FitCallback {}
