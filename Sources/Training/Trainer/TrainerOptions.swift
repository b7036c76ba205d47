import DataParallel

/// How a ``Trainer``'s loop runs.
public struct TrainerOptions: Sendable {
  /// The largest norm of all gradients together; nil for no clipping.
  public var clipGradNorm: Double?
  /// Whether steps tell the norm of their gradients where these are not clipped either.
  public var reportsGradNorm = false
  /// In which precision forward passes compute.
  public var precision = TrainingPrecision.f32
  /// Whether forward passes are captured and replayed; the same results. What a batch holds beside tensors
  /// is part of what a capture is for, so it should not differ from batch to batch.
  public var compiles = false
  /// Steps between two comparisons of all replicas' parameters; nil for none.
  public var checksumEvery: Int?
  /// Steps between two checksums of all parameters that sinks on rank 0 are told; nil for none.
  public var hashEvery: Int?
  /// The workers that the training pretends to have, so that its results do not depend on the number of
  /// ranks; nil for the ranks themselves. Batches then come from a ``VirtualLoader``.
  public var virtualWorkers: VirtualWorkers?
  /// How gradients are put into buckets.
  public var parallel = DataParallelOptions()

  /// No clipping, PyTorch's buckets.
  public init() {}
}
