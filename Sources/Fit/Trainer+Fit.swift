import Datasets
import Tensors
import Training

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
    try fit(
      whole(loader), epochs: epochs, validation: validation.map { whole($0) }, onEpoch: onEpoch)
  }

  /// The same with batches in parts, as a ``Training/VirtualLoader`` reads them.
  @discardableResult
  public func fit(
    _ loader: any BatchLoading<[BatchPart<Content>]>, epochs: Int,
    validation: (any BatchLoading<[BatchPart<Content>]>)? = nil,
    onEpoch: (_ epoch: Int, _ training: Figures, _ validation: Figures?) -> Bool = { _, _, _ in true
    }
  ) throws -> FitHistory {
    require(epochs >= 0, "fit", "there are no \(epochs) epochs")
    return try tellingFailures {
      var (history, figures) = (FitHistory(), EpochFigures())
      // An epoch whose batches were all handed out is done, although the loader counts it still.
      let done = loader.epoch + (loader.step > 0 && loader.step >= loader.batchCount ? 1 : 0)
      try begin(loader, epochs: done + epochs)
      while let report = try next() {
        figures.add(report)
        guard report.isLastOfEpoch || report.isLast else { continue }
        let epoch = history.training.count + 1
        guard let training = figures.means else { throw TrainingError.noFigures("epoch \(epoch)") }
        history.training.append(training)
        figures = EpochFigures()
        let judged = try validation.map { try evaluate($0) }
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
      whole(loader), epochs: epochs, steps: steps, records: records, shouldStop: shouldStop)
  }

  /// Trains on batches that are computed in one part each; see the other method.
  /// - Returns: How the training ended.
  @discardableResult
  public func run(
    _ loader: any BatchLoading<Content>, epochs: Int? = nil, steps: Int? = nil,
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> TrainingEnd {
    try run(whole(loader), epochs: epochs, steps: steps, shouldStop: shouldStop)
  }

  /// Judges the model by records in batches that are computed in one part each; see the other method.
  public func evaluate(
    _ loader: any BatchLoading<Content>, maxBatches: Int? = nil
  ) throws -> Figures {
    try evaluate(whole(loader), maxBatches: maxBatches)
  }
}

/// A loader's batches, computed in one part each.
private func whole<Content>(
  _ loader: any BatchLoading<Content>
) -> MappedBatches<Content, [BatchPart<Content>]> {
  MappedBatches(loader) { batch in
    batch.map { [BatchPart($0, count: max(batch.count, 1))] }
  }
}
