/// Reductions over one dimension; those over several, or all, stand with their operations.
extension Tensor {
  /// The sum over one dimension of the elements that are not NaN (`torch.nansum`).
  public func nanSum(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    nanSum(dims: [dim], keepDim: keepDim, dtype: dtype)
  }

  /// The mean over one dimension of the elements that are not NaN (`torch.nanmean`).
  public func nanMean(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    nanMean(dims: [dim], keepDim: keepDim, dtype: dtype)
  }

  /// Whether any element along a dimension is not zero (`torch.any`).
  public func any(dim: Int, keepDim: Bool = false) -> Tensor { any(dims: [dim], keepDim: keepDim) }

  /// Whether all elements along a dimension are not zero (`torch.all`).
  public func all(dim: Int, keepDim: Bool = false) -> Tensor { all(dims: [dim], keepDim: keepDim) }

  /// How many elements along a dimension are not zero (`torch.count_nonzero`).
  public func countNonzero(dim: Int) -> Tensor { countNonzero(dims: [dim]) }

  /// The largest elements along a dimension (`torch.amax`). Equal ones share the gradient evenly.
  public func amax(dim: Int, keepDim: Bool = false) -> Tensor {
    amax(dims: [dim], keepDim: keepDim)
  }

  /// The smallest elements along a dimension (`torch.amin`). Equal ones share the gradient evenly.
  public func amin(dim: Int, keepDim: Bool = false) -> Tensor {
    amin(dims: [dim], keepDim: keepDim)
  }

  /// The variance along a dimension (`torch.var`).
  public func `var`(dim: Int, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    `var`(dims: [dim], correction: correction, keepDim: keepDim)
  }

  /// The standard deviation along a dimension (`torch.std`). Where it is 0 its gradient is too.
  public func std(dim: Int, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    std(dims: [dim], correction: correction, keepDim: keepDim)
  }

  /// The variance and the mean along a dimension (`torch.var_mean`).
  public func varMean(
    dim: Int, correction: Double = 1, keepDim: Bool = false
  ) -> (variance: Tensor, mean: Tensor) {
    varMean(dims: [dim], correction: correction, keepDim: keepDim)
  }

  /// The standard deviation and the mean along a dimension (`torch.std_mean`).
  public func stdMean(
    dim: Int, correction: Double = 1, keepDim: Bool = false
  ) -> (deviation: Tensor, mean: Tensor) {
    stdMean(dims: [dim], correction: correction, keepDim: keepDim)
  }

  /// The p-norm along a dimension (`torch.norm`).
  public func norm(
    _ p: Double = 2, dim: Int, keepDim: Bool = false, dtype: DType? = nil
  ) -> Tensor {
    norm(p, dims: [dim], keepDim: keepDim, dtype: dtype)
  }
}
