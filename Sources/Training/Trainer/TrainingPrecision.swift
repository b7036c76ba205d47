import NN
import Optimizers
import Settings
import Tensors

/// In which precision forward passes compute, and parameters are kept. But in ``bf16True`` parameters, their
/// gradients and the optimizer's state are float32.
public enum TrainingPrecision: String, ConfigurationChoice {
  /// float32 throughout.
  case f32
  /// bfloat16 where ``Tensors/autocast(_:enabled:lists:cacheEnabled:_:)`` says so.
  case bf16
  /// float16 where it says so, and scaled losses, so that small gradients do not vanish.
  case f16
  /// As ``bf16``, with parameters, buffers and gradients that are bfloat16 themselves: half the memory. How an
  /// optimizer takes steps that such parameters cannot show is its ``Optimizers/Optimizer/rounding``.
  case bf16True = "bf16-true"

  /// The type in which products are computed.
  public var dtype: DType {
    switch self {
    case .f32: .float32
    case .bf16, .bf16True: .bfloat16
    case .f16: .float16
    }
  }

  /// Gives a model's parameters and buffers the dtype that they are kept in. Comes before the optimizer is made.
  public func prepare(_ model: Module) {
    if self == .bf16True { model.to(.bfloat16) }
  }

  /// Runs a forward pass.
  public func computing<Result>(_ body: () throws -> Result) rethrows -> Result {
    switch self {
    case .f32: try body()
    case .bf16, .bf16True: try autocast(.bfloat16, body)
    case .f16: try autocast(.float16, body)
    }
  }
}

extension Trainer {
  /// Steps the optimizer, unless one of the scaled gradients overflowed: then all ranks leave the step
  /// out, and the scale falls.
  package func stepOptimizer() throws {
    var failure: Error?
    // Where a hook or an average of models lets gradients differ, one rank's overflow stops all.
    func agree(_ isFinite: Bool) -> Bool {
      guard group != nil else { return isFinite }
      do {
        return try reduced([isFinite ? 0 : 1])[0] == 0
      } catch {
        failure = error
        return false
      }
    }
    scaler.unscale(optimizer, agree: agree)
    if let failure { throw failure }
    clipGradients()
    if !scaler.step(optimizer) { skippedSteps += 1 }
    if scaler.isEnabled { scaler.update() }
  }
}
