import Tensors

/// What the layers with running statistics share (`torch.nn.modules.batchnorm._NormBase`).
open class RunningNorm: Module {
  /// The scale `[channels]`, ones at first, or nil.
  public let weight: Parameter?
  /// The shift `[channels]`, zeros at first, or nil.
  public let bias: Parameter?
  /// The running mean `[channels]`, zeros at first, or nil.
  public let runningMean: Buffer?
  /// The running variance `[channels]`, ones at first, or nil.
  public let runningVar: Buffer?
  /// How many batches the running statistics have seen, int64, or nil.
  public let numBatchesTracked: Buffer?
  /// How far a batch moves the running statistics; nil for the mean over all batches.
  public let momentum: Double?
  /// What is added to the variance.
  public let eps: Double
  /// The number of channels.
  public let channels: Int

  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Whether there are running statistics; without, evaluation uses the
  ///     batch's.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double, momentum: Double?, affine: Bool, trackRunningStats: Bool,
    bias: Bool, dtype: DType
  ) {
    (self.channels, self.eps, self.momentum) = (channels, eps, momentum)
    weight = affine ? Parameter(.ones([channels], dtype: dtype)) : nil
    self.bias = affine && bias ? Parameter(.zeros([channels], dtype: dtype)) : nil
    runningMean = trackRunningStats ? Buffer(.zeros([channels], dtype: dtype)) : nil
    runningVar = trackRunningStats ? Buffer(.ones([channels], dtype: dtype)) : nil
    numBatchesTracked = trackRunningStats ? Buffer(Tensor(0)) : nil
  }

  /// Files from before the counter lack it.
  public override func mayBeMissing(_ name: String) -> Bool { name == "num_batches_tracked" }

  /// Counts a batch and says how far it moves the running statistics.
  package func nextMomentum() -> Double {
    guard let counter = numBatchesTracked else { return momentum ?? 0 }
    counter.value = counter.value + 1
    return momentum ?? 1 / counter.value.item(Double.self)
  }

  /// Stops unless the input has as many dimensions as the layer takes, and its channels.
  func check(_ x: Tensor, ranks: ClosedRange<Int>, channelDim: Int = 1) {
    require(
      ranks.contains(x.rank), "\(Self.self)",
      "an input of \(ranks.lowerBound) to \(ranks.upperBound) dimensions is expected, not \(x.shape)"
    )
    require(
      x.shape[channelDim] == channels || x.count == 0, "\(Self.self)",
      "an input of \(channels) channels is expected, not \(x.shape)")
  }

  /// The sizes.
  public override var extraDescription: String {
    "\(channels), eps=\(eps), momentum=\(momentum.map { "\($0)" } ?? "None"), affine=\(shown(weight != nil)), bias=\(shown(bias != nil)), track_running_stats=\(shown(runningMean != nil))"
  }
}

/// Computes a batch norm's training passes by the statistics of several workers: DataParallel's
/// `SyncBatchNorm`.
package protocol BatchNormSynchronizing: AnyObject {
  /// The input normalized, with the layer's running statistics moved.
  func normalize(_ x: Tensor, _ layer: BatchNorm) -> Tensor
}

/// What ``BatchNorm1d``, ``BatchNorm2d`` and ``BatchNorm3d`` share.
open class BatchNorm: RunningNorm, Layer {
  private let ranks: ClosedRange<Int>
  /// Where set, computes training passes, by the statistics of several workers.
  package var synchronizer: (any BatchNormSynchronizing)?

  package init(
    _ ranks: ClosedRange<Int>, _ channels: Int, _ eps: Double, _ momentum: Double?, _ affine: Bool,
    _ trackRunningStats: Bool, _ bias: Bool, _ dtype: DType
  ) {
    self.ranks = ranks
    super.init(
      channels, eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
      bias: bias, dtype: dtype)
  }

  /// The input normalized by the batch's statistics while training, else by the running ones.
  open func forward(_ x: Tensor) -> Tensor {
    check(x, ranks: ranks)
    if isTraining, let synchronizer { return synchronizer.normalize(x, self) }
    if isTraining, let mean = runningMean, let variance = runningVar {
      return F.batchNorm(
        x, updating: &mean.value, &variance.value, weight: weight?.value, bias: bias?.value,
        momentum: nextMomentum(), eps: eps)
    }
    return F.batchNorm(
      x, runningMean: runningMean?.value, runningVar: runningVar?.value, weight: weight?.value,
      bias: bias?.value, training: isTraining || runningMean == nil, eps: eps)
  }
}

/// Batch norm of `[N, C]` or `[N, C, L]` (`torch.nn.BatchNorm1d`; Ioffe & Szegedy 2015).
public final class BatchNorm1d: BatchNorm {
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Without, evaluation uses the batch's statistics.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true, bias: Bool = true, dtype: DType = .float32
  ) {
    super.init(2...3, channels, eps, momentum, affine, trackRunningStats, bias, dtype)
  }
}

/// Batch norm of `[N, C, H, W]` (`torch.nn.BatchNorm2d`; Ioffe & Szegedy 2015).
public final class BatchNorm2d: BatchNorm {
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Without, evaluation uses the batch's statistics.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true, bias: Bool = true, dtype: DType = .float32
  ) {
    super.init(4...4, channels, eps, momentum, affine, trackRunningStats, bias, dtype)
  }
}

/// Batch norm of `[N, C, D, H, W]` (`torch.nn.BatchNorm3d`; Ioffe & Szegedy 2015).
public final class BatchNorm3d: BatchNorm {
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Without, evaluation uses the batch's statistics.
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true, bias: Bool = true, dtype: DType = .float32
  ) {
    super.init(5...5, channels, eps, momentum, affine, trackRunningStats, bias, dtype)
  }
}
