extension F {
  /// exp(-xᵢ) / Σⱼ exp(-xⱼ) along a dimension (`torch.nn.functional.softmin`).
  public static func softmin(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor {
    (-x).softmax(dim: dim, dtype: dtype)
  }

  /// ``Tensor/softmax(dim:dtype:)``.
  public static func softmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor {
    x.softmax(dim: dim, dtype: dtype)
  }

  /// ``Tensor/logSoftmax(dim:dtype:)``.
  public static func logSoftmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor {
    x.logSoftmax(dim: dim, dtype: dtype)
  }

  /// A sample of the Gumbel-softmax distribution (`gumbel_softmax`; Jang et al. 2017):
  /// softmax((x + g) / τ) with g = -log of exponential draws.
  /// - Parameters:
  ///   - logits: Of any shape.
  ///   - tau: The temperature τ: the smaller, the closer to one-hot.
  ///   - hard: Round to one-hot vectors, whose gradient is that of the soft sample.
  ///   - dim: The dimension of the classes.
  ///   - generator: What is drawn from; the default generator where nil.
  public static func gumbelSoftmax(
    _ logits: Tensor, tau: Double = 1, hard: Bool = false, dim: Int = -1,
    generator: Generator? = nil
  ) -> Tensor {
    let draws = Tensor.exponential(logits.shape, dtype: logits.dtype, generator: generator)
    let soft = ((logits - draws.log()) / tau).softmax(dim: dim)
    guard hard else { return soft }
    let axis = soft.normalized(dim: dim, "gumbel_softmax")
    let index = soft.max(dim: axis, keepDim: true).indices
    let onehot = Tensor.zeros(soft.shape, dtype: soft.dtype).scatter(
      dim: axis, index: index, src: Tensor.ones(index.shape, dtype: soft.dtype))
    return onehot - soft.detach() + soft
  }
}
