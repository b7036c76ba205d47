import Checkpoints
import Foundation

/// What a run that begins finds of another in its directory: checkpoints of later steps, which would be
/// taken for its newest, and a finished model, which would be taken for its own.
package enum EarlierRun {
  /// Its folder in the run directory; a run directory as well.
  package static let folder = "earlier"

  /// What runs leave in their directory. What others have put there stays.
  private static let names = [
    "checkpoints", "model", "model.safetensors", "config.yaml", "metrics.jsonl", "records.json",
    "shards.json", RunData.classesFile, "vocabulary.json", "tensorboard", "flight", "trace.json",
    "profile.txt", "report.html",
  ]

  /// Moves what a run has left into a folder of its own, in place of the one before it there.
  /// - Returns: The folder; nil where there is neither a checkpoint nor a run's model.
  /// - Throws: ``RunLogError`` where it cannot be moved.
  package static func setAside(in directory: String) throws(RunLogError) -> String? {
    let files = FileManager.default
    let store = CheckpointStore(folder: "\(directory)/checkpoints")
    let found = names.filter { files.fileExists(atPath: "\(directory)/\($0)") }
    let hasModel = found.contains("model") || found.contains("model.safetensors")
    guard !store.steps.isEmpty || hasModel && found.contains("config.yaml") else { return nil }
    let aside = "\(directory)/\(folder)"
    try? files.removeItem(atPath: aside)
    guard mkdir(aside, 0o777) == 0 || errno == EEXIST else {
      throw .unwritableDirectory(directory, errno: errno)
    }
    for name in found {
      guard rename("\(directory)/\(name)", "\(aside)/\(name)") == 0 else {
        throw .cannotWrite("\(aside)/\(name)", errno: errno)
      }
    }
    return aside
  }
}
