import Tensors

/// What ``InstanceNorm1d``, ``InstanceNorm2d`` and ``InstanceNorm3d`` share.
open class InstanceNorm: RunningNorm, Layer {
  private let dims: Int

  init(
    _ dims: Int, _ channels: Int, _ eps: Double, _ momentum: Double?, _ affine: Bool,
    _ trackRunningStats: Bool, _ bias: Bool, _ dtype: DType
  ) {
    self.dims = dims
    super.init(
      channels, eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
      bias: bias, dtype: dtype)
  }

  /// Each channel of each sample normalized over its positions.
  public func forward(_ x: Tensor) -> Tensor {
    check(x, ranks: (dims + 1)...(dims + 2), channelDim: x.rank == dims + 1 ? 0 : 1)
    if x.rank == dims + 1 { return normalized(x.unsqueezed(0)).squeezed(0) }
    return normalized(x)
  }

  private func normalized(_ x: Tensor) -> Tensor {
    if isTraining, let mean = runningMean, let variance = runningVar {
      return F.instanceNorm(
        x, updating: &mean.value, &variance.value, weight: weight?.value, bias: bias?.value,
        momentum: momentum ?? 0, eps: eps)
    }
    return F.instanceNorm(
      x, runningMean: runningMean?.value, runningVar: runningVar?.value, weight: weight?.value,
      bias: bias?.value, useInputStats: isTraining || runningMean == nil, eps: eps)
  }
}

/// Instance norm of `[N, C, L]` (`torch.nn.InstanceNorm1d`; Ulyanov et al. 2016).
public final class InstanceNorm1d: InstanceNorm {
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Whether evaluation uses running statistics.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false, bias: Bool = true, dtype: DType = .float32
  ) {
    super.init(1, channels, eps, momentum, affine, trackRunningStats, bias, dtype)
  }
}

/// Instance norm of `[N, C, H, W]` (`torch.nn.InstanceNorm2d`; Ulyanov et al. 2016).
public final class InstanceNorm2d: InstanceNorm {
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Whether evaluation uses running statistics.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false, bias: Bool = true, dtype: DType = .float32
  ) {
    super.init(2, channels, eps, momentum, affine, trackRunningStats, bias, dtype)
  }
}

/// Instance norm of `[N, C, D, H, W]` (`torch.nn.InstanceNorm3d`; Ulyanov et al. 2016).
public final class InstanceNorm3d: InstanceNorm {
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Whether evaluation uses running statistics.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    trackRunningStats: Bool = false, bias: Bool = true, dtype: DType = .float32
  ) {
    super.init(3, channels, eps, momentum, affine, trackRunningStats, bias, dtype)
  }
}
