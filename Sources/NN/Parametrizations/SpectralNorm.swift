import Tensors

/// w ÷ σ(w): a weight whose largest singular value is 1
/// (`torch.nn.utils.parametrizations.spectral_norm`; Miyato et al. 2018).
///
/// σ is estimated by power iterations, which go on whenever the weight is read while training. Their
/// vectors are drawn as PyTorch draws them, and are the buffers `parametrizations.weight.0._u` and `_v`.
/// - Parameters:
///   - module: The layer; it is returned: `let fc = spectralNorm(Linear(20, 40))`.
///   - name: The parameter.
///   - nPowerIterations: Iterations at each reading.
///   - eps: The smallest length that is divided by.
///   - dim: The dimension of the outputs; by default 1 for transposed convolutions, else 0.
@discardableResult
public func spectralNorm<Part: Module>(
  _ module: Part, name: String = "weight", nPowerIterations: Int = 1, eps: Double = 1e-12,
  dim: Int? = nil
) -> Part {
  require(
    nPowerIterations > 0, "spectralNorm", "there are no \(nPowerIterations) power iterations")
  return module.registerParametrization(
    name,
    SpectralNorm(
      nPowerIterations, eps: eps, dim: dim ?? (module is TransposedConvolutionLayer ? 1 : 0)))
}

private final class SpectralNorm: Parametrization {
  private var u, v: Buffer?
  private let iterations: Int
  private let eps: Double
  private let dim: Int

  init(_ iterations: Int, eps: Double, dim: Int) {
    (self.iterations, self.eps, self.dim) = (iterations, eps, dim)
  }

  override class var stateNames: [String: String] { ["u": "_u", "v": "_v"] }

  override func prepare(_ value: Tensor) {
    require(
      (-value.rank..<value.rank).contains(dim), "spectralNorm",
      "\(value.shape) has no dimension \(dim)")
    guard value.rank > 1 else { return }
    noGrad {
      let matrix = matrix(value)
      func direction(_ size: Int) -> Buffer {
        let drawn = Tensor.normal([size], mean: 0, std: 1, dtype: value.dtype)
        return Buffer(F.normalize(drawn, dim: 0, eps: eps))
      }
      u = direction(matrix.shape[0])
      v = direction(matrix.shape[1])
      iterate(matrix, 15)
    }
  }

  /// The weight as outputs × inputs.
  private func matrix(_ value: Tensor) -> Tensor {
    let place = dim < 0 ? dim + value.rank : dim
    let ordered =
      place == 0
      ? value : value.permuted([place] + (0..<value.rank).filter { $0 != place })
    return ordered.flattened(from: 1)
  }

  private func iterate(_ matrix: Tensor, _ count: Int) {
    guard let u, let v else { return }
    for _ in 0..<count {
      u.value = F.normalize(matrix.matmul(v.value), dim: 0, eps: eps)
      v.value = F.normalize(matrix.transposed(0, 1).matmul(u.value), dim: 0, eps: eps)
    }
  }

  override func forward(_ originals: [Tensor]) -> Tensor {
    let weight = originals[0]
    guard let u, let v else { return F.normalize(weight, dim: 0, eps: eps) }
    let matrix = matrix(weight)
    if isTraining { noGrad { iterate(matrix.detach(), iterations) } }
    return weight / u.value.dot(matrix.matmul(v.value))
  }
}
