import Tensors
import Training

/// Which figures are better.
public enum MonitorMode: Sendable {
  /// Less, as of a loss.
  case min
  /// More, as of an accuracy.
  case max
}

/// A figure that is watched, and the best it has been.
struct Monitor {
  let name: String
  private let mode: MonitorMode
  private let minDelta: Double
  private(set) var best: Double?

  init(_ name: String, _ mode: MonitorMode?, minDelta: Double) {
    self.name = name
    self.minDelta = minDelta
    let rising = [
      "accuracy", "precision", "recall", "f1", "auc", "r2", "correlation",
    ]
    self.mode = mode ?? (rising.contains { name.contains($0) } ? .max : .min)
  }

  /// Whether a value is better than all before; NaN never is, and is replaced by any other.
  mutating func isBetter(_ value: Double) -> Bool {
    guard !value.isNaN else { return false }
    let gain = best.map { mode == .min ? $0 - value : value - $0 } ?? .infinity
    guard gain > minDelta else { return false }
    best = value
    return true
  }
}
