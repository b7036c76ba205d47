import NN
import Tensors

/// How parameters of 16 bits take steps that are smaller than the gaps between their numbers.
///
/// Near 1 neighbours of bfloat16 lie 1/128 or 1/256 apart, so that a step of 1e-4 leaves such a parameter where it
/// is, however often it is taken. With ``kahan`` or ``stochastic(seed:)`` a step is computed in float32, with
/// averages and the like kept in float32, and what a parameter cannot hold is not lost. Neither takes the memory
/// of a float32 copy of the parameters.
///
/// ```swift
/// model.to(.bfloat16)
/// let optimizer = AdamW(model.parameters(), lr: 1e-4)
/// optimizer.rounding = .kahan
/// ```
public enum ParameterRounding: Equatable, Sendable {
  /// To the nearest number, as PyTorch's optimizers do: what falls between two numbers is lost.
  case nearest
  /// To the nearest number, and what that leaves out is kept as `kahan_comp`, of the parameter's own dtype, and
  /// added in the next step: w = p + c + Δ; p = round(w); c = round(w - p). Parameter and rest together have about
  /// twice the digits.
  ///
  /// Kahan, Pracniques: Further Remarks on Reducing Truncation Errors, 1965; Zamirai et al., Revisiting BFloat16
  /// Training, 2020, algorithm 3.
  case kahan
  /// To one of the two neighbours, to the nearer one more often: a number at a quarter of the gap goes up once in
  /// four times, so that the mean of many steps is right. Draws depend on the seed, the step and the parameter's
  /// position alone, and are the same on all ranks.
  ///
  /// Gupta et al., Deep Learning with Limited Numerical Precision, 2015, section 3.
  case stochastic(seed: UInt64)
}

extension ParameterRounding {
  /// Where what a parameter cannot hold is remembered.
  static let rest = "kahan_comp"
  /// Where steps are counted that were rounded by draws.
  static let draws = "roundings"

  /// Whether a parameter's steps are computed in float32.
  func widens(_ parameter: Parameter) -> Bool {
    self != .nearest && (parameter.dtype == .bfloat16 || parameter.dtype == .float16)
  }

  /// The dtype in which an entry of a parameter's state is kept.
  func dtype(of entry: String, for parameter: Parameter) -> DType {
    widens(parameter) && entry != Self.rest ? .float32 : parameter.dtype
  }

  /// Moves a parameter by a rule that works in float32.
  /// - Parameter position: The parameter's number among all of the optimizer.
  func step(
    _ parameter: Parameter, _ gradient: Tensor, _ state: ParameterState, position: Int,
    by rule: (Parameter, Tensor, ParameterState) -> Void
  ) {
    let wide = Parameter(parameter.value.to(.float32))
    if self == .kahan { wide.value.addInPlace(state.zeros(Self.rest, like: parameter)) }
    rule(wide, gradient.to(.float32).contiguous(), state)
    let exact = wide.value
    let nearest = exact.to(parameter.dtype)
    guard case .stochastic(let seed) = self else {
      parameter.assign(nearest)
      state.zeros(Self.rest, like: parameter).copyInPlace(rest(exact, nearest))
      return
    }
    let count = (state[value: Self.draws]?.int ?? 0) + 1
    state[value: Self.draws] = .int(count)
    let generator = Generator(seed: Generator.key(seed, count, position))
    // The neighbour beyond the exact number is as likely as the way there is part of the gap. Where there is no
    // gap, or no number, the quotient is NaN, and the nearest one stays.
    let beyond = Tensor.where(exact > nearest, Double.infinity, -Double.infinity)
    let neighbour = nearest.nextafter(beyond.to(parameter.dtype))
    let gap = neighbour.to(.float32) - nearest.to(.float32)
    let share = (exact - nearest.to(.float32)) / gap
    let goes = Tensor.rand(like: exact, generator: generator) < share
    parameter.assign(Tensor.where(goes, neighbour, nearest))
  }

  /// What rounding left out; 0 where a number is not finite.
  private func rest(_ exact: Tensor, _ rounded: Tensor) -> Tensor {
    let rest = exact - rounded.to(.float32)
    return Tensor.where(rest.isFinite(), rest, 0.0).to(rounded.dtype)
  }
}
