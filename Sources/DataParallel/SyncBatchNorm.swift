import Collectives
import NN
import Tensors

/// Batch norm over the batches of all ranks while training (`torch.nn.SyncBatchNorm`), so that small
/// shares of a batch are normalized as the whole would be.
///
/// Ranks exchange mean, variance and count of each channel in the forward pass, and the sums that the
/// input's gradient needs in the backward pass. Shares may differ in size and may be empty. In
/// evaluation nothing is exchanged. Weight and bias get this rank's gradients, which
/// ``DistributedDataParallel`` averages like all others.
public final class SyncBatchNorm: BatchNorm {
  /// A layer over `[N, C]` or `[N, C, …]` of up to three further dimensions.
  /// - Parameters:
  ///   - channels: The number of channels, C.
  ///   - group: The ranks that share their statistics; blocks until all have called it.
  ///   - eps: What is added to the variance.
  ///   - momentum: How far a batch moves the running statistics; nil for the mean over all batches.
  ///   - affine: Whether there are a scale and a shift.
  ///   - trackRunningStats: Without, evaluation uses the batch's statistics.
  ///   - dtype: The parameters' element type.
  public init(
    _ channels: Int, group: ProcessGroup, eps: Double = 1e-5, momentum: Double? = 0.1,
    affine: Bool = true, trackRunningStats: Bool = true, dtype: DType = .float32
  ) throws {
    super.init(2...5, channels, eps, momentum, affine, trackRunningStats, true, dtype)
    synchronizer = try BatchNormSynchronizer(group, layers: [self])
  }

  /// Makes every batch norm of a model share its statistics with the other ranks
  /// (`convert_sync_batchnorm`). The layers stay what they are: parameters, buffers and names do not
  /// change. Blocks until all ranks have called it.
  /// - Parameters:
  ///   - module: The model; the same on every rank.
  ///   - group: The ranks that share their statistics.
  /// - Returns: How many layers were converted.
  @discardableResult
  public static func convert(_ module: Module, group: ProcessGroup) throws -> Int {
    let layers = module.modules().compactMap { $0 as? BatchNorm }
    let synchronizer = try BatchNormSynchronizer(group, layers: layers)
    for layer in layers { layer.synchronizer = synchronizer }
    return layers.count
  }
}

/// Exchanges the statistics of a model's batch norms.
///
/// It has a group of its own, so that what layers exchange is ordered by the passes alone, whatever
/// buckets are reduced meanwhile.
final class BatchNormSynchronizer: BatchNormSynchronizing, StatisticsExchange {
  private let group: ProcessGroup
  /// The channels of the layers in the order in which the present pass, and the one before, came to
  /// them; at first the order of definition.
  private var visits: [Int] = []
  private var lastVisits: [Int]

  init(_ group: ProcessGroup, layers: [BatchNorm]) throws {
    guard let own = try group.newGroup(ranks: Array(0..<group.size), name: "batch norm") else {
      throw DataParallelError.unsupported("SyncBatchNorm needs a rank of its group")
    }
    self.group = own
    lastVisits = layers.map(\.channels)
  }

  /// Every one that a model's layers use, once.
  static func all(in module: Module) -> [BatchNormSynchronizer] {
    var found: [BatchNormSynchronizer] = []
    for case let layer as BatchNorm in module.modules() {
      guard let one = layer.synchronizer as? BatchNormSynchronizer else { continue }
      if !found.contains(where: { $0 === one }) { found.append(one) }
    }
    return found
  }

  func normalize(_ x: Tensor, _ layer: BatchNorm) -> Tensor {
    visits.append(layer.channels)
    let momentum = layer.nextMomentum()
    var running = layer.runningMean.flatMap { mean in
      layer.runningVar.map { (mean: mean.value, variance: $0.value) }
    }
    let output = F.synchronizedBatchNorm(
      x, weight: layer.weight?.value, bias: layer.bias?.value, running: &running,
      momentum: momentum, eps: layer.eps, workers: self)
    if let running {
      layer.runningMean?.value = running.mean
      layer.runningVar?.value = running.variance
    }
    return output
  }

  /// Remembers the order of the pass before.
  func beginPass() {
    if !visits.isEmpty { lastVisits = visits }
    visits = []
  }

  /// Takes part in a pass of the other ranks with no values.
  func shadowPass(backward: Bool) {
    beginPass()
    for channels in lastVisits { _ = gather([Double](repeating: 0, count: 2 * channels + 1)) }
    guard backward else { return }
    for channels in lastVisits.reversed() {
      _ = sum([Double](repeating: 0, count: 2 * channels))
    }
  }

  // A layer cannot throw; without the other ranks' statistics there is no going on.

  func gather(_ values: [Double]) -> [[Double]] {
    do {
      let (count, ranks) = (values.count, group.size)
      let all = Tensor.uninitialized([ranks, count], .float64)
      let mine = Tensor(values, dtype: .float64)
      try group.allGather(
        input: mine.lentMemory, output: all.lentMemory, count: count, dtype: .float64,
        label: "batch norm statistics"
      ).wait()
      withExtendedLifetime(mine) {}
      let numbers = all.array(of: Double.self)
      return (0..<ranks).map { Array(numbers[($0 * count)..<(($0 + 1) * count)]) }
    } catch {
      fail("SyncBatchNorm", "\(error)")
    }
  }

  func sum(_ values: [Double]) -> [Double] {
    do {
      return try group.allReduce(values, label: "batch norm gradients")
    } catch {
      fail("SyncBatchNorm", "\(error)")
    }
  }
}
