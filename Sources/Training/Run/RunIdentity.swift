import Collectives
import Settings

/// What a run's checkpoints keep of its configuration, and by which they are told from those of others.
package struct RunIdentity {
  /// The folder of the run, with `checkpoints` in it.
  package var directory: String
  /// How many of the newest checkpoints stay.
  package var keep: Int
  /// Whether they are written while training goes on.
  package var asynchronous: Bool
  /// `latest`, a checkpoint's path, or nil to begin.
  package var resume: String?
  /// The seed from which ranks draw that have no saved sequence.
  package var seed: Int
  /// The optimizer's name.
  package var optimizer: String
  /// The number of training records, and what they are made of.
  package var records: Int
  package var contents: DataContents
  /// What was configured, by key.
  package var settings: [String: String]
  /// What becomes of a key with another value than the checkpoint's.
  package var rule: @Sendable (_ key: String) -> ResumeRule
  /// The key that names the records.
  package var dataKey: String
  /// Whether checkpoints hold parameters that are not trained.
  package var savesFrozen: Bool
  /// Bytes at which buckets close.
  package var bucketLimits: [Int]

  package init(
    directory: String,
    keep: Int,
    asynchronous: Bool,
    resume: String?,
    seed: Int,
    optimizer: String,
    records: Int,
    contents: DataContents,
    settings: [String: String],
    rule: @escaping @Sendable (_ key: String) -> ResumeRule,
    dataKey: String,
    savesFrozen: Bool = true,
    bucketLimits: [Int]
  ) {
    self.directory = directory
    self.keep = keep
    self.asynchronous = asynchronous
    self.resume = resume
    self.seed = seed
    self.optimizer = optimizer
    self.records = records
    self.contents = contents
    self.settings = settings
    self.rule = rule
    self.dataKey = dataKey
    self.savesFrozen = savesFrozen
    self.bucketLimits = bucketLimits
  }
}

extension RunIdentity {
  package init(_ configuration: RunConfiguration, _ data: RunData) {
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
  package func madeOnce<Value: Codable>(_ label: String, _ make: () throws -> Value) throws -> Value
  {
    try broadcast(object: rank == 0 ? make() : nil, label: label)
  }
}

/// This job's claim on its run directory, which the ranks wait for, and no longer than their deadline.
package final class HeldClaim {
  /// The claim; nil where it was not needed, or on other ranks than the first.
  private var held: RunDirectoryClaim?
  private let directory: String

  /// Blocks until all ranks have called it.
  package init(_ directory: String, _ group: ProcessGroup) throws {
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
  package func renew() throws {
    // A file may be gone, or the folder with it; of the same folder a second claim is refused.
    if held?.holds(directory) != true {
      held = try RunDirectoryClaim.take(directory, patience: .zero)
    }
  }
}
