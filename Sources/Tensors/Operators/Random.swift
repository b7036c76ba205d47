import CKernels

/// Random tensors, drawn as PyTorch's CPU kernels draw them.
extension Tensor {
  private static func drawn(
    _ name: String, _ shape: [Int], _ dtype: DType, _ generator: Generator?,
    requiresGrad: Bool = false,
    _ draw: (UnsafeMutablePointer<torus_rng>, torus_dtype, UnsafeMutableRawPointer, Int64) ->
      torus_status
  ) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, name, "sizes must not be negative: \(shape)")
    let out = uninitialized(shape, dtype)
    let status = (generator ?? .default).draw { draw(&$0, dtype.c, out.pointer, Int64(out.count)) }
    require(status == TORUS_OK, name, "not defined for \(dtype)")
    return requiresGrad ? out.leaf : out
  }

  /// Uniform on [0, 1) (`torch.rand`).
  public static func rand(
    _ shape: [Int], dtype: DType = .float32, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    uniform(
      shape, from: 0, to: 1, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Uniform on [from, to) (`Tensor.uniform_`).
  public static func uniform(
    _ shape: [Int], from: Double, to: Double, dtype: DType = .float32, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    drawn("uniform", shape, dtype, generator, requiresGrad: requiresGrad) {
      torus_random_uniform($0, $1, $2, $3, from, to)
    }
  }

  /// Normal with mean 0 and standard deviation 1 (`torch.randn`).
  public static func randn(
    _ shape: [Int], dtype: DType = .float32, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    normal(shape, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Normal (`torch.normal`).
  public static func normal(
    _ shape: [Int], mean: Double = 0, std: Double = 1, dtype: DType = .float32,
    generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    require(std >= 0, "normal", "the standard deviation must not be negative: \(std)")
    return drawn("normal", shape, dtype, generator, requiresGrad: requiresGrad) {
      torus_random_normal($0, $1, $2, $3, mean, std)
    }
  }

  /// Whole numbers on low ..< high (`torch.randint`).
  public static func randint(
    _ low: Int, _ high: Int, _ shape: [Int], dtype: DType = .int64, generator: Generator? = nil
  ) -> Tensor {
    require(low < high, "randint", "there is no number from \(low) below \(high)")
    return drawn("randint", shape, dtype, generator) {
      torus_random_integers($0, $1, $2, $3, Int64(low), Int64(high))
    }
  }

  /// Whole numbers on 0 ..< high (`torch.randint`).
  public static func randint(
    _ high: Int, _ shape: [Int], dtype: DType = .int64, generator: Generator? = nil
  ) -> Tensor {
    randint(0, high, shape, dtype: dtype, generator: generator)
  }

  /// A permutation of 0 ..< n (`torch.randperm`).
  public static func randperm(
    _ n: Int, dtype: DType = .int64, generator: Generator? = nil
  ) -> Tensor {
    drawn("randperm", [n], dtype, generator) { torus_random_permutation($0, $1, $2, $3) }
  }

  /// 1 with probability p, else 0 (`Tensor.bernoulli_`).
  public static func bernoulli(
    _ shape: [Int], p: Double, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    require((0...1).contains(p), "bernoulli", "a probability lies between 0 and 1, not \(p)")
    return drawn("bernoulli", shape, dtype, generator) {
      torus_random_bernoulli($0, $1, $2, $3, p)
    }
  }

  /// 1 with each element's probability, else 0 (`torch.bernoulli`).
  public func bernoulli(generator: Generator? = nil) -> Tensor {
    let p = bare.contiguous()
    return Tensor.drawn("bernoulli", shape, dtype, generator) {
      torus_random_bernoulli_each($0, $1, $2, $3, p.pointer)
    }
  }

  /// Normal with a mean and a standard deviation for each element, of one dtype and broadcast
  /// (`torch.normal`).
  public static func normal(mean: Tensor, std: Tensor, generator: Generator? = nil) -> Tensor {
    require(
      mean.dtype == std.dtype, "normal", "dtypes differ: \(mean.dtype) and \(std.dtype)")
    let shape = broadcastShape([mean.shape, std.shape], "normal")
    let (means, deviations) = noGrad {
      (mean.expanded(shape).contiguous(), std.expanded(shape).contiguous())
    }
    return drawn("normal", shape, mean.dtype, generator) {
      torus_random_normal_each($0, $1, $2, $3, means.pointer, deviations.pointer)
    }
  }

  /// Exponential with a rate: density λ exp(-λx) (`Tensor.exponential_`).
  public static func exponential(
    _ shape: [Int], rate: Double = 1, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    require(rate > 0, "exponential", "the rate must be positive, not \(rate)")
    return drawn("exponential", shape, dtype, generator) {
      torus_random_exponential($0, $1, $2, $3, rate)
    }
  }

  /// How many trials with success probability p it takes to the first success
  /// (`Tensor.geometric_`).
  public static func geometric(
    _ shape: [Int], p: Double, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    require(p > 0 && p < 1, "geometric", "a probability between 0 and 1 is expected, not \(p)")
    return drawn("geometric", shape, dtype, generator) {
      torus_random_geometric($0, $1, $2, $3, p)
    }
  }

  /// Cauchy with a median and a half width at half maximum (`Tensor.cauchy_`).
  public static func cauchy(
    _ shape: [Int], median: Double = 0, sigma: Double = 1, dtype: DType = .float32,
    generator: Generator? = nil
  ) -> Tensor {
    require(sigma > 0, "cauchy", "the width must be positive, not \(sigma)")
    return drawn("cauchy", shape, dtype, generator) {
      torus_random_cauchy($0, $1, $2, $3, median, sigma)
    }
  }

  /// Numbers whose logarithm is normal (`Tensor.log_normal_`).
  public static func logNormal(
    _ shape: [Int], mean: Double = 1, std: Double = 2, dtype: DType = .float32,
    generator: Generator? = nil
  ) -> Tensor {
    require(std > 0, "log_normal", "the standard deviation must be positive, not \(std)")
    return drawn("log_normal", shape, dtype, generator) {
      torus_random_log_normal($0, $1, $2, $3, mean, std)
    }
  }

  /// Counts with each element's rate (`torch.poisson`).
  public func poisson(generator: Generator? = nil) -> Tensor {
    let rates = bare.contiguous()
    return Tensor.drawn("poisson", shape, dtype, generator) {
      torus_random_poisson($0, $1, $2, $3, rates.pointer)
    }
  }

  /// Category indices drawn by weight, for a vector or for each row (`torch.multinomial`).
  public func multinomial(
    _ samples: Int, replacement: Bool = false, generator: Generator? = nil
  ) -> Tensor {
    require(rank == 1 || rank == 2, "multinomial", "weights must be a vector or rows: \(shape)")
    let categories = shape[rank - 1]
    require(
      samples > 0 && (replacement || samples <= categories), "multinomial",
      "\(samples) samples without replacement from \(categories) categories")
    let rows = rank == 2 ? shape[0] : 1
    let weights = bare.contiguous()
    let out = Tensor.uninitialized(Array(shape.dropLast()) + [samples], .int64)
    let status = (generator ?? .default).draw {
      torus_random_multinomial(
        &$0, dtype.c, weights.pointer, Int64(rows), Int64(categories), Int64(samples),
        replacement, out.pointer.assumingMemoryBound(to: Int64.self))
    }
    switch status {
    case 0: return out
    case -2: fail("multinomial", "a weight is negative, infinite or NaN")
    case -3: fail("multinomial", "the weights of a row sum to 0")
    default: fail("multinomial", "not defined for \(dtype)")
    }
  }
}
