import Datasets
import NN
import Tensors

extension Trainer {
  /// Judges the model on all records of a loader's epoch: exact sums over all ranks, no record
  /// counted twice. Where ranks' models have gone apart, their average is judged.
  ///
  /// All is as it was afterwards: each module's mode, which is evaluation meanwhile, and the loader's
  /// place, so that even the loader that is trained on can be judged by.
  /// - Parameters:
  ///   - loader: The records to judge by.
  ///   - maxBatches: Judge by this many global batches only, at least 1.
  /// - Throws: ``TrainingError/noFigures(_:)`` where no record, or no target, was there to judge by.
  public func evaluate(
    _ loader: any BatchLoading<[BatchPart<Content>]>, maxBatches: Int? = nil
  ) throws -> Figures {
    guard let figures = try evaluate(loader, maxBatches: maxBatches, unless: nil) else {
      fail("evaluate", "an evaluation that nobody can stop was stopped")
    }
    return figures
  }

  /// Judges the model unless somebody asks for the end meanwhile.
  /// - Parameter isAsked: Whether this rank was asked to stop; asked before each batch, and true on one
  ///   rank stops all at the same batch. Nil where nobody can ask.
  /// - Returns: Nil where it was stopped: all is then as if it had not begun.
  package func evaluate(
    _ loader: any BatchLoading<[BatchPart<Content>]>, maxBatches: Int?,
    unless isAsked: (() -> Bool)?
  ) throws -> Figures? {
    try unlessStopped {
      try during(.evaluation) {
        try withAveragedModel { try judge(loader, maxBatches: maxBatches, unless: isAsked) }
      }
    }
  }

  /// Runs an evaluation, and takes back the random numbers that it drew where it was stopped.
  package func unlessStopped(_ evaluation: () throws -> Figures?) throws -> Figures? {
    let drawn = Generator.default.state
    let figures = try evaluation()
    if figures == nil { try Generator.default.setState(drawn) }
    return figures
  }

  /// Whether all ranks stop here, since one of them was asked to; every rank asks at the same place.
  package func agreesToStop(_ isAsked: (() -> Bool)?) throws -> Bool {
    guard let isAsked else { return false }
    guard let group else { return isAsked() }
    return try group.allReduce(Int32(isAsked() ? 1 : 0), op: .maximum, label: "stop") > 0
  }

  private func judge(
    _ loader: any BatchLoading<[BatchPart<Content>]>, maxBatches: Int?,
    unless isAsked: (() -> Bool)?
  ) throws -> Figures? {
    require(
      (maxBatches ?? 1) > 0, "evaluate", "there are no \(maxBatches ?? 0) batches to judge by")
    let modes = model.modules().map { ($0, $0.isTraining) }
    defer { for (module, isTraining) in modes { module.setMode(isTraining) } }
    model.eval()
    // All ranks judge the same model.
    try parallel?.broadcastBuffers()
    // Of the rank, or of each of its virtual workers.
    let all = try withPlaceKept(of: loader) { () -> [FigureSums]? in
      var sums = (virtualWork?.owned ?? 0..<1).map { _ in
        FigureSums(countsTargets: targets != nil)
      }
      var isStopped = false
      try noGrad {
        try judging {
          while let batch = try loader.next() {
            isStopped = try agreesToStop(isAsked)
            if isStopped { break }
            if virtualWork != nil, batch.content.count != sums.count {
              throw TrainingError.noVirtualLoader(batch.content.count)
            }
            for (index, part) in batch.content.enumerated() {
              let records = batch.count == 0 ? 0 : part.count
              sums[virtualWork == nil ? 0 : index].add(
                try options.precision.computing { try forward(part.content) }, records: records,
                targets: try targets?.count(part.content, records: records))
            }
            if let maxBatches, loader.step >= maxBatches { break }
          }
        }
      }
      return isStopped ? nil : sums
    }
    guard let sums = all else { return nil }
    let vectors = sums.map(\.vector)
    let total = try virtualWork?.sum(vectors, label: "figures").sum ?? reduced(vectors[0])
    guard let figures = sums[0].figures(total) else {
      throw TrainingError.noFigures("the evaluation")
    }
    return figures
  }

  /// Runs a body that calls the model as often as on every other rank.
  private func judging(_ body: () throws -> Void) throws {
    guard let parallel else { return try body() }
    try parallel.gatheringParameters(body)
  }

  /// Reads a loader from its epoch's beginning, and goes back to where it was whatever happens.
  private func withPlaceKept<Result>(
    of loader: any BatchLoading<[BatchPart<Content>]>, _ body: () throws -> Result
  ) throws -> Result {
    let place = loader.state
    try loader.restore(LoaderState(seed: place.seed, epoch: place.epoch, position: 0))
    let result: Result
    do {
      result = try body()
    } catch {
      // What went wrong first is what counts.
      try? loader.restore(place)
      throw error
    }
    try loader.restore(place)
    return result
  }

  /// Runs a body with the average of all ranks' models, where these have gone apart, and puts each
  /// rank's own back. Blocks until all ranks have called it.
  package func withAveragedModel<Result>(_ body: () throws -> Result) throws -> Result {
    guard let averager, averager.hasDiverged else { return try body() }
    let parameters = optimizer.parameters
    let own = noGrad { parameters.map { $0.value.clone() } }
    try averager.averageNow(parameters)
    defer { noGrad { for (parameter, value) in zip(parameters, own) { parameter.assign(value) } } }
    return try body()
  }
}
