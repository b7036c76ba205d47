import Datasets
import Dispatch
import NN
import Tensors
import Training

/// What `fit` shows, on rank 0.
public enum FitVerbosity: Sendable {
  /// Nothing.
  case silent
  /// A line for each epoch, and where the output is a terminal a bar meanwhile.
  case lines
}

extension CompiledModel {
  /// Trains for some epochs on tensors in memory and judges the model after each (Keras' `fit`).
  ///
  /// Epochs count from this call. Whatever goes wrong stops the process, a loss that is not finite too:
  /// see ``FitCallback/terminateOnNaN()``. The form that takes a loader throws.
  /// - Parameters:
  ///   - x: Inputs, `[records, …]`.
  ///   - y: Targets, `[records, …]`, as the loss takes them.
  ///   - epochs: Passes over the records.
  ///   - validation: Inputs and targets to judge by after each epoch.
  ///   - validationSplit: A share at the end of the records to judge by in place of `validation`.
  ///   - batchSize: Records of a batch on all ranks together.
  ///   - shuffle: Whether each epoch has an order of its own.
  ///   - seed: What orders are drawn from, the same on all ranks.
  ///   - callbacks: What happens besides: ``FitCallback``.
  ///   - verbose: What is shown.
  /// - Returns: The figures of each epoch.
  @discardableResult
  public func fit(
    _ x: Tensor, _ y: Tensor, epochs: Int = 1, validation: (Tensor, Tensor)? = nil,
    validationSplit: Double? = nil, batchSize: Int = 32, shuffle: Bool = true, seed: UInt64 = 0,
    callbacks: [FitCallback] = [], verbose: FitVerbosity = .lines
  ) -> FitHistory {
    fit(
      [x], [y], epochs: epochs, validation: validation.map { ([$0.0], [$0.1]) },
      validationSplit: validationSplit, batchSize: batchSize, shuffle: shuffle, seed: seed,
      callbacks: callbacks, verbose: verbose)
  }

  /// The same for a model of several inputs or outputs.
  @discardableResult
  public func fit(
    _ x: [Tensor], _ y: [Tensor], epochs: Int = 1, validation: ([Tensor], [Tensor])? = nil,
    validationSplit: Double? = nil, batchSize: Int = 32, shuffle: Bool = true, seed: UInt64 = 0,
    callbacks: [FitCallback] = [], verbose: FitVerbosity = .lines
  ) -> FitHistory {
    require(
      validation == nil || validationSplit == nil, "fit",
      "give either validation records or a share of the records")
    var training = FitData(x, y, "fit")
    var heldOut = validation.map { FitData($0.0, $0.1, "fit") }
    if let validationSplit {
      let parts = training.split(validationSplit)
      (training, heldOut) = (parts.first, parts.last)
    }
    let loader = loader(training, batchSize, shuffle: shuffle, seed: seed)
    let judged = heldOut.map { self.loader($0, batchSize, shuffle: false, seed: seed) }
    return stopping("fit") {
      // Each call goes on with orders of its own.
      try loader.restore(LoaderState(seed: seed, epoch: self.epochs, position: 0))
      return try run(loader, judged, epochs: epochs, callbacks: callbacks, verbose: verbose)
    }
  }

  /// Trains on a loader of pairs of inputs and targets, which may be read from anywhere.
  /// - Throws: ``Training/TrainingError``, or what data, collectives and callbacks throw.
  @discardableResult
  public func fit(
    _ loader: any BatchLoading<(Tensor, Tensor)>, epochs: Int = 1,
    validation: (any BatchLoading<(Tensor, Tensor)>)? = nil, callbacks: [FitCallback] = [],
    verbose: FitVerbosity = .lines
  ) throws -> FitHistory {
    try run(
      pairs(loader), validation.map { pairs($0) }, epochs: epochs, callbacks: callbacks,
      verbose: verbose)
  }

  /// Trains on the shares of virtual workers, as a ``Training/VirtualLoader`` reads them.
  /// - Throws: ``Training/TrainingError``, or what data, collectives and callbacks throw.
  @discardableResult
  public func fit(
    _ loader: any BatchLoading<[BatchPart<(Tensor, Tensor)>]>, epochs: Int = 1,
    validation: (any BatchLoading<[BatchPart<(Tensor, Tensor)>]>)? = nil,
    callbacks: [FitCallback] = [], verbose: FitVerbosity = .lines
  ) throws -> FitHistory {
    try run(
      pairs(loader), validation.map { pairs($0) }, epochs: epochs, callbacks: callbacks,
      verbose: verbose)
  }

