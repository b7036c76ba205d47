import NN
import Tensors

/// Keeps small gradients of half-precision training from vanishing: scales the loss up and the
/// gradients down again, and skips steps whose gradients are infinite or nan
/// (`torch.amp.GradScaler`).
///
/// ```swift
/// scaler.scale(loss).backward()
/// scaler.unscale(optimizer)                       // only where gradients are clipped
/// clipGradNorm(model.parameters(), maxNorm: 1)
/// scaler.step(optimizer)
/// scaler.update()
/// ```
///
/// After a skipped step the scale shrinks, after a number of good ones it grows. `bfloat16` has
/// float32's range and needs no scaler. A scale that has fallen so far that its reciprocal is infinite,
/// at last to 0, gives no gradient back: all its steps are skipped.
public final class GradScaler {
  /// What losses are multiplied by.
  public private(set) var scale: Double
  /// What the scale is multiplied by after enough good steps.
  public var growthFactor: Double
  /// What the scale is multiplied by after a step that was skipped.
  public var backoffFactor: Double
  /// The good steps in a row after which the scale grows.
  public var growthInterval: Int
  /// Whether the scaler does anything; if not, it passes everything through.
  public let isEnabled: Bool
  private var goodSteps = 0
  private var optimizers: [ObjectIdentifier: Stage] = [:]

  /// What has happened to an optimizer's gradients since the last update.
  private enum Stage {
    case unscaled(isFinite: Bool)
    case stepped(isFinite: Bool)
  }

  /// - Parameters:
  ///   - initialScale: The first scale.
  ///   - growthFactor: More than 1.
  ///   - backoffFactor: Less than 1.
  ///   - growthInterval: Good steps before the scale grows.
  ///   - enabled: Whether the scaler does anything.
  public init(
    initScale initialScale: Double = 65536, growthFactor: Double = 2, backoffFactor: Double = 0.5,
    growthInterval: Int = 2000, enabled: Bool = true
  ) {
    require(growthFactor > 1, "GradScaler", "the growth factor must be more than 1")
    require(backoffFactor < 1, "GradScaler", "the back-off factor must be less than 1")
    scale = initialScale
    self.growthFactor = growthFactor
    self.backoffFactor = backoffFactor
    self.growthInterval = growthInterval
    isEnabled = enabled
  }

  /// The loss times the scale, for the backward pass.
  public func scale(_ loss: Tensor) -> Tensor {
    if isEnabled, Capture.isOn {
      Capture.refuse("GradScaler.scale is called inside the function, and its scale changes")
    }
    return scaled(loss)
  }

  private func scaled(_ loss: Tensor) -> Tensor {
    isEnabled ? loss * Tensor(scale, dtype: .float32) : loss
  }

  /// Divides an optimizer's gradients by the scale, so that they can be clipped. At most once between
  /// updates.
  ///
  /// Ranks decide alike by themselves where their gradients are averages over all ranks, and by a
  /// collective where the optimizer shards them.
  /// - Parameters:
  ///   - optimizer: Whose gradients are divided.
  ///   - agree: Where ranks hold different gradients for other reasons, combines whether all were
  ///     finite; every rank must decide alike.
  public func unscale(_ optimizer: Optimizer, agree: (Bool) -> Bool = { $0 }) {
    guard isEnabled else { return }
    let key = ObjectIdentifier(optimizer)
    require(
      optimizers[key] == nil, "GradScaler",
      "unscale must come once, and before step, between updates")
    let factor = single(1 / scale)
    // Every rank has the same scale, so that none waits for another here.
    let isFinite = factor.isFinite && optimizer.unscaleGradients(by: factor)
    optimizers[key] = .unscaled(isFinite: agree(isFinite))
  }

  /// Steps an optimizer unless one of its gradients is infinite or nan, unscaling them first where
  /// that has not been done.
  /// - Returns: Whether the step was made.
  @discardableResult
  public func step(_ optimizer: Optimizer, agree: (Bool) -> Bool = { $0 }) -> Bool {
    guard isEnabled else {
      optimizer.step()
      return true
    }
    let key = ObjectIdentifier(optimizer)
    if optimizers[key] == nil { unscale(optimizer, agree: agree) }
    guard case .unscaled(let isFinite) = optimizers[key] else {
      fail("GradScaler", "step was already called since the last update")
    }
    if isFinite { optimizer.step() }
    optimizers[key] = .stepped(isFinite: isFinite)
    return isFinite
  }

  /// Chooses the next scale; to be called once after the steps of all optimizers.
  public func update() {
    guard isEnabled else { return }
    require(!optimizers.isEmpty, "GradScaler", "update comes after a step")
    let isGood = optimizers.values.allSatisfy { stage in
      switch stage {
      case .unscaled(let isFinite), .stepped(let isFinite): isFinite
      }
    }
    if isGood {
      goodSteps += 1
      if goodSteps == growthInterval {
        // An infinite scale would never come back.
        let grown = single(scale * growthFactor)
        if grown.isFinite { scale = grown }
        goodSteps = 0
      }
    } else {
      scale = single(scale * backoffFactor)
      goodSteps = 0
    }
    optimizers = [:]
  }

  /// The scale with its settings, by PyTorch's names; empty for a scaler that does nothing.
  public func stateDict() -> OptionValue {
    guard isEnabled else { return .object([:]) }
    return .object([
      "scale": .double(scale), "growth_factor": .double(growthFactor),
      "backoff_factor": .double(backoffFactor), "growth_interval": .int(growthInterval),
      "_growth_tracker": .int(goodSteps),
    ])
  }

  /// Takes over saved state.
  /// - Throws: ``OptimizerStateError`` naming the entry that is missing, as when the state comes
  ///   from a scaler that did nothing.
  public func load(_ state: OptionValue) throws(OptimizerStateError) {
    guard isEnabled else { return }
    let saved = state.object ?? [:]
    let scale = try saved.required("scale", "a number") { $0.double }
    let growthFactor = try saved.required("growth_factor", "a number") { $0.double }
    let backoffFactor = try saved.required("backoff_factor", "a number") { $0.double }
    let growthInterval = try saved.required("growth_interval", "a whole number") { $0.int }
    let goodSteps = try saved.required("_growth_tracker", "a number of steps") { value in
      value.int.flatMap { 0..<1 << 53 ~= $0 ? $0 : nil }
    }
    self.scale = scale
    self.growthFactor = growthFactor
    self.backoffFactor = backoffFactor
    self.growthInterval = growthInterval
    self.goodSteps = goodSteps
  }
}

/// Multiplies gradients by a factor.
/// - Returns: Whether all of them are finite afterwards.
package func unscale(_ gradients: [Tensor], by factor: Double) -> Bool {
  var isFinite = true
  noGrad {
    for gradient in gradients {
      let target = gradient.isContiguous ? gradient : gradient.contiguous()
      if Kernel.scaleFindingNonfinite(target, by: factor) { isFinite = false }
      if !gradient.isContiguous { gradient.copyInPlace(target) }
    }
  }
  return isFinite
}
