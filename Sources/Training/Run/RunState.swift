import DataParallel
import Datasets
import Foundation
import Optimizers
import Settings

/// What a run must remember besides weights and the optimizer's tensors to go on bit for bit, and by
/// which it is told from other runs.
package struct RunState: Codable {
  package var step: Int
  package var trainingSeconds: Double
  package var trainedRecords: Int
  /// The number of workers; another number goes on with fresh random sequences.
  package var worldSize: Int
  package var position: LoaderState
  /// Each rank's random generator.
  package var generators: [Data]
  /// The optimizer's name and the number of training records; nil in older checkpoints.
  package var optimizer: String?
  package var records: Int?
  /// What was configured, by key, and what the records were made of; nil in older checkpoints.
  package var settings: [String: String]?
  package var contents: DataContents?
  /// The order in which gradients are added up, and the bytes at which buckets closed.
  package var buckets: [[Int]]?
  package var bucketLimits: [Int]?
  /// The communication hook's memory; nil without one.
  package var hook: HookRecord?
  /// The scale of losses; nil in precisions without one.
  package var scaler: OptionValue?
  /// Whether the run stopped where an evaluation was due, which is still to take place.
  package var awaitsEvaluation: Bool?

  /// The order, where buckets are configured as they were.
  package func bucketPlan(limits: [Int]) -> BucketPlan? {
    guard (bucketLimits ?? limits) == limits else { return nil }
    return buckets.map { BucketPlan(buckets: $0) }
  }
}

/// What becomes of a key that a resumed run has another value for than its checkpoint.
package enum ResumeRule: String, Sendable, CaseIterable {
  /// The new value is used from the next step on.
  case used
  /// The run is refused, by the key's name.
  case refused
  /// It may change as long as it leads to the same contents.
  case contents

  /// The rule for a key by its full path, `optimizer.lr`.
  package static func rule(for key: String) -> ResumeRule {
    switch key {
    case "model.dropout": .used
    case "data.path", "data.extensions", "data.train", "data.validation", "data.test": .contents
    case "seed", "optimizer.name": .refused
    case _ where key.hasPrefix("model.") || key.hasPrefix("data."): .refused
    default: .used
    }
  }
}

extension RunConfiguration {
  /// Every key that has a value, by its full path, as it would be written.
  package var settings: [String: String] { written.leaves }
}

extension ConfigurationNode {
  /// Every key below that has a value, by its full path, as it would be written.
  package var leaves: [String: String] {
    var settings: [String: String] = [:]
    func add(_ node: ConfigurationNode, _ path: String) {
      guard let entries = node.entries else {
        settings[path] = node.yamlInline
        return
      }
      for entry in entries { add(entry.node, path.isEmpty ? entry.key : "\(path).\(entry.key)") }
    }
    add(self, "")
    return settings
  }
}
