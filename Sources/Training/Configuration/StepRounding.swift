import Optimizers
import Settings

/// How parameters of 16 bits take the optimizer's steps, as a key of a run; see ``Optimizers/ParameterRounding``.
public enum StepRounding: String, ConfigurationChoice {
  /// What rounding leaves out is kept and added in the next step.
  case kahan
  /// Up or down by draws that follow from the run's seed.
  case stochastic
  /// To the nearest number: what is smaller than the gap between two is lost.
  case nearest

  /// The same as optimizers name it; parameters that are not of 16 bits are rounded as they always are.
  package func rounding(_ precision: TrainingPrecision, seed: Int) -> ParameterRounding {
    guard precision == .bf16True else { return .nearest }
    return switch self {
    case .kahan: .kahan
    case .stochastic: .stochastic(seed: UInt64(seed))
    case .nearest: .nearest
    }
  }
}
