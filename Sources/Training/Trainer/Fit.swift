import Datasets
import Tensors

extension Trainer {
  /// Trains for some epochs and judges the model after each: the loop that one does not have to
  /// write.
  ///
  /// Epochs count from this call, wherever the loader stands: a second call trains as many again. In
  /// the middle of an epoch the rest of it is the first. Without epochs nothing is trained, and the
  /// history is empty.
  /// - Parameters:
  ///   - loader: This rank's share of the training records.
  ///   - epochs: Passes over the records from here on.
  ///   - validation: Records to judge by after each epoch.
  ///   - onEpoch: Called after each epoch with its number in this call, from 1, and its figures; false ends the
  ///     training (and must be the same on all ranks).
  @discardableResult
  public func fit(
    _ loader: any BatchLoading<Content>, epochs: Int,
    validation: (any BatchLoading<Content>)? = nil,
    onEpoch: (_ epoch: Int, _ training: Figures, _ validation: Figures?) -> Bool = { _, _, _ in true
    }
  ) throws -> FitHistory {
    require(epochs >= 0, "fit", "there are no \(epochs) epochs")
    return try tellingFailures {
      var (history, figures) = (FitHistory(), EpochFigures())
      let (parts, heldOut) = (WholeBatches(loader), validation.map { WholeBatches($0) })
      // An epoch whose batches were all handed out is done, although the loader counts it still.
      let done = loader.epoch + (loader.step > 0 && loader.step >= loader.batchCount ? 1 : 0)
      try begin(parts, epochs: done + epochs)
      while let report = try next() {
        figures.add(report)
        guard report.isLastOfEpoch || report.isLast else { continue }
        let epoch = history.training.count + 1
        guard let training = figures.means else { throw TrainingError.noFigures("epoch \(epoch)") }
        history.training.append(training)
        figures = EpochFigures()
        let judged = try heldOut.map { try evaluate($0) }
        if let judged {
          history.validation.append(judged)
          try tell(
            .evaluation(EvaluationReport(step: step, split: "validation", figures: judged)))
        }
        if !onEpoch(epoch, training, judged) { break }
      }
      if history.training.isEmpty, epochs > 0 { throw TrainingError.noFigures("epoch 1") }
      try tell(.ended(result(end)))
      return history
    }
  }
}

extension Trainer {
  /// Begins a training on batches that are computed in one part each; see the other method.
  public func begin(
    _ loader: any BatchLoading<Content>, epochs: Int? = nil, steps: Int? = nil, records: Int? = nil,
    shouldStop: @escaping () -> Bool = { false }
  ) throws {
    try begin(
      WholeBatches(loader), epochs: epochs, steps: steps, records: records, shouldStop: shouldStop)
  }

  /// Trains on batches that are computed in one part each; see the other method.
  /// - Returns: How the training ended.
  @discardableResult
  public func run(
    _ loader: any BatchLoading<Content>, epochs: Int? = nil, steps: Int? = nil,
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> TrainingEnd {
    try run(WholeBatches(loader), epochs: epochs, steps: steps, shouldStop: shouldStop)
  }

  /// Judges the model by records in batches that are computed in one part each; see the other method.
  public func evaluate(
    _ loader: any BatchLoading<Content>, maxBatches: Int? = nil
  ) throws -> Figures {
    try evaluate(WholeBatches(loader), maxBatches: maxBatches)
  }
}

/// A loader whose batches are computed in one part.
private final class WholeBatches<Content>: BatchLoading {
  private let base: any BatchLoading<Content>

  package init(_ base: any BatchLoading<Content>) { self.base = base }

  package var epoch: Int { base.epoch }
  package var step: Int { base.step }
  package var batchCount: Int { base.batchCount }
  package var state: LoaderState { base.state }
  package func restore(_ state: LoaderState) throws(DataError) { try base.restore(state) }
  package func next() throws -> Batch<[BatchPart<Content>]>? {
    try base.next().map { batch in
      batch.map { [BatchPart($0, count: max(batch.count, 1))] }
    }
  }
}
