import Tensors

/// w = g v ÷ ‖v‖: a length and a direction in place of a weight
/// (`torch.nn.utils.parametrizations.weight_norm`; Salimans & Kingma 2016).
///
/// State dicts hold g as `parametrizations.weight.original0` and v as `original1`.
/// - Parameters:
///   - module: The layer; it is returned: `let fc = weightNorm(Linear(20, 40))`.
///   - name: The parameter.
///   - dim: Each slice along this dimension has a length of its own; nil for one of the whole.
@discardableResult
public func weightNorm<Part: Module>(
  _ module: Part, name: String = "weight", dim: Int? = 0
) -> Part {
  module.registerParametrization(name, WeightNorm(dim: dim))
}

private final class WeightNorm: Parametrization {
  private let dim: Int?

  init(dim: Int?) { self.dim = dim }

  private func norm(_ value: Tensor) -> Tensor {
    guard let dim else { return value.norm() }
    let place = dim < 0 ? dim + value.rank : dim
    require(
      (0..<value.rank).contains(place), "weightNorm", "\(value.shape) has no dimension \(dim)")
    let others = (0..<value.rank).filter { $0 != place }
    return others.isEmpty ? value.abs() : value.norm(dims: others, keepDim: true)
  }

  override func forward(_ originals: [Tensor]) -> Tensor {
    originals[1] * (originals[0] / norm(originals[1]))
  }

  override func rightInverse(_ value: Tensor) -> [Tensor] { [norm(value), value] }
}
