import NN
import Optimizers
import Tensors
import Training

/// Ends training when a figure gets no better.
final class StoppingCallback: FitCallback {
  private let initial: Monitor
  private var monitor: Monitor
  private let patience: Int
  private let restoresBest: Bool
  private var waited = 0
  private var best: StateDict?

  init(_ monitor: Monitor, patience: Int, restoresBest: Bool) {
    require(patience >= 0, "earlyStopping", "a patience of \(patience) epochs is none")
    (initial, self.monitor) = (monitor, monitor)
    (self.patience, self.restoresBest) = (patience, restoresBest)
  }

  override func trainingBegins(_ session: FitSession) {
    (monitor, waited, best) = (initial, 0, nil)
  }

  override func epochEnded(_ session: FitSession) {
    if monitor.isBetter(session.figure(monitor.name, "earlyStopping")) {
      waited = 0
      if restoresBest { best = session.model.stateDict() }
    } else {
      waited += 1
      if waited >= max(patience, 1) {
        session.stop("\(monitor.name) has been no better for \(waited) epochs")
      }
    }
  }

  override func trainingEnded(_ session: FitSession) throws {
    if let best { try session.model.load(best) }
  }
}

/// Multiplies the learning rate when a figure gets no better.
final class PlateauCallback: FitCallback {
  private let initial: Monitor
  private var monitor: Monitor
  private let factor, minLR: Double
  private let patience, cooldown: Int
  private var (waited, cooling) = (0, 0)

  init(_ monitor: Monitor, factor: Double, patience: Int, cooldown: Int, minLR: Double) {
    require((0..<1).contains(factor), "reduceLROnPlateau", "a factor of \(factor) does not reduce")
    (initial, self.monitor) = (monitor, monitor)
    (self.factor, self.minLR) = (factor, minLR)
    (self.patience, self.cooldown) = (patience, cooldown)
  }

  override func trainingBegins(_ session: FitSession) {
    (monitor, waited, cooling) = (initial, 0, 0)
  }

  override func epochEnded(_ session: FitSession) {
    let isBetter = monitor.isBetter(session.figure(monitor.name, "reduceLROnPlateau"))
    if cooling > 0 {
      (cooling, waited) = (cooling - 1, 0)
    }
    if isBetter {
      waited = 0
    } else if cooling == 0 {
      waited += 1
      guard waited >= max(patience, 1) else { return }
      for index in session.optimizer.groups.indices {
        let rate = session.optimizer.groups[index].lr
        session.optimizer.groups[index].lr = max(min(rate, minLR), rate * factor, minLR)
      }
      (cooling, waited) = (cooldown, 0)
    }
  }
}
