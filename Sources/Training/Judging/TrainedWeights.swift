import Base
import Checkpoints
import Collectives
import Foundation
import Reports

/// Where a run's weights are.
package struct TrainedWeights: Codable {
  /// The file.
  package var file: String
  /// The checkpoint's folder that holds it; nil for a file by itself.
  package var checkpoint: String?
  /// The step after which they were saved, where it is known.
  package var step: Int?

  private init(_ checkpoint: Checkpoint) {
    file = "\(checkpoint.path)/model.safetensors"
    self.checkpoint = checkpoint.path
    step = checkpoint.step
  }

  private init(file: String, step: Int?) { (self.file, self.step) = (file, step) }

  /// Finds what was asked for, on rank 0 for all.
  /// - Parameters:
  ///   - finished: The finished model's file, which is taken before checkpoints; nil where there is none.
  ///   - metric: The figures by which the best is told, less of which is better: of evaluations on the way,
  ///     and, where it is by the same records, of the one at the end.
  package init(
    _ wanted: JudgementRequest.Weights, of run: String, finished: String?,
    by metrics: [String], _ group: ProcessGroup
  ) throws {
    self = try group.madeOnce("weights") {
      let store = CheckpointStore(folder: "\(run)/checkpoints")
      switch wanted {
      case .path(let path):
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
          !isFolder.boolValue
        else { return TrainedWeights(try Checkpoint(path: path)) }
        return TrainedWeights(file: path, step: nil)
      case .step(let step): return TrainedWeights(try store.load(step: step))
      case .last: return try Self.last(of: run, finished, store)
      case .best: return try Self.best(of: run, finished, store, metrics)
      }
    }
  }

  private static func last(
    of run: String, _ finished: String?, _ store: CheckpointStore
  ) throws -> TrainedWeights {
    let latest = store.latest()
    if let finished, FileManager.default.fileExists(atPath: finished) {
      // A run that went on after its end has newer weights than the model of that end.
      let record = try? RunRecord(folder: run)
      let end = record?.lines.last { $0.event == "finished" }?.step
      guard let newest = latest.checkpoint, record != nil, newest.step > end ?? -1 else {
        return TrainedWeights(file: finished, step: end ?? latest.checkpoint?.step)
      }
    }
    if let checkpoint = latest.checkpoint { return TrainedWeights(checkpoint) }
    throw latest.damaged.first
      ?? CheckpointError(
        .missing, path: "\(run)/checkpoints", "the run has saved no weights yet",
        remedy: "Wait for its first checkpoint, or train it")
  }

  private static func best(
    of run: String, _ finished: String?, _ store: CheckpointStore,
    _ metrics: [String]
  ) throws -> TrainedWeights {
    let all = try RunRecord(folder: run).series
    let points = metrics.flatMap { name in
      all.filter { $0.name == name }.flatMap { zip($0.steps, $0.values) }
    }
    guard let best = points.filter({ $0.1.isFinite }).min(by: { $0.1 < $1.1 }) else {
      throw JudgementError.noEvaluation(run, metric: metrics[0])
    }
    let steps = store.steps
    if steps.contains(best.0) { return TrainedWeights(try store.load(step: best.0)) }
    // The finished model is that of the last step.
    if let finished, FileManager.default.fileExists(atPath: finished),
      best.0 == points.map(\.0).max(), steps.isEmpty
    {
      return TrainedWeights(file: finished, step: best.0)
    }
    throw JudgementError.bestIsGone(
      step: best.0, metric: metrics[0], value: best.1, kept: steps)
  }

  /// What the run remembered with a checkpoint; nil for a file by itself.
  package func state() throws -> RunState? {
    try checkpoint.map { try Checkpoint(path: $0).state("run") }
  }
}
