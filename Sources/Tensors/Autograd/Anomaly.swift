import Foundation

/// Runs a body in anomaly mode (`torch.autograd.detect_anomaly`): every recorded operation keeps the
/// place where it was recorded, and the first gradient that holds a NaN stops the backward pass with
/// the operation's name and that place.
///
/// Slow: for looking for a fault, not for training.
public func detectAnomaly<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
  let state = ThreadState.current
  let before = state.watchers
  state.watchers |= Watchers.anomaly
  defer { state.watchers = before }
  return try body()
}

enum Anomaly {
  static var isOn: Bool { ThreadState.current.watchers & Watchers.anomaly != 0 }

  /// Remembers the calls that led to the node.
  static func mark(_ node: Node) { node.origin = Origin() }

  /// Stops where a gradient that the node computed holds a NaN.
  static func check(_ results: [Tensor?], of node: Node) {
    for (index, result) in results.enumerated() {
      guard let result, noGrad({ result.isNaN().any().item(Bool.self) }) else { continue }
      fail(
        "backward",
        "\(node.name) computed a NaN in the gradient of its input \(index) \(result.shape); it was recorded at\n  \(node.origin?.description ?? "a place outside anomaly mode")"
      )
    }
  }
}
