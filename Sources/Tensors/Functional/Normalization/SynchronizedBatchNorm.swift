extension F {
  /// Batch norm by the statistics of several workers' batches, while training
  /// (`torch.nn.SyncBatchNorm`).
  ///
  /// Each worker hands over mean, biased variance and count of its own values per channel; with all
  /// of them, N = Σnᵣ, mean = Σnᵣ·meanᵣ/N and var = Σnᵣ·(varᵣ + (meanᵣ - mean)²)/N, the output is
  /// (x - mean)/√(var + eps) · weight + bias. Counts may differ, and may be 0. The input's gradient
  /// needs Σdy and Σdy·(x - mean) over all workers; those of weight and bias are this worker's.
  /// There are no second derivatives.
  /// - Parameters:
  ///   - x: `[N, C]` or `[N, C, …]`, N = 0 included.
  ///   - weight: The scale, `[C]`; nil for ones.
  ///   - bias: The shift, `[C]`; nil for zeros.
  ///   - running: The running mean and variance, moved by `momentum` as
  ///     ``batchNorm(_:updating:_:weight:bias:momentum:eps:)`` does; unless no worker has values.
  ///   - momentum: How far a batch moves the running statistics.
  ///   - eps: What is added to the variance.
  ///   - workers: What exchanges numbers with the others.
  package static func synchronizedBatchNorm(
    _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil,
    running: inout (mean: Tensor, variance: Tensor)?, momentum: Double = 0.1, eps: Double = 1e-5,
    workers: any StatisticsExchange
  ) -> Tensor {
    require(x.rank >= 2, "sync_batch_norm", "an input of [N, C, …] is expected, not \(x.shape)")
    let operation = SynchronizedBatchNormalization(
      operands: ChannelOperands(hasWeight: weight != nil, hasBias: bias != nil), eps: eps,
      workers: workers)
    let results = Tensor.record(operation, [x] + [weight, bias].compactMap { $0 })
    if let before = running, x.count > 0 || results[4].item(Double.self) > 0 {
      noGrad {
        running = (
          moved(before.mean, results[1].detach(), momentum),
          moved(before.variance, results[3].detach(), momentum)
        )
      }
    }
    return results[0]
  }
}

/// Numbers exchanged between workers, each of whom makes the same calls in the same order.
package protocol StatisticsExchange {
  /// Every worker's vector of numbers, of one length.
  func gather(_ numbers: [Double]) -> [[Double]]
  /// The sum of the workers' vectors.
  func sum(_ numbers: [Double]) -> [Double]
}

/// Batch norm by the statistics of all workers' values. Operands are x and, where given, weight and
/// bias; results are y and, of all workers, mean, 1/√(variance + eps) and the unbiased variance in the
/// wide type, and the number of values a channel.
private struct SynchronizedBatchNormalization: TensorsOperation {
  let operands: ChannelOperands
  let eps: Double
  let workers: any StatisticsExchange
  var name: String { "sync_batch_norm" }
  var attributes: [String: Attribute] { ["eps": .double(eps)] }
  var saving: Saving {
    [operands.hasWeight ? .input(0, 1) : .input(0), .output(1, 2, 4)]
  }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0]
    let layout = ChannelLayout(x)
    let all = WorkerStatistics(layout, gathered: workers.gather(layout.statistics(of: x)))
    require(
      all.count != 1, name,
      "more than one value per channel over all workers is expected when training")
    let mean = layout.tensor(all.mean)
    let invstd = layout.tensor(all.variance.map { 1 / ($0 + eps).squareRoot() })
    let bessel = all.count > 0 ? all.count / (all.count - 1) : 1
    let y = Kernel.batchNorm(
      name, x, operands.weight(inputs), operands.bias(inputs), mean: mean, rstd: invstd)
    return [
      y, mean, invstd, layout.tensor(all.variance.map { $0 * bessel }),
      Tensor(all.count, dtype: .float64),
    ]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [Tensor?](repeating: nil, count: operands.count) }
    require(
      !isGradEnabled, name, "there are no second derivatives; call backward without createGraph")
    let x = node.input(0)
    let (mean, invstd) = (node.output(1), node.output(2))
    let layout = ChannelLayout(x)
    let own = layout.sums(g, x, mean)
    let all = workers.sum(own)
    let channels = layout.channels
    let weight = operands.hasWeight ? node.input(1).to(x.dtype) : nil
    let dx = Kernel.batchNormInputGradient(
      g, Kernel.NormOperands(x: x, weight: weight, mean: mean, rstd: invstd),
      sums: (
        layout.tensor(Array(all.prefix(channels))), layout.tensor(Array(all.suffix(channels)))
      ), count: node.output(4).item(Double.self))
    var results: [Tensor?] = [dx]
    if operands.hasWeight { results.append(layout.tensor(Array(own.suffix(channels))) * invstd) }
    if operands.hasBias { results.append(layout.tensor(Array(own.prefix(channels)))) }
    return results
  }
}

/// The sizes of an input whose channels are normalized, and sums over them.
private struct ChannelLayout {
  let channels: Int
  /// The values of each channel.
  let count: Int
  let dtype: DType

  init(_ x: Tensor) {
    channels = x.shape[1]
    count = x.shape[0] * x.shape[2...].reduce(1, *)
    dtype = x.dtype
  }

  /// Numbers per channel, as kernels read them.
  func tensor(_ values: [Double]) -> Tensor {
    noGrad { Tensor(values, dtype: .float64).to(dtype.wide) }
  }

  /// Means, biased variances, and the count.
  func statistics(of x: Tensor) -> [Double] {
    guard count > 0 else { return [Double](repeating: 0, count: 2 * channels + 1) }
    let (mean, squares) = Kernel.channelStatistics(x)
    return mean.array(of: Double.self)
      + squares.array(of: Double.self).map { $0 / Double(count) } + [Double(count)]
  }

  /// Σdy, then Σdy·(x - mean).
  func sums(_ dy: Tensor, _ x: Tensor, _ mean: Tensor) -> [Double] {
    guard count > 0 else { return [Double](repeating: 0, count: 2 * channels) }
    let (first, second) = Kernel.channelSums(dy, x, mean: mean)
    return first.array(of: Double.self) + second.array(of: Double.self)
  }
}

/// The statistics of all workers' values taken together.
private struct WorkerStatistics {
  var mean: [Double]
  var variance: [Double]
  var count = 0.0

  init(_ layout: ChannelLayout, gathered: [[Double]]) {
    let channels = layout.channels
    mean = [Double](repeating: 0, count: channels)
    variance = mean
    let filled = gathered.filter { $0[2 * channels] > 0 }
    count = filled.reduce(0) { $0 + $1[2 * channels] }
    for worker in filled {
      let weight = worker[2 * channels] / count
      for channel in 0..<channels { mean[channel] += weight * worker[channel] }
    }
    for worker in filled {
      let weight = worker[2 * channels] / count
      for channel in 0..<channels {
        let apart = worker[channel] - mean[channel]
        variance[channel] += weight * (worker[channels + channel] + apart * apart)
      }
    }
  }
}
