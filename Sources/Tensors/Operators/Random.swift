/// Random tensors, drawn as PyTorch's CPU kernels draw them.
extension Tensor {
  private static func drawn(
    _ shape: [Int], _ dtype: DType, _ generator: Generator?, requiresGrad: Bool = false,
    _ law: Kernel.RandomLaw
  ) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, law.name, "sizes must not be negative: \(shape)")
    let out = record(
      RandomNumbers(law: law, shape: shape, dtype: dtype, draw: Draw(generator)), law.parameters)
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
    drawn(shape, dtype, generator, requiresGrad: requiresGrad, .uniform(from: from, to: to))
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
    return drawn(shape, dtype, generator, requiresGrad: requiresGrad, .normal(mean: mean, std: std))
  }

  /// Whole numbers on low ..< high (`torch.randint`).
  public static func randint(
    _ low: Int, _ high: Int, _ shape: [Int], dtype: DType = .int64, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    require(low < high, "randint", "there is no number from \(low) below \(high)")
    return drawn(
      shape, dtype, generator, requiresGrad: requiresGrad, .integers(from: low, to: high))
  }

  /// Whole numbers on 0 ..< high (`torch.randint`).
  public static func randint(
    _ high: Int, _ shape: [Int], dtype: DType = .int64, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    randint(0, high, shape, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// A permutation of 0 ..< n (`torch.randperm`).
  public static func randperm(
    _ n: Int, dtype: DType = .int64, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    drawn([n], dtype, generator, requiresGrad: requiresGrad, .permutation)
  }

  /// 1 with probability p, else 0 (`Tensor.bernoulli_`).
  public static func bernoulli(
    _ shape: [Int], p: Double, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    require((0...1).contains(p), "bernoulli", "a probability lies between 0 and 1, not \(p)")
    return drawn(shape, dtype, generator, .bernoulli(p))
  }

  /// 1 with each element's probability, else 0 (`torch.bernoulli`).
  public func bernoulli(generator: Generator? = nil) -> Tensor {
    let p = bare.contiguous()
    return Tensor.drawn(shape, dtype, generator, .bernoulliEach(p))
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
    return drawn(shape, mean.dtype, generator, .normalEach(mean: means, std: deviations))
  }

  /// Exponential with a rate: density λ exp(-λx) (`Tensor.exponential_`).
  public static func exponential(
    _ shape: [Int], rate: Double = 1, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    require(rate > 0, "exponential", "the rate must be positive, not \(rate)")
    return drawn(shape, dtype, generator, .exponential(rate: rate))
  }

  /// How many trials with success probability p it takes to the first success
  /// (`Tensor.geometric_`).
  public static func geometric(
    _ shape: [Int], p: Double, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    require(p > 0 && p < 1, "geometric", "a probability between 0 and 1 is expected, not \(p)")
    return drawn(shape, dtype, generator, .geometric(p))
  }

  /// Cauchy with a median and a half width at half maximum (`Tensor.cauchy_`).
  public static func cauchy(
    _ shape: [Int], median: Double = 0, sigma: Double = 1, dtype: DType = .float32,
    generator: Generator? = nil
  ) -> Tensor {
    require(sigma > 0, "cauchy", "the width must be positive, not \(sigma)")
    return drawn(shape, dtype, generator, .cauchy(median: median, sigma: sigma))
  }

  /// Numbers whose logarithm is normal (`Tensor.log_normal_`).
  public static func logNormal(
    _ shape: [Int], mean: Double = 1, std: Double = 2, dtype: DType = .float32,
    generator: Generator? = nil
  ) -> Tensor {
    require(std > 0, "log_normal", "the standard deviation must be positive, not \(std)")
    return drawn(shape, dtype, generator, .logNormal(mean: mean, std: std))
  }

  /// Counts with each element's rate (`torch.poisson`).
  public func poisson(generator: Generator? = nil) -> Tensor {
    let rates = bare.contiguous()
    return Tensor.drawn(shape, dtype, generator, .poisson(rates))
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
    return Tensor.record(
      Multinomial(samples: samples, replacement: replacement, draw: Draw(generator)), [self])
  }
}

/// A tensor of draws. Operands are the law's parameters where these are tensors.
private struct RandomNumbers: ConstantOperation, RenewedOperation {
  let law: Kernel.RandomLaw
  let shape: [Int]
  let dtype: DType
  let draw: Draw
  var name: String { law.name }
  var attributes: [String: Attribute] {
    law.parameters.isEmpty
      ? ["law": .string("\(law)"), "shape": .ints(shape)] : ["shape": .ints(shape)]
  }
  func pinned() -> RandomNumbers {
    RandomNumbers(law: law, shape: shape, dtype: dtype, draw: draw.pinned())
  }
  func renewed() -> RandomNumbers {
    RandomNumbers(law: law, shape: shape, dtype: dtype, draw: draw.renewed())
  }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.random(law.with(inputs), shape, dtype, draw)
  }
}

/// Indices of categories drawn by weight.
private struct Multinomial: ConstantOperation, RenewedOperation {
  let samples: Int
  let replacement: Bool
  let draw: Draw
  var name: String { "multinomial" }
  var attributes: [String: Attribute] {
    ["samples": .int(samples), "replacement": .bool(replacement)]
  }
  func pinned() -> Multinomial {
    Multinomial(samples: samples, replacement: replacement, draw: draw.pinned())
  }
  func renewed() -> Multinomial {
    Multinomial(samples: samples, replacement: replacement, draw: draw.renewed())
  }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.multinomial(inputs[0], samples, replacement: replacement, draw)
  }
}
