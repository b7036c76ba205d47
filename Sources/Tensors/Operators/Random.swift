import CKernels

/// Random tensors, drawn as PyTorch's CPU kernels draw them.
extension Tensor {
  private static func drawn(
    _ name: String, _ shape: [Int], _ dtype: DType, _ generator: Generator?,
    _ draw: (UnsafeMutablePointer<torus_rng>, torus_dtype, UnsafeMutableRawPointer, Int64) ->
      torus_status
  ) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, name, "sizes must not be negative: \(shape)")
    let out = uninitialized(shape, dtype)
    let status = (generator ?? .default).draw { draw(&$0, dtype.c, out.pointer, Int64(out.count)) }
    require(status == TORUS_OK, name, "not defined for \(dtype)")
    return out
  }

  /// Uniform on [0, 1) (`torch.rand`).
  public static func rand(
    _ shape: [Int], dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    uniform(shape, from: 0, to: 1, dtype: dtype, generator: generator)
  }

  /// Uniform on [from, to) (`Tensor.uniform_`).
  public static func uniform(
    _ shape: [Int], from: Double, to: Double, dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    drawn("uniform", shape, dtype, generator) { torus_random_uniform($0, $1, $2, $3, from, to) }
  }

  /// Normal with mean 0 and standard deviation 1 (`torch.randn`).
  public static func randn(
    _ shape: [Int], dtype: DType = .float32, generator: Generator? = nil
  ) -> Tensor {
    normal(shape, dtype: dtype, generator: generator)
  }

  /// Normal (`torch.normal`).
  public static func normal(
    _ shape: [Int], mean: Double = 0, std: Double = 1, dtype: DType = .float32,
    generator: Generator? = nil
  ) -> Tensor {
    require(std >= 0, "normal", "the standard deviation must not be negative: \(std)")
    return drawn("normal", shape, dtype, generator) {
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
