import Collectives
import Settings

/// What a run's checkpoints keep of its configuration, and by which they are told from those of others.
struct RunIdentity {
  /// The folder of the run, with `checkpoints` in it.
  var directory: String
  /// How many of the newest checkpoints stay.
  var keep: Int
  /// Whether they are written while training goes on.
  var asynchronous: Bool
  /// `latest`, a checkpoint's path, or nil to begin.
  var resume: String?
  /// The seed from which ranks draw that have no saved sequence.
  var seed: Int
  /// The optimizer's name.
  var optimizer: String
  /// The number of training records, and what they are made of.
  var records: Int
  var contents: DataContents
  /// What was configured, by key.
  var settings: [String: String]
  /// What becomes of a key with another value than the checkpoint's.
  var rule: @Sendable (_ key: String) -> ResumeRule
  /// The key that names the records.
  var dataKey: String
  /// Whether checkpoints hold parameters that are not trained.
  var savesFrozen = true
  /// Bytes at which buckets close.
  var bucketLimits: [Int]
}

extension RunIdentity {
  init(_ configuration: RunConfiguration, _ data: RunData) {
    self.init(
      directory: configuration.runDirectory, keep: configuration.checkpoint.keep,
      asynchronous: configuration.checkpoint.asynchronous, resume: configuration.resume,
      seed: configuration.seed,
      optimizer: configuration.optimizer.name, records: data.plan.source.records,
      contents: data.contents, settings: configuration.settings,
      rule: { ResumeRule.rule(for: $0) }, dataKey: "data.path",
      bucketLimits: configuration.distributed.bucketLimits)
  }
}

extension ProcessGroup {
  /// A value that rank 0 makes and every rank receives. An error on rank 0 ends the job.
  func madeOnce<Value: Codable>(_ label: String, _ make: () throws -> Value) throws -> Value {
    try broadcastObject(rank == 0 ? make() : nil, label: label)
  }
}

/// This job's claim on its run directory, which the ranks wait for, and no longer than their deadline.
final class HeldClaim {
  /// The claim; nil where it was not needed, or on other ranks than the first.
  private var held: RunDirectoryClaim?
  private let directory: String

  /// Blocks until all ranks have called it.
  init(_ directory: String, _ group: ProcessGroup) throws {
    self.directory = directory
    var held: RunDirectoryClaim?
    _ = try group.madeOnce("claim") { () -> Bool in
      held = try RunDirectoryClaim.take(
        directory, patience: min(.seconds(3), group.timeout / 2))
      return held != nil
    }
    self.held = held
  }

  /// Claims the folder again where another stands in its place.
  func renew() throws {
    // A file may be gone, or the folder with it; of the same folder a second claim is refused.
    if held?.holds(directory) != true {
      held = try RunDirectoryClaim.take(directory, patience: .zero)
    }
  }
}
