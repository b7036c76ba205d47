/// What stops training.
public enum TrainingError: Error, CustomStringConvertible {
  /// The loss became NaN or infinite; the parameters are those before the step.
  case lossNotFinite(Double, step: Int, learningRate: Double)
  /// A parameter was to be saved that became NaN or infinite.
  case parameterNotFinite(String, step: Int)
  /// float16 needs scaled losses, which an optimizer that evaluates the loss itself does not take.
  case unscalable(String)
  /// There are more ranks than virtual workers.
  case tooManyRanks(Int, workers: Int)
  /// Batches have other parts than one for each of the rank's virtual workers.
  case noVirtualLoader(Int)
  /// Figures would be means over nothing.
  case noFigures(String)

  /// What happened, and what to do.
  public var description: String {
    switch self {
    case .lossNotFinite(let loss, let step, let rate):
      "the loss became \(loss.isNaN ? "NaN" : "\(loss)") in step \(step) at a learning rate of \(rate); lower optimizer.lr, set clip_grad_norm, or look for bad records. Saved checkpoints are from before"
    case .unscalable(let optimizer):
      "\(optimizer) evaluates the loss itself, several times a step, and takes no scaled losses: train it with precision f32 or bf16"
    case .tooManyRanks(let ranks, let workers):
      "\(ranks) ranks cannot share the work of \(workers) virtual workers: start at most \(workers) ranks, or set distributed.virtual_workers to at least \(ranks), which leads to other results"
    case .noVirtualLoader(let parts):
      "a batch has \(parts) part\(parts == 1 ? "" : "s"), not one for each virtual worker of this rank: read it from a VirtualLoader"
    case .noFigures(let what):
      "there is no record, or no target that counts, in \(what), so it has no loss: check the data, and that not every target is one to be ignored"
    case .parameterNotFinite(let name, let step):
      "\(name) is not finite after step \(step): a gradient overflowed; lower optimizer.lr, set clip_grad_norm, or look for bad records. This step's checkpoint is not written; earlier ones are sound"
    }
  }
}
