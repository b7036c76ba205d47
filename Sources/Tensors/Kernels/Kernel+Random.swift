internal import CKernels

/// Random tensors, drawn in the order of memory.
extension Kernel {
  /// What numbers are drawn from. Parameters that are tensors hold one for each element.
  enum RandomLaw {
    case uniform(from: Double, to: Double)
    case normal(mean: Double, std: Double)
    case normalEach(mean: Tensor, std: Tensor)
    case integers(from: Int, to: Int)
    case permutation
    case bernoulli(Double)
    case bernoulliEach(Tensor)
    case exponential(rate: Double)
    case geometric(Double)
    case cauchy(median: Double, sigma: Double)
    case logNormal(mean: Double, std: Double)
    case poisson(Tensor)

    /// Those of its parameters that are tensors.
    var parameters: [Tensor] {
      switch self {
      case .normalEach(let mean, let std): [mean, std]
      case .bernoulliEach(let p): [p]
      case .poisson(let rates): [rates]
      default: []
      }
    }

    /// The same law with other tensors for parameters.
    func with(_ parameters: [Tensor]) -> RandomLaw {
      switch self {
      case .normalEach: .normalEach(mean: parameters[0], std: parameters[1])
      case .bernoulliEach: .bernoulliEach(parameters[0])
      case .poisson: .poisson(parameters[0])
      default: self
      }
    }

    /// PyTorch's name, for messages.
    var name: String {
      switch self {
      case .uniform: "uniform"
      case .normal, .normalEach: "normal"
      case .integers: "randint"
      case .permutation: "randperm"
      case .bernoulli, .bernoulliEach: "bernoulli"
      case .exponential: "exponential"
      case .geometric: "geometric"
      case .cauchy: "cauchy"
      case .logNormal: "log_normal"
      case .poisson: "poisson"
      }
    }
  }

  /// A tensor of draws.
  static func random(_ law: RandomLaw, _ shape: [Int], _ dtype: DType, _ draw: Draw) -> Tensor {
    let out = Tensor.uninitialized(shape, dtype)
    let (y, count, type) = (out.pointer, Int64(out.count), dtype.c)
    let status: torus_status =
      switch law {
      case .uniform(let from, let to): draw { torus_random_uniform(&$0, type, y, count, from, to) }
      case .normal(let mean, let std): draw { torus_random_normal(&$0, type, y, count, mean, std) }
      case .normalEach(let mean, let std):
        draw { torus_random_normal_each(&$0, type, y, count, mean.pointer, std.pointer) }
      case .integers(let from, let to):
        draw { torus_random_integers(&$0, type, y, count, Int64(from), Int64(to)) }
      case .permutation: draw { torus_random_permutation(&$0, type, y, count) }
      case .bernoulli(let p): draw { torus_random_bernoulli(&$0, type, y, count, p) }
      case .bernoulliEach(let p):
        draw { torus_random_bernoulli_each(&$0, type, y, count, p.pointer) }
      case .exponential(let rate): draw { torus_random_exponential(&$0, type, y, count, rate) }
      case .geometric(let p): draw { torus_random_geometric(&$0, type, y, count, p) }
      case .cauchy(let median, let sigma):
        draw { torus_random_cauchy(&$0, type, y, count, median, sigma) }
      case .logNormal(let mean, let std):
        draw { torus_random_log_normal(&$0, type, y, count, mean, std) }
      case .poisson(let rates): draw { torus_random_poisson(&$0, type, y, count, rates.pointer) }
      }
    require(status == TORUS_OK, law.name, "not defined for \(dtype)")
    return out
  }

  /// Moves on as such a tensor's draws do, without drawing; false where that cannot be.
  static func skip(_ law: RandomLaw, _ count: Int, _ dtype: DType, _ draw: Draw) -> Bool {
    switch law {
    case .uniform: draw { torus_random_skip_uniform(&$0, dtype.c, Int64(count)) } == TORUS_OK
    case .normal: draw { torus_random_skip_normal(&$0, dtype.c, Int64(count)) } == TORUS_OK
    default: false
    }
  }

  /// Indices of categories drawn by weight, for a vector or for each row.
  static func multinomial(
    _ weights: Tensor, _ samples: Int, replacement: Bool, _ draw: Draw
  ) -> Tensor {
    let weights = weights.bare.contiguous()
    let categories = weights.shape[weights.rank - 1]
    let rows = weights.rank == 2 ? weights.shape[0] : 1
    let out = Tensor.uninitialized(Array(weights.shape.dropLast()) + [samples], .int64)
    let status = draw {
      torus_random_multinomial(
        &$0, weights.dtype.c, weights.pointer, Int64(rows), Int64(categories), Int64(samples),
        replacement, out.int64s)
    }
    switch status {
    case 0: return out
    case -2: fail("multinomial", "a weight is negative, infinite or NaN")
    case -3: fail("multinomial", "the weights of a row sum to 0")
    default: fail("multinomial", "not defined for \(weights.dtype)")
    }
  }
}
