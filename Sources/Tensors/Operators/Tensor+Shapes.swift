/// Shapes written without brackets: `Tensor.zeros(2, 3)` beside `Tensor.zeros([2, 3])`.
extension Tensor {
  /// Zeros (`torch.zeros`).
  public static func zeros(
    _ shape: Int..., dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    zeros(shape, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Ones (`torch.ones`).
  public static func ones(
    _ shape: Int..., dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    ones(shape, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Memory whose contents nobody set (`torch.empty`).
  public static func empty(
    _ shape: Int..., dtype: DType = .float32, requiresGrad: Bool = false
  ) -> Tensor {
    empty(shape, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Uniform on [0, 1) (`torch.rand`).
  public static func rand(
    _ shape: Int..., dtype: DType = .float32, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    rand(shape, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Normal with mean 0 and standard deviation 1 (`torch.randn`).
  public static func randn(
    _ shape: Int..., dtype: DType = .float32, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    randn(shape, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// A view of another shape (`Tensor.view`); stops where that would need a copy.
  public func view(_ shape: Int...) -> Tensor { view(shape) }

  /// Repeated along dimensions of size 1, and along new ones in front, without a copy
  /// (`Tensor.expand`). A size of -1 keeps the dimension's own.
  public func expanded(_ shape: Int...) -> Tensor { expanded(shape) }

  /// The tensor repeated along each dimension, new ones in front (`Tensor.repeat`).
  public func repeated(_ times: Int...) -> Tensor { repeated(times) }

  /// The tensor repeated along its last dimensions, new ones in front where there are more
  /// repetitions than dimensions (`torch.tile`).
  public func tiled(_ times: Int...) -> Tensor { tiled(times) }
}

/// Random tensors of another tensor's shape.
extension Tensor {
  /// Uniform on [0, 1) in another tensor's shape and, unless given, dtype (`torch.rand_like`).
  public static func rand(
    like other: Tensor, dtype: DType? = nil, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    rand(
      other.shape, dtype: dtype ?? other.dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Normal with mean 0 and standard deviation 1 in another tensor's shape and, unless given, dtype
  /// (`torch.randn_like`).
  public static func randn(
    like other: Tensor, dtype: DType? = nil, generator: Generator? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    randn(
      other.shape, dtype: dtype ?? other.dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Whole numbers on low ..< high in another tensor's shape and, unless given, dtype
  /// (`torch.randint_like`).
  public static func randint(
    like other: Tensor, _ low: Int = 0, _ high: Int, dtype: DType? = nil,
    generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    randint(
      low, high, other.shape, dtype: dtype ?? other.dtype, generator: generator,
      requiresGrad: requiresGrad)
  }
}
