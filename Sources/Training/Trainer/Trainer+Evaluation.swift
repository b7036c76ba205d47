import Datasets
import NN
import Tensors

extension Trainer {
  /// Judges the model on all records of a loader's next epoch: exact sums over all ranks, no record
  /// counted twice. The model is in evaluation mode meanwhile. Where ranks' models have gone apart,
  /// their average is judged.
  /// - Parameter maxBatches: Judge by this many global batches only.
  public func evaluate(
    _ loader: any BatchLoading<[BatchPart<Content>]>, maxBatches: Int? = nil
  ) throws -> Figures {
    try during(.evaluation) {
      try withAveragedModel { try judge(loader, maxBatches: maxBatches) }
    }
  }

  private func judge(
    _ loader: any BatchLoading<[BatchPart<Content>]>, maxBatches: Int?
  ) throws -> Figures {
    model.eval()
    // All ranks judge the same model.
    try parallel?.broadcastBuffers()
    var sums = FigureSums()
    try noGrad {
      while let batch = try loader.next() {
        for part in batch.content {
          sums.add(try forward(part.content), count: batch.count == 0 ? 0 : part.count)
        }
        if let maxBatches, loader.step >= maxBatches { break }
      }
    }
    // The next evaluation begins where this one did.
    try loader.restore(LoaderState(seed: loader.state.seed, epoch: 0, position: 0))
    return sums.figures(try reduced(sums.vector))
  }

  /// Runs a body with the average of all ranks' models, where these have gone apart, and puts each
  /// rank's own back. Blocks until all ranks have called it.
  func withAveragedModel<Result>(_ body: () throws -> Result) throws -> Result {
    guard let averager, averager.hasDiverged else { return try body() }
    let parameters = optimizer.parameters
    let own = noGrad { parameters.map { $0.value.clone() } }
    try averager.averageNow(parameters)
    defer { noGrad { for (parameter, value) in zip(parameters, own) { parameter.assign(value) } } }
    return try body()
  }
}
