/// Variance and standard deviation over dimensions: those named, or all where none are.
///
/// σ² = Σ(x - mean)² ÷ max(0, n - correction). A correction of 1 is Bessel's (`unbiased=True`), 0 the
/// population's variance.
extension Tensor {
  /// The variance (`torch.var`).
  public func `var`(
    dims: [Int] = [], correction: Double = 1, keepDim: Bool = false
  ) -> Tensor {
    varMean(dims: dims, correction: correction, keepDim: keepDim).variance
  }

  /// The standard deviation (`torch.std`). Where it is 0 its gradient is too.
  public func std(
    dims: [Int] = [], correction: Double = 1, keepDim: Bool = false
  ) -> Tensor {
    stdMean(dims: dims, correction: correction, keepDim: keepDim).deviation
  }

  /// The standard deviation and the mean (`torch.std_mean`).
  public func stdMean(
    dims: [Int] = [], correction: Double = 1, keepDim: Bool = false
  ) -> (deviation: Tensor, mean: Tensor) {
    moments(isDeviation: true, dims, correction, keepDim)
  }

  /// The variance and the mean (`torch.var_mean`).
  public func varMean(
    dims: [Int] = [], correction: Double = 1, keepDim: Bool = false
  ) -> (variance: Tensor, mean: Tensor) {
    moments(isDeviation: false, dims, correction, keepDim)
  }

  private func moments(
    isDeviation: Bool, _ dims: [Int], _ correction: Double, _ keepDim: Bool
  ) -> (Tensor, Tensor) {
    let name = isDeviation ? "std" : "var"
    require(dtype.isFloatingPoint, name, "needs a floating-point tensor, not \(dtype)")
    let operation = SpreadAndMean(
      isDeviation: isDeviation, dims: reducedDims(dims, name), correction: correction,
      keepDim: keepDim)
    let results = Tensor.record(operation, [self])
    return (results[0], results[1])
  }
}

/// Variance, or standard deviation, and mean.
private struct SpreadAndMean: TensorsOperation {
  let isDeviation: Bool
  let dims: [Int]
  let correction: Double
  let keepDim: Bool
  var name: String { isDeviation ? "std" : "var" }
  var attributes: [String: Attribute] {
    ["dims": .ints(dims), "correction": .double(correction), "keepDim": .bool(keepDim)]
  }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let a = inputs[0]
    // Half precision keeps its variance in float32 until the spread is taken, and rounds once.
    let wide = a.dtype == .float64 ? DType.float64 : .float32
    let moments = Kernel.spreadAndMean(
      name, a, dims, correction: correction, isDeviation: isDeviation, wide)
    return moments.map { moment in
      let rounded = moment.to(a.dtype)
      return keepDim ? rounded : Kernel.dropped(rounded, dims)
    }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let count = Double(dims.reduce(1) { $0 * node.shape(0)[$1] })
    var gradient: Tensor?
    if let g = gradients[0] {
      let x = node.input(0)
      var toVariance = g.restored(dims, keepDim: keepDim)
      if isDeviation {
        let deviation = node.output(0).restored(dims, keepDim: keepDim)
        toVariance = (toVariance / (deviation * 2)).maskedFill(deviation.eq(0), 0)
      }
      let centred = x - x.mean(dims: dims, keepDim: true)
      gradient = toVariance * (2 / (count - correction)) * centred
    }
    if let g = gradients[1] {
      let spread = (g.restored(dims, keepDim: keepDim) / count).expanded(node.shape(0))
      gradient = gradient.map { $0 + spread } ?? spread
    }
    return [gradient]
  }
}

/// Covariance and correlation of variables in rows and observations in columns.
extension Tensor {
  /// The covariance matrix (`torch.cov`): `[variables, observations]` → `[variables, variables]`;
  /// of a vector, its variance.
  /// - Parameters:
  ///   - correction: What is subtracted from the number of observations.
  ///   - frequencies: How often each observation was made: integers, `[observations]`.
  ///   - weights: How much each observation counts: reals, `[observations]`.
  public func cov(
    correction: Int = 1, fweights frequencies: Tensor? = nil, aweights weights: Tensor? = nil
  ) -> Tensor {
    require(rank <= 2, "cov", "at most 2 dimensions are expected, not \(shape)")
    require(dtype != .bool, "cov", "not defined for bool")
    let x = rank < 2 ? reshaped([1, -1]) : self
    let observations = x.size(1)
    for (name, values) in [("fweights", frequencies), ("aweights", weights)] {
      guard let values else { continue }
      require(
        values.shape == [observations], "cov",
        "\(name) must be [\(observations)], one per observation, not \(values.shape)")
    }
    require(
      frequencies.map { $0.dtype.isInteger } ?? true, "cov",
      "fweights must be integers; pass reals as aweights")
    let factors = [frequencies, weights].compactMap { $0 }
    let combined = factors.count == 2 ? factors[0] * factors[1] : factors.first
    require(
      factors.isEmpty || observations > 0, "cov", "the weights of no observations sum to 0")
    let total = combined?.sum() ?? Tensor(observations)
    let mean: Tensor
    if let combined {
      mean = (x * combined).sum(dim: 1) / total
    } else {
      mean = x.sum(dim: 1) / Double(observations)
    }
    // Σw - correction · Σw·a / Σw, which is n - correction without weights of the second kind.
    let norm: Tensor
    if let weights, let combined {
      norm = total - (combined * weights).sum() / total * Double(correction)
    } else {
      norm = total - correction
    }
    let centred = x - mean.unsqueezed(1)
    let weighted = combined.map { centred * $0 } ?? centred
    let product = centred.matmul(weighted.to(centred.dtype).t)
    let divisor = norm.to(product.dtype).clamp(min: 0)
    return (product / divisor).squeezed()
  }

  /// The matrix of correlation coefficients (`torch.corrcoef`), clipped to [-1, 1]:
  /// `[variables, observations]` → `[variables, variables]`.
  public func corrcoef() -> Tensor {
    require(rank <= 2, "corrcoef", "at most 2 dimensions are expected, not \(shape)")
    let covariance = cov()
    if covariance.rank == 0 { return covariance / covariance }
    let places = Tensor.arange(covariance.size(0)).unsqueezed(1)
    let deviation = covariance.gather(dim: 1, index: places).sqrt()
    return (covariance / deviation / deviation.t).clamp(min: -1, max: 1)
  }
}