  func pairs(
    _ loader: any BatchLoading<(Tensor, Tensor)>
  ) -> any BatchLoading<[BatchPart<FitBatch>]> {
    FitBatch.whole(
      MappedBatches(loader) { batch in batch.map { FitBatch($0, count: batch.count) } })
  }

  func pairs(
    _ loader: any BatchLoading<[BatchPart<(Tensor, Tensor)>]>
  ) -> any BatchLoading<[BatchPart<FitBatch>]> {
    FitBatch.shares(
      MappedBatches(loader) { batch in
        batch.map { parts in
          parts.map { BatchPart(FitBatch($0.content, count: $0.count), count: $0.count) }
        }
      })
  }

  func loader(
    _ data: FitData, _ batchSize: Int, shuffle: Bool, seed: UInt64
  ) -> any BatchLoading<[BatchPart<FitBatch>]> {
    data.loader(
      batchSize: batchSize, shuffle: shuffle, seed: seed, rank: group?.rank ?? 0,
      worldSize: group?.size ?? 1, virtualWorkers: trainer.options.virtualWorkers)
  }

  private func run(
    _ loader: any BatchLoading<[BatchPart<FitBatch>]>,
    _ heldOut: (any BatchLoading<[BatchPart<FitBatch>]>)?, epochs: Int, callbacks: [FitCallback],
    verbose: FitVerbosity
  ) throws -> FitHistory {
    require(epochs >= 0, "fit", "there are no \(epochs) epochs")
    require(
      model.parameters().contains(where: \.requiresGrad), "fit",
      "there is nothing to train: no parameter of the model has requiresGrad")
    let session = FitSession(
      model: model, optimizer: optimizer, rank: group?.rank ?? 0, epochs: epochs)
    let display = FitDisplay(epochs, isShown: verbose == .lines && session.rank == 0)
    var sums = EpochFigures()
    _ = try counters.take(group)
    let done = loader.epoch + (loader.step > 0 && loader.step >= loader.batchCount ? 1 : 0)
    for callback in callbacks { try callback.trainingBegins(session) }
    try trainer.begin(loader, epochs: done + epochs)
    var began = DispatchTime.now().uptimeNanoseconds
    do {
      while let report = try trainer.next() {
        sums.add(report)
        display.step(report, epoch: session.history.training.count + 1)
        guard report.isLastOfEpoch || report.isLast else { continue }
        session.epoch = session.history.training.count + 1
        guard var training = sums.means else {
          throw TrainingError.noFigures("epoch \(session.epoch)")
        }
        training.values += try counters.take(group)
        session.history.training.append(training)
        sums = EpochFigures()
        if let heldOut { session.history.validation.append(try judge(heldOut)) }
        self.epochs += 1
        let now = DispatchTime.now().uptimeNanoseconds
        session.history.seconds.append(Double(now - began) / 1e9)
        began = now
        display.epoch(session.history)
        for callback in callbacks { try callback.epochEnded(session) }
        // What one rank asks for, all do.
        if try trainer.reduced([session.stopsTraining ? 1 : 0])[0] > 0 { break }
      }
      if session.history.training.isEmpty, epochs > 0 { throw TrainingError.noFigures("epoch 1") }
    } catch TrainingError.lossNotFinite(let loss, let step, let rate)
      where callbacks.contains(where: { $0 is TerminateOnNaN })
    {
      let error = TrainingError.lossNotFinite(loss, step: step, learningRate: rate)
      session.history.stoppedBy = "\(error)"
      display.say("training ends: \(error)")
      optimizer.zeroGrad()
    } catch {
      // Who catches this may go on with the same parameters.
      optimizer.zeroGrad()
      throw error
    }
    for callback in callbacks { try callback.trainingEnded(session) }
    display.end()
    return session.history
  }

  /// Figures of held-out records, metrics among them.
  func judge(_ loader: any BatchLoading<[BatchPart<FitBatch>]>) throws -> Figures {
    _ = try counters.take(group)
    var figures = try trainer.evaluate(loader)
    figures.values += try counters.take(group)
    return figures
  }
}
